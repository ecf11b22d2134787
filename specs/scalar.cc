#include "specs/scalar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "specs/base/money.h"
#include "specs/base/timestamp.h"
#include "specs/packed.h"
#include "specs/suggest.h"
#include "specs/syntax.h"
#include "specs/type_words.h"

namespace switchyard {
namespace {

constexpr std::array<std::string_view, 4> kTrueWords{"yes", "on", "y", "true"};
constexpr std::array<std::string_view, 4> kFalseWords{"no", "off", "n", "false"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

bool is_true_word(std::string_view text) {
  return std::ranges::find(kTrueWords, lower(text)) != kTrueWords.end();
}
bool is_false_word(std::string_view text) {
  return std::ranges::find(kFalseWords, lower(text)) != kFalseWords.end();
}

std::string_view unsigned_part(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return text;
}

// -?(0|[1-9][0-9]*): the only way to write a whole number.
bool is_decimal_integer(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return all_digits(text) && (text.size() == 1 || text.front() != '0');
}

// Digits with at most one point and an exponent: 20.00 .5 1e3 5.
bool is_float(std::string_view text) {
  text = unsigned_part(text);
  const std::string name = lower(text);
  if (name == ".inf" || name == ".nan") return true;
  std::string_view mantissa = text;
  if (const std::size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    mantissa = text.substr(0, e);
    if (!all_digits(unsigned_part(text.substr(e + 1)))) return false;
  }
  const std::size_t point = mantissa.find('.');
  if (point == std::string_view::npos) return all_digits(mantissa);
  const std::string_view whole = mantissa.substr(0, point);
  const std::string_view part = mantissa.substr(point + 1);
  if (whole.empty() && part.empty()) return false;
  return (whole.empty() || all_digits(whole)) && (part.empty() || all_digits(part));
}

// 0x1F 0o17 0b11 010 +5 1_000: whole numbers in spellings that tools disagree about.
std::optional<std::string> odd_integer_in_decimal(std::string_view text) {
  const bool negative = text.starts_with('-');
  std::string_view rest = unsigned_part(text);
  std::string digits;
  int base = 10;
  if (rest.size() > 2 && rest.front() == '0') {
    const char mark = lower(rest.substr(1, 1)).front();
    base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
    if (base != 10) rest.remove_prefix(2);
  }
  for (const char c : rest) {
    if (c != '_') digits += c;
  }
  std::uint64_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (digits.empty() || read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return std::nullopt;
  return fmt::format("{}{}", negative && value != 0 ? "-" : "", value);
}

// 1e3 -> "1000", 5.0 -> "5"; nothing where it is no whole number.
std::optional<std::string> whole_float(std::string_view text) {
  const bool negative = text.starts_with('-');
  text = unsigned_part(text);
  int exponent = 0;
  if (const std::size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    const std::string_view digits = text.substr(e + 1);
    const std::string_view from = digits.starts_with('+') ? digits.substr(1) : digits;
    if (std::from_chars(from.data(), from.data() + from.size(), exponent).ec != std::errc()) return std::nullopt;
    text = text.substr(0, e);
  }
  if (exponent < 0 || exponent > 15 || text.size() > 16) return std::nullopt;
  std::string digits(text.substr(0, text.find('.')));
  std::string part(text.find('.') == std::string_view::npos ? "" : text.substr(text.find('.') + 1));
  part.resize(std::max(part.size(), static_cast<std::size_t>(exponent)), '0');
  digits += part.substr(0, static_cast<std::size_t>(exponent));
  if (part.find_first_not_of('0', static_cast<std::size_t>(exponent)) != std::string::npos) return std::nullopt;
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - (digits.empty() ? 0 : 1)));
  return digits.empty() || !all_digits(digits) ? std::nullopt
                                               : std::optional(fmt::format("{}{}", negative ? "-" : "", digits));
}

bool is_date(std::string_view text) {
  return text.size() >= 10 && all_digits(text.substr(0, 4)) && text[4] == '-' && all_digits(text.substr(5, 2)) &&
         text[7] == '-' && all_digits(text.substr(8, 2));
}

Reading wrong(std::string message, std::string detail) {
  return {.value = {}, .message = std::move(message), .detail = std::move(detail)};
}

Reading read_boolean(std::string_view text, bool quoted) {
  if (!quoted && text == "true") return {.value = Json(true)};
  if (!quoted && text == "false") return {.value = Json(false)};
  if (is_true_word(text))
    return wrong("not a boolean",
                 fmt::format("write true, {}", quoted ? "without quotes" : "and nothing else, for yes"));
  if (is_false_word(text))
    return wrong("not a boolean",
                 fmt::format("write false, {}", quoted ? "without quotes" : "and nothing else, for no"));
  return wrong("not a boolean", fmt::format("\"{}\" is neither true nor false", shown(text)));
}

Reading read_integer(const FieldRow& row, std::string_view text, bool quoted) {
  const auto name = last_part(row.path);
  if (quoted) {
    return wrong("not a whole number",
                 is_decimal_integer(text)
                     ? fmt::format("a number in quotes is text; write {} without quotes", shown(text))
                     : fmt::format("\"{}\" is text; {} is {}", shown(text), name, type_for_people(row)));
  }
  std::int64_t value = 0;
  if (is_decimal_integer(text)) {
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec == std::errc() && value >= row.low && value <= row.high) return {.value = Json(value)};
    return wrong("out of range", fmt::format("{} lies between {} and {}", name, row.low, row.high));
  }
  if (is_float(text) && !all_digits(unsigned_part(text))) {
    const auto whole = whole_float(text);
    return wrong("not a whole number",
                 whole ? fmt::format("write {}", *whole)
                       : fmt::format("\"{}\" has a fraction; {} is {}", shown(text), name, type_for_people(row)));
  }
  if (const auto decimal = odd_integer_in_decimal(text)) {
    const bool octal = unsigned_part(text).starts_with('0') && all_digits(unsigned_part(text));
    return wrong("not a decimal number",
                 octal ? fmt::format("tools disagree whether \"{}\" is octal; write {}", shown(text), *decimal)
                       : fmt::format("write {}", *decimal));
  }
  return wrong("not a whole number",
               fmt::format("\"{}\" is no number; {} is {}", shown(text), row.many == Many::kOne ? name : "an element",
                           element_for_people(row)));
}

Reading read_duration(const FieldRow& row, std::string_view text) {
  if (all_digits(text))
    return wrong("a duration without a unit",
                 fmt::format("write {}s, {}m or {}h", shown(text), shown(text), shown(text)));
  const Result<Duration> duration = parse_duration(text);
  if (!duration.ok()) return wrong("not a duration", fmt::format("\"{}\" is none; write 90s, 15m or 72h", shown(text)));
  const std::int64_t count = duration->count();
  if (count < row.low || count > row.high) {
    return wrong("out of range", fmt::format("{} lies between {} and {}", last_part(row.path),
                                             to_string(Duration(row.low)), to_string(Duration(row.high))));
  }
  return {.value = Json(count)};
}

Reading read_money(std::string_view text, bool quoted) {
  if (!quoted && is_decimal_integer(text) && !text.starts_with('-') && text.size() <= 12) return {.value = Json(text)};
  if (text.starts_with('-')) return wrong("a negative amount", "an amount is zero or more");
  if (!quoted && is_float(text))
    return wrong("money as a floating-point number", fmt::format("write it in quotes: \"{}\"", shown(text)));
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const bool part_fits = point == std::string_view::npos || all_digits(text.substr(point + 1));
  if (!quoted || text.size() > 32 || !is_decimal_integer(whole) || !part_fits) {
    return wrong("not an amount of money", fmt::format("\"{}\" is none; write \"20.00\" or 20", shown(text)));
  }
  return {.value = Json(text)};
}

Reading read_count_or_percent(const FieldRow& row, std::string_view text, bool quoted) {
  if (text.ends_with('%')) {
    const std::string_view number = text.substr(0, text.size() - 1);
    if (is_decimal_integer(number) && !number.starts_with('-') && number.size() <= 3 &&
        std::stoi(std::string(number)) <= 100) {
      return {.value = Json(text)};
    }
    return wrong("not a percentage", "write \"0%\" to \"100%\", whole percents only");
  }
  return read_integer(row, text, quoted);
}

Reading read_word(const FieldRow& row, std::string_view text) {
  if (std::ranges::find(row.words, text) != row.words.end()) return {.value = Json(text)};
  const std::vector<std::string_view> words(row.words.begin(), row.words.end());
  return wrong(
      fmt::format("unknown {}", last_part(row.path)),
      fmt::format("\"{}\" is not {}{}", shown(text), one_of(words), words.size() > 1 ? did_you_mean(text, words) : ""));
}

std::string problem_of(const FieldRow& row, std::string_view text) {
  switch (row.type) {
    case Type::kName:
    case Type::kReference:
      return check_name(text);
    case Type::kHostname:
      return check_hostname(text);
    case Type::kDomain:
      return check_domain(text);
    case Type::kToken:
      return check_token(text);
    case Type::kTimezone:
      return check_timezone(text);
    case Type::kUrl:
      return check_url(text);
    case Type::kSipUri:
      return check_sip_uri(text);
    case Type::kHostPort:
      return check_host_port(text, row.low == 1 ? Port::kRequired : Port::kOptional);
    case Type::kCurrency: {
      const Result<Currency> currency = Currency::parse(text);
      return currency.ok() ? "" : "a currency is three capital letters, like USD";
    }
    default:  // kText; the rest is read elsewhere
      return {};
  }
}

Reading read_text(const FieldRow& row, std::string_view text, bool quoted) {
  const auto name = last_part(row.path);
  if (text.empty()) return wrong("empty text", fmt::format("{} is {}", name, type_for_people(row)));
  if (!quoted && looks_like_other_than_text(text)) {
    return wrong(
        "text that reads as something else",
        fmt::format("tools may take it for a number, a boolean or a date; write \"{}\" in quotes", shown(text)));
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (is_control(text, at))
      return wrong("a control character in text", fmt::format("{} is one line of printable characters", name));
  }
  if (row.type == Type::kText && row.high > 0 && text.size() > static_cast<std::size_t>(row.high)) {
    return wrong("text too long", fmt::format("{} has at most {} bytes, this has {}", name, row.high, text.size()));
  }
  std::string problem = problem_of(row, text);
  if (!problem.empty()) return wrong(fmt::format("invalid {}", name), std::move(problem));
  return {.value = Json(text)};
}

}  // namespace

