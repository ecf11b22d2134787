#include "specs/base/money.h"

#include <algorithm>
#include <cstdlib>

namespace switchyard {
namespace {

constexpr std::int64_t kMicro = 1'000'000;

// ISO 4217: currencies whose minor unit is not a hundredth.
constexpr std::array<std::string_view, 16> kWithoutMinor{"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW",
                                                         "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF"};
constexpr std::array<std::string_view, 7> kThousandths{"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"};

// Amounts beyond what 64 bits hold are a bug or an attack; neither may turn into a wrong number.
std::int64_t checked_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) std::abort();
  return sum;
}

// Where a sum that begins with `a` ends when it does not fit.
std::int64_t end_of(Rate a) {
  return a.micro_minor_per_hour < 0 ? INT64_MIN : INT64_MAX;
}

void same(Currency a, Currency b) {
  if (a != b) std::abort();
}

struct Decimal {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
};

constexpr std::size_t kDigitsOfAnAmount = 15;  // before the point
constexpr std::size_t kDigitsInAll = 18;       // of an amount, with what is behind it
constexpr std::size_t kDigitsOfASum = 19;      // in all: as many as 64 bits have

std::optional<Decimal> split(std::string_view text, std::size_t most_digits = kDigitsOfAnAmount) {
  Decimal parts;
  if (text.starts_with('-')) {
    parts.negative = true;
    text.remove_prefix(1);
  }
  const std::size_t point = text.find('.');
  parts.whole = text.substr(0, point);
  if (point != std::string_view::npos) {
    parts.fraction = text.substr(point + 1);
    if (parts.fraction.empty()) return std::nullopt;
  }
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (parts.whole.empty() || parts.whole.size() > most_digits || !std::ranges::all_of(parts.whole, digit) ||
      !std::ranges::all_of(parts.fraction, digit)) {
    return std::nullopt;
  }
  return parts;
}

// The digits as an integer of 10^-places; `lost` says that digits other than zero lay behind.
std::optional<std::int64_t> scaled(const Decimal& parts, int places, bool& lost,
                                   std::size_t most_digits = kDigitsInAll) {
  std::int64_t value = 0;
  std::size_t count = 0;
  const auto take = [&](char c) {
    return ++count <= most_digits && !__builtin_mul_overflow(value, 10, &value) &&
           !__builtin_add_overflow(value, c - '0', &value);
  };
  for (const char c : parts.whole) {
    if (!take(c)) return std::nullopt;
  }
  for (int i = 0; i < places; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (!take(at < parts.fraction.size() ? parts.fraction[at] : '0')) return std::nullopt;
  }
  lost = parts.fraction.size() > static_cast<std::size_t>(places) &&
         std::ranges::any_of(parts.fraction.substr(static_cast<std::size_t>(places)), [](char c) { return c != '0'; });
  return value;
}

Error no_amount(std::string_view text, Currency currency) {
  std::string example = "20";
  if (currency.exponent() > 0) example += "." + std::string(static_cast<std::size_t>(currency.exponent()), '0');
  return Error{ErrorCode::kInvalid, "\"" + std::string(text) + "\" is no amount of " + std::string(currency.code()) +
                                        ", such as " + example};
}

Result<Money> within_bounds(std::string_view text, std::int64_t minor, Currency currency) {
  if (is_amount(minor)) return Money{minor, currency};
  return Error{ErrorCode::kInvalid, "\"" + std::string(text) + "\" is beyond the largest amount, " +
                                        for_people(Money{kLargestAmount, currency})};
}

// An amount that needs no rounding.
Result<Money> exact(std::string_view text, Currency currency, std::size_t most_before_the_point, std::size_t most) {
  bool lost = false;
  const std::optional<Decimal> parts = split(text, most_before_the_point);
  const auto value = parts ? scaled(*parts, currency.exponent(), lost, most) : std::nullopt;
  if (!value || parts->fraction.size() > static_cast<std::size_t>(currency.exponent())) {
    return no_amount(text, currency);
  }
  return Money{parts->negative ? -*value : *value, currency};
}

std::string decimal_text(std::int64_t value, int places, int at_least) {
  const auto bits = static_cast<std::uint64_t>(value);
  std::string digits = std::to_string(value < 0 ? 0 - bits : bits);  // the least value has no positive twin
  if (digits.size() <= static_cast<std::size_t>(places)) {
    digits.insert(0, static_cast<std::size_t>(places) + 1 - digits.size(), '0');
  }
  const std::size_t whole = digits.size() - static_cast<std::size_t>(places);
  std::string fraction = digits.substr(whole);
  while (fraction.size() > static_cast<std::size_t>(at_least) && fraction.back() == '0') fraction.pop_back();
  std::string out = value < 0 ? "-" : "";
  out += digits.substr(0, whole);
  if (!fraction.empty()) out += "." + fraction;
  return out;
}

}  // namespace

