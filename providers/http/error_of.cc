#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "providers/http/transport.h"
#include "specs/base/json.h"

namespace switchyard {
namespace {

constexpr std::size_t kLongestMessage = 300;

// The far end's own words, shortened and without line breaks or other control characters; empty when it gave none.
std::string words_of(const std::string& body) {
  const Result<Json> json = parse_json(body);
  if (!json) return {};
  const Json* error = json->find("error");
  std::string words = error != nullptr ? error->string_or("message", "") : "";
  if (words.empty()) words = json->string_or("message", "");
  if (words.size() > kLongestMessage) words = words.substr(0, kLongestMessage) + "...";
  std::ranges::replace_if(
      words, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return words;
}

std::optional<std::chrono::milliseconds> retry_after(const HttpAnswer& answer) {
  const auto header = answer.headers.find("retry-after");
  if (header == answer.headers.end()) return std::nullopt;
  std::int64_t seconds = 0;
  const std::string& text = header->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size() || seconds < 0 || seconds > 86400) return std::nullopt;
  return std::chrono::seconds(seconds);
}

ErrorCode code_of(int status, bool mutating) {
  switch (status) {
    case 400:
      return ErrorCode::kInvalid;
    case 401:
    case 403:
      return ErrorCode::kUnauthorized;
    case 402:
      return ErrorCode::kRefusedForMoney;
    case 404:
    case 410:
      return ErrorCode::kNotFound;
    case 409:
    case 423:
      return ErrorCode::kConflict;
    case 429:
      return ErrorCode::kRateLimited;
    default:
      break;
  }
  if (status >= 400 && status < 500) return ErrorCode::kRefused;
  if (mutating) return ErrorCode::kOutcomeUnknown;
  // A read that the far end could not answer is simply asked again; an answer that is neither is nonsense.
  return status >= 500 && status < 600 ? ErrorCode::kConflict : ErrorCode::kUnreadable;
}

}  // namespace

Error error_of(const HttpAnswer& answer, bool mutating) {
  const std::string words = words_of(answer.body);
  return {code_of(answer.status, mutating),
          words.empty() ? fmt::format("the provider answered with status {} and no word of why", answer.status)
                        : fmt::format("the provider answered with status {}: {}", answer.status, words),
          retry_after(answer)};
}

}  // namespace switchyard
