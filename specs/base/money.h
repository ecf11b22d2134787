#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "specs/base/result.h"
#include "specs/base/timestamp.h"

namespace switchyard {

// An ISO 4217 currency: three capital letters.
class Currency {
 public:
  constexpr Currency() = default;  // USD
  // Error: kInvalid unless `code` is three capital letters.
  static Result<Currency> parse(std::string_view code);

  std::string_view code() const { return {code_.data(), code_.size()}; }
  // Digits behind the point: 2 for most, 0 and 3 for those that ISO 4217 lists so.
  int exponent() const;

  friend constexpr auto operator<=>(const Currency&, const Currency&) = default;

 private:
  std::array<char, 3> code_{'U', 'S', 'D'};
};

// What comes from outside (specs, providers, rows of the state, plan files) is within these bounds, or no amount at
// all. The sums of a fleet then fit into 64 bits: nine million deposits of the largest amount, and their reserves.
inline constexpr std::int64_t kLargestAmount = 1'000'000'000'000;  // minor units: 10,000,000,000.00 USD
inline constexpr std::int64_t kHighestPrice = 10'000'000'000'000;  // 10^-6 minor units an hour: 100,000.00 USD

// An amount in whole minor units (cents) of one currency. Amounts of two
// currencies are never added or compared: doing so is a bug and aborts.
struct Money {
  std::int64_t minor = 0;
  Currency currency{};

  friend bool operator==(const Money&, const Money&) = default;
};

Money operator+(Money a, Money b);
Money operator-(Money a, Money b);
Money operator*(Money a, std::int64_t n);
std::strong_ordering operator<=>(Money a, Money b);

// "177.40", "-0.05", "500" for a currency without minor units.
std::string to_string(Money amount);
// "177.40 USD".
std::string for_people(Money amount);
// Whether `minor` units are an amount, and no damage: at most kLargestAmount, of either sign.
constexpr bool is_amount(std::int64_t minor) {
  return minor <= kLargestAmount && minor >= -kLargestAmount;
}
// Reads a decimal with at most as many digits behind the point as the currency has, within kLargestAmount. Error:
// kInvalid.
Result<Money> parse_money(std::string_view text, Currency currency);
// Reads any decimal within kLargestAmount, digits that the currency lacks rounded down (towards minus infinity). Error:
// kInvalid.
Result<Money> parse_money_rounding_down(std::string_view text, Currency currency);
// Reads what to_string() wrote of a sum of amounts, as large as 64 bits hold. Error: kInvalid.
Result<Money> parse_sum(std::string_view text, Currency currency);

// Money by the hour, in 10^-6 of a minor unit an hour (design law 5).
struct Rate {
  std::int64_t micro_minor_per_hour = 0;
  Currency currency{};

  friend bool operator==(const Rate&, const Rate&) = default;
};

// What 64 bits do not hold stays at their end: more than any balance carries for a second, and no wrong number.
Rate operator+(Rate a, Rate b);
Rate operator-(Rate a, Rate b);
// "0.03571" an hour: as many digits as it needs, at least the currency's.
std::string to_string(Rate rate);
// Reads a decimal of major units an hour, of at most 18 digits: a price. Error: kInvalid.
Result<Rate> parse_rate(std::string_view text, Currency currency);
// Reads what to_string() wrote of a sum of prices, as large as 64 bits hold. Error: kInvalid.
Result<Rate> parse_rate_sum(std::string_view text, Currency currency);

// What `rate` costs over `span`, rounded up to a minor unit; at most what a fleet's deposits can come to.
Money cost_rounded_up(Rate rate, Duration span);
// Beyond a thousand years "for ever" is the truer word.
inline constexpr std::chrono::seconds kLongestRunway{std::int64_t{1000} * 365 * 86400};
// How long `amount` lasts at `rate`, rounded down to a second; zero when the amount is not
// positive, nothing when the rate is zero or less, or beyond kLongestRunway (it lasts for ever).
std::optional<std::chrono::seconds> lasts(Money amount, Rate rate);

}  // namespace switchyard