std::string_view last_part(std::string_view path) {
  return path.substr(path.rfind('.') + 1);
}

bool looks_like_other_than_text(std::string_view text) {
  const std::string name = lower(text);
  // YAML 1.1 has a lone y and n as well, but no reader of note takes them so.
  if (name.size() > 1 && (is_true_word(name) || is_false_word(name))) return true;
  if (name == "null" || name == "~") return true;
  const bool numeric =
      !text.empty() && (is_digit(text.front()) || text.front() == '-' || text.front() == '+' || text.front() == '.');
  return numeric && (is_decimal_integer(text) || is_float(text) || odd_integer_in_decimal(text) || is_date(text));
}

std::string shown(std::string_view text) {
  std::string out;
  std::size_t characters = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (++characters > 60) return out + "...";
    const std::size_t length = utf8_length(text, at);
    if (length == 0 || is_control(text, at)) {
      out += "\xEF\xBF\xBD";
    } else {
      out += text.substr(at, length);
    }
    at += std::max<std::size_t>(length, 1);
  }
  return out;
}

Reading read_scalar(const FieldRow& row, std::string_view text, bool quoted) {
  switch (row.type) {
    case Type::kBoolean:
      return read_boolean(text, quoted);
    case Type::kInteger:
      return read_integer(row, text, quoted);
    case Type::kDuration:
      return read_duration(row, text);
    case Type::kMoney:
      return read_money(text, quoted);
    case Type::kCountOrPercent:
      return read_count_or_percent(row, text, quoted);
    case Type::kWord:
      return read_word(row, text);
    case Type::kText:
    case Type::kName:
    case Type::kReference:
    case Type::kToken:
    case Type::kHostname:
    case Type::kDomain:
    case Type::kHostPort:
    case Type::kUrl:
    case Type::kSipUri:
    case Type::kCurrency:
    case Type::kTimezone:
      return read_text(row, text, quoted);
    case Type::kSecret:
    case Type::kTextMap:
    case Type::kObject:
    case Type::kOptions:
    case Type::kServerSpec:
      break;
  }
  return wrong("wrong type", fmt::format("{} is {}", last_part(row.path), type_for_people(row)));
}

