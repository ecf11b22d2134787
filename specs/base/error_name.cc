#include "specs/base/error_name.h"

#include <algorithm>
#include <array>
#include <utility>

namespace switchyard {
namespace {

constexpr std::array<std::pair<ErrorCode, std::string_view>, 15> kNames = {{
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

}  // namespace

std::string_view to_string(ErrorCode code) {
  const auto* const named = std::ranges::find(kNames, code, &std::pair<ErrorCode, std::string_view>::first);
  return named == kNames.end() ? "unknown" : named->second;
}

std::optional<ErrorCode> parse_error_code(std::string_view text) {
  const auto* const named = std::ranges::find(kNames, text, &std::pair<ErrorCode, std::string_view>::second);
  return named == kNames.end() ? std::nullopt : std::optional(named->first);
}

}  // namespace switchyard