Result<Currency> Currency::parse(std::string_view code) {
  Currency currency;
  if (code.size() != 3 || !std::ranges::all_of(code, [](char c) { return c >= 'A' && c <= 'Z'; })) {
    return Error{ErrorCode::kInvalid,
                 "\"" + std::string(code) + "\" is no currency: three capital letters of ISO 4217, such as USD"};
  }
  std::ranges::copy(code, currency.code_.begin());
  return currency;
}

int Currency::exponent() const {
  if (std::ranges::find(kWithoutMinor, code()) != kWithoutMinor.end()) return 0;
  if (std::ranges::find(kThousandths, code()) != kThousandths.end()) return 3;
  return 2;
}

Money operator+(Money a, Money b) {
  same(a.currency, b.currency);
  return Money{checked_add(a.minor, b.minor), a.currency};
}

Money operator-(Money a, Money b) {
  same(a.currency, b.currency);
  std::int64_t difference = 0;
  if (__builtin_sub_overflow(a.minor, b.minor, &difference)) std::abort();
  return Money{difference, a.currency};
}

Money operator*(Money a, std::int64_t n) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a.minor, n, &product)) std::abort();
  return Money{product, a.currency};
}

std::strong_ordering operator<=>(Money a, Money b) {
  same(a.currency, b.currency);
  return a.minor <=> b.minor;
}

std::string to_string(Money amount) {
  const int places = amount.currency.exponent();
  return decimal_text(amount.minor, places, places);
}

std::string for_people(Money amount) {
  return to_string(amount) + " " + std::string(amount.currency.code());
}

Result<Money> parse_sum(std::string_view text, Currency currency) {
  return exact(text, currency, kDigitsOfASum, kDigitsOfASum);
}

Result<Money> parse_money(std::string_view text, Currency currency) {
  const Result<Money> amount = exact(text, currency, kDigitsOfAnAmount, kDigitsInAll);
  return amount.ok() ? within_bounds(text, amount->minor, currency) : amount;
}

Result<Money> parse_money_rounding_down(std::string_view text, Currency currency) {
  bool lost = false;
  const std::optional<Decimal> parts = split(text);
  const auto value = parts ? scaled(*parts, currency.exponent(), lost) : std::nullopt;
  if (!value) return no_amount(text, currency);
  return within_bounds(text, parts->negative ? -*value - (lost ? 1 : 0) : *value, currency);
}

Rate operator+(Rate a, Rate b) {
  same(a.currency, b.currency);
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a.micro_minor_per_hour, b.micro_minor_per_hour, &sum)) sum = end_of(a);
  return Rate{sum, a.currency};
}

Rate operator-(Rate a, Rate b) {
  same(a.currency, b.currency);
  std::int64_t difference = 0;
  if (__builtin_sub_overflow(a.micro_minor_per_hour, b.micro_minor_per_hour, &difference)) difference = end_of(a);
  return Rate{difference, a.currency};
}

std::string to_string(Rate rate) {
  const int places = rate.currency.exponent();
  return decimal_text(rate.micro_minor_per_hour, places + 6, places);
}

Result<Rate> parse_rate(std::string_view text, Currency currency) {
  bool lost = false;
  const std::optional<Decimal> parts = split(text);
  const auto value = parts ? scaled(*parts, currency.exponent() + 6, lost) : std::nullopt;
  if (!value || parts->negative) return no_amount(text, currency);
  // A price finer than 10^-6 minor unit counts as the next higher one: never plan with too little.
  return Rate{*value + (lost ? 1 : 0), currency};
}

Result<Rate> parse_rate_sum(std::string_view text, Currency currency) {
  bool lost = false;
  const std::optional<Decimal> parts = split(text, kDigitsOfASum);
  const auto value = parts ? scaled(*parts, currency.exponent() + 6, lost, kDigitsOfASum) : std::nullopt;
  if (!value || lost) return no_amount(text, currency);
  return Rate{parts->negative ? -*value : *value, currency};
}

Money cost_rounded_up(Rate rate, Duration span) {
  static_assert(sizeof(__int128) == 16);
  const auto micro = static_cast<__int128>(rate.micro_minor_per_hour) * span.count();
  const auto divisor = static_cast<__int128>(3'600'000) * kMicro;
  const __int128 minor = micro <= 0 ? 0 : (micro + divisor - 1) / divisor;
  constexpr std::int64_t kMost = kLargestAmount * 1'000'000;
  return Money{static_cast<std::int64_t>(std::min<__int128>(minor, kMost)), rate.currency};
}

std::optional<std::chrono::seconds> lasts(Money amount, Rate rate) {
  same(amount.currency, rate.currency);
  if (rate.micro_minor_per_hour <= 0) return std::nullopt;
  if (amount.minor <= 0) return std::chrono::seconds(0);
  const auto seconds = static_cast<__int128>(amount.minor) * kMicro * 3600 / rate.micro_minor_per_hour;
  if (seconds > kLongestRunway.count()) return std::nullopt;
  return std::chrono::seconds(static_cast<std::int64_t>(seconds));
}

}  // namespace switchyard
