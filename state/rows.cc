#include "state/rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "state/model/words.h"
#include "state/row_time.h"

namespace switchyard {
namespace {

constexpr Words<ErrorCode, 15> kErrorCodes{{
    {ErrorCode::kInvalid, "invalid"},
    {ErrorCode::kNotFound, "not-found"},
    {ErrorCode::kRefused, "refused"},
    {ErrorCode::kRefusedForMoney, "refused-for-money"},
    {ErrorCode::kUnauthorized, "unauthorized"},
    {ErrorCode::kConflict, "conflict"},
    {ErrorCode::kRateLimited, "rate-limited"},
    {ErrorCode::kNotSent, "not-sent"},
    {ErrorCode::kOutcomeUnknown, "outcome-unknown"},
    {ErrorCode::kUnreadable, "unreadable"},
    {ErrorCode::kTooNew, "too-new"},
    {ErrorCode::kLocked, "locked"},
    {ErrorCode::kFenced, "fenced"},
    {ErrorCode::kStorage, "storage"},
    {ErrorCode::kCancelled, "cancelled"},
}};

constexpr std::size_t kMostShown = 60;

// What stands in a damaged row, short and without control characters, so that it can be put before people.
std::string shown(std::string_view text) {
  std::string out(text.substr(0, kMostShown));
  std::ranges::replace_if(
      out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f; }, '?');
  return out + (text.size() > kMostShown ? "..." : "");
}

}  // namespace

std::string_view to_word(ErrorCode code) {
  return word_of(kErrorCodes, code);
}

void RowReader::fail(std::string_view what, int column) {
  if (failure_) return;
  failure_ = database_.damaged(fmt::format("{} \"{}\" in table {}", what, shown(row_.text(column)), table_));
}

Timestamp RowReader::time(int column) {
  const Timestamp time = row_.time(column);
  if (can_be_a_time(time)) return time;
  fail("impossible time", column);
  return {};
}

std::optional<Timestamp> RowReader::optional_time(int column) {
  if (row_.is_null(column)) return std::nullopt;
  return time(column);
}

Key RowReader::key(int column) {
  auto key = parse_key(row_.text(column));
  if (key) return std::move(*key);
  fail("unknown resource", column);
  return {Kind::kServer, {}};
}

Action RowReader::action(int column) {
  const auto action = parse_action(row_.text(column));
  if (!action) fail("unknown action", column);
  return action.value_or(Action::kCreate);
}

Intent::Origin RowReader::origin(int column) {
  const auto origin = parse_origin(row_.text(column));
  if (!origin) fail("unknown origin", column);
  return origin.value_or(Intent::Origin::kPlanned);
}

Outcome::Kind RowReader::outcome(int column) {
  const auto kind = parse_outcome(row_.text(column));
  if (!kind) fail("unknown outcome", column);
  return kind.value_or(Outcome::Kind::kUnknown);
}

Override::What RowReader::override_what(int column) {
  const auto what = parse_override(row_.text(column));
  if (!what) fail("unknown override", column);
  return what.value_or(Override::What::kFrozen);
}

ErrorCode RowReader::error_code(int column) {
  const auto code = choice_of(kErrorCodes, row_.text(column));
  if (!code) fail("unknown error", column);
  return code.value_or(ErrorCode::kUnreadable);
}

Json RowReader::json(int column) {
  auto json = parse_json(row_.text(column));
  if (json) return std::move(*json);
  fail("unreadable JSON", column);
  return {};
}

Money RowReader::money(int minor_column, int currency_column) {
  const auto currency = Currency::parse(row_.text(currency_column));
  if (!currency) fail("unknown currency", currency_column);
  const std::int64_t minor = row_.integer(minor_column);
  if (!is_amount(minor)) fail("an amount beyond all bounds", minor_column);
  return {.minor = is_amount(minor) ? minor : 0, .currency = currency ? *currency : Currency()};
}

}  // namespace switchyard
