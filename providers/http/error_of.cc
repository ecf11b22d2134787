#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "providers/http/transport.h"
#include "specs/base/bounded_json.h"

namespace switchyard {
namespace {

constexpr std::size_t kLongestMessage = 300;
constexpr std::size_t kMostValues = 10'000;

std::optional<std::chrono::milliseconds> retry_after(const HttpAnswer& answer) {
  const auto header = answer.headers.find("retry-after");
  if (header == answer.headers.end()) return std::nullopt;
  std::int64_t seconds = 0;
  const std::string& text = header->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size() || seconds < 0) return std::nullopt;
  if (seconds > std::chrono::seconds(kLongestRetryAfter).count()) return std::nullopt;
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

std::string fit_for_people(std::string words) {
  if (words.size() > kLongestMessage) {
    std::size_t end = kLongestMessage;
    while (end > 0 && (static_cast<unsigned char>(words[end]) & 0xC0U) == 0x80U) --end;  // no half of a character
    words = words.substr(0, end) + "...";
  }
  for (std::size_t at = 0; at < words.size(); ++at) {
    const auto byte = static_cast<unsigned char>(words[at]);
    if (byte < 0x20 || byte == 0x7f) words[at] = ' ';
    // U+0080 to U+009F are control characters as well, written as 0xC2 and the code.
    if (byte == 0xC2 && at + 1 < words.size() && static_cast<unsigned char>(words[at + 1]) < 0xA0) {
      words.replace(at, 2, " ");
    }
  }
  return words;
}

std::string words_of(const HttpAnswer& answer) {
  const Result<Json> json = parse_bounded_json(answer.body, kMostValues);
  if (!json) return {};
  const Json* error = json->find("error");
  std::string words = error != nullptr ? error->string_or("message", "") : "";
  if (words.empty()) words = json->string_or("message", "");
  return fit_for_people(std::move(words));
}

Error error_of(const HttpAnswer& answer, bool mutating) {
  const std::string words = words_of(answer);
  return {code_of(answer.status, mutating),
          words.empty() ? fmt::format("the provider answered with status {} and no word of why", answer.status)
                        : fmt::format("the provider answered with status {}: {}", answer.status, words),
          retry_after(answer)};
}

}  // namespace switchyard
