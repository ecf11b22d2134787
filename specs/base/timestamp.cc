#include "specs/base/timestamp.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <span>
#include <utility>

namespace switchyard {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<std::pair<std::string_view, std::uint64_t>, 4> kUnits{{
    {"d", 86'400'000},
    {"h", 3'600'000},
    {"m", 60'000},
    {"s", 1'000},
}};

// RFC 3339 knows years of four digits.
constexpr Timestamp kFirst = std::chrono::sys_days(std::chrono::year(0) / 1 / 1);
constexpr Timestamp kBehindLast = std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1);

// A fixed number of digits, or nothing.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

// Without its sign; that of the shortest has no place in its own type.
std::uint64_t size_of(Duration duration) {
  const auto count = static_cast<std::uint64_t>(duration.count());
  return duration < Duration(0) ? 0 - count : count;
}

}  // namespace

std::string to_string(Timestamp time) {
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date(day);
  const std::int64_t rest = (time - day).count();
  std::array<char, 48> text{};
  int length = std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                             static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                             static_cast<int>(rest / 3'600'000), static_cast<int>(rest / 60'000 % 60),
                             static_cast<int>(rest / 1'000 % 60));
  std::string out(text.data(), static_cast<std::size_t>(length));
  if (rest % 1'000 != 0) {
    length = std::snprintf(text.data(), text.size(), ".%03d", static_cast<int>(rest % 1'000));
    out.append(text.data(), static_cast<std::size_t>(length));
  }
  return out + 'Z';
}

Result<Timestamp> parse_timestamp(std::string_view text) {
  const Error wrong{ErrorCode::kInvalid,
                    "\"" + std::string(text) + "\" is no time in RFC 3339, such as 2026-11-23T18:00:00Z"};
  const auto year = digits(text, 0, 4);
  const auto month = digits(text, 5, 2);
  const auto day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2);
  const auto minute = digits(text, 14, 2);
  const auto second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return wrong;
  if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't' && text[10] != ' ')) return wrong;
  if (text[13] != ':' || text[16] != ':' || *hour > 23 || *minute > 59 || *second > 60) return wrong;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return wrong;
  std::size_t at = 19;
  int thousandths = 0;
  if (at < text.size() && text[at] == '.') {
    int scale = 100;
    ++at;
    const std::size_t first = at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      thousandths += (text[at] - '0') * scale;
      scale /= 10;
    }
    if (at == first) return wrong;
  }
  minutes offset{0};
  const std::string_view zone = text.substr(at);
  if (zone != "Z" && zone != "z") {
    const auto zone_hours = digits(zone, 1, 2);
    const auto zone_minutes = digits(zone, 4, 2);
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':' || !zone_hours || !zone_minutes ||
        *zone_hours > 23 || *zone_minutes > 59) {
      return wrong;
    }
    offset = hours(*zone_hours) + minutes(*zone_minutes);
    if (zone[0] == '-') offset = -offset;
  }
  const Timestamp time = std::chrono::sys_days(date) + hours(*hour) + minutes(*minute) + seconds(*second) +
                         milliseconds(thousandths) - offset;
  // An offset or a leap second leads out of the years that can be written in four digits.
  if (time < kFirst || time >= kBehindLast) return wrong;
  return time;
}

std::string to_string(Duration duration) {
  if (duration == Duration(0)) return "0s";
  std::string out = duration < Duration(0) ? "-" : "";
  std::uint64_t rest = size_of(duration);
  if (rest % 1'000 != 0) return out + std::to_string(rest) + "ms";
  // Hours are the largest unit: people write 72h, not 3d, for a runway or a test period.
  for (const auto& [unit, size] : std::span(kUnits).subspan(1)) {
    if (rest / size > 0) out += std::to_string(rest / size) + std::string(unit);
    rest %= size;
  }
  return out;
}

std::string for_people(Duration duration) {
  std::string out = duration < Duration(0) ? "-" : "";
  std::uint64_t rest = size_of(duration);
  if (rest < 1'000) return out + std::to_string(rest) + "ms";
  int shown = 0;
  for (const auto& [unit, size] : kUnits) {
    if (rest / size > 0) {
      if (shown > 0) out += ' ';
      out += std::to_string(rest / size) + std::string(unit);
      ++shown;
    } else if (shown > 0) {
      break;
    }
    rest %= size;
    if (shown == 2) break;
  }
  return out;
}

Result<Duration> parse_duration(std::string_view text) {
  const Error wrong{ErrorCode::kInvalid, "\"" + std::string(text) + "\" is no duration, such as 90s, 15m or 72h"};
  std::int64_t total = 0;
  std::int64_t last_unit = INT64_MAX;
  std::size_t at = 0;
  if (text.empty()) return wrong;
  while (at < text.size()) {
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data() + at, text.data() + text.size(), number);
    if (problem != std::errc() || number < 0 || text[at] == '+' || text[at] == '-') return wrong;
    at = static_cast<std::size_t>(end - text.data());
    std::int64_t unit = 0;
    if (text.substr(at).starts_with("ms")) {
      unit = 1;
      at += 2;
    } else {
      for (const auto& [word, size] : kUnits) {
        if (text.substr(at).starts_with(word)) unit = static_cast<std::int64_t>(size);
      }
      at += 1;
    }
    if (unit == 0 || unit >= last_unit) return wrong;
    last_unit = unit;
    std::int64_t part = 0;
    if (__builtin_mul_overflow(number, unit, &part) || __builtin_add_overflow(total, part, &total)) return wrong;
  }
  return Duration(total);
}

}  // namespace switchyard