Reading read_template_scalar(const FieldRow& row, std::string_view text, bool quoted) {
  if (!is_text(row.type) || text.find("${") == std::string_view::npos) return read_scalar(row, text, quoted);
  const Result<std::string> filled = fill_in(text, "member-1", "1");
  if (!filled.ok()) return wrong("unknown placeholder", filled.error().message);
  Reading reading = read_scalar(row, *filled, true);
  if (reading.ok()) reading.value = Json(text);
  return reading;
}

Result<std::string> fill_in(std::string_view text, std::string_view name, std::string_view index) {
  std::string out;
  std::size_t from = 0;
  while (true) {
    const std::size_t start = text.find("${", from);
    out += text.substr(from, start == std::string_view::npos ? start : start - from);
    if (start == std::string_view::npos) return out;
    const std::string_view rest = text.substr(start);
    if (rest.starts_with("${name}")) {
      out += name;
      from = start + 7;
    } else if (rest.starts_with("${index}")) {
      out += index;
      from = start + 8;
    } else {
      return Error{ErrorCode::kInvalid,
                   fmt::format("\"{}\" is not ${{name}} or ${{index}}",
                               shown(rest.substr(
                                   0, rest.find('}') == std::string_view::npos ? rest.size() : rest.find('}') + 1)))};
    }
  }
}

std::string pack_fallback(const FieldRow& row) {
  std::string packed;
  if (row.fallback.empty()) return packed;
  if (row.fallback == "[]") {
    pack(Json(Json::Array{}), packed);
    return packed;
  }
  const bool quoted = row.fallback.starts_with('"');
  const std::string_view text = quoted ? row.fallback.substr(1, row.fallback.size() - 2) : row.fallback;
  pack(read_scalar(row, text, quoted).value, packed);
  return packed;
}

}  // namespace switchyard
