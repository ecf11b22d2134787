// Amounts, rates and what they carry, to the last minor unit (design law 5).
#include "specs/base/money.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace switchyard {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

Currency currency(std::string_view code) {
  return *Currency::parse(code);
}

Money dollars(std::int64_t cents) {
  return Money{cents, Currency()};
}

// What is read, as it is written; or "no".
std::string read(std::string_view text, std::string_view code = "USD") {
  const Result<Money> amount = parse_money(text, currency(code));
  return amount.ok() ? for_people(*amount) : "no";
}

std::string read_down(std::string_view text, std::string_view code = "USD") {
  const Result<Money> amount = parse_money_rounding_down(text, currency(code));
  return amount.ok() ? for_people(*amount) : "no";
}

std::string rate(std::string_view text, std::string_view code = "USD") {
  const Result<Rate> read = parse_rate(text, currency(code));
  return read.ok() ? to_string(*read) : "no";
}

TEST(Currency, IsThreeCapitalLetters) {
  EXPECT_EQ(currency("EUR").code(), "EUR");
  EXPECT_EQ(currency("AZB").code(), "AZB");
  for (const char* wrong : {"", "EU", "EURO", "eur", "EU1", "E@R", "E[R"})
    EXPECT_FALSE(Currency::parse(wrong).ok()) << wrong;
  EXPECT_EQ(Currency(), currency("USD"));
}

TEST(Currency, HasTheDigitsThatIso4217SaysItHas) {
  EXPECT_EQ(currency("USD").exponent(), 2);
  EXPECT_EQ(currency("JPY").exponent(), 0);
  EXPECT_EQ(currency("KWD").exponent(), 3);
  EXPECT_EQ(read("500", "JPY"), "500 JPY");
  EXPECT_EQ(read("500.5", "JPY"), "no");
  EXPECT_EQ(read("1.234", "KWD"), "1.234 KWD");
  EXPECT_EQ(read("1", "KWD"), "1.000 KWD");
}

TEST(Amounts, AreReadAndWrittenToTheMinorUnit) {
  EXPECT_EQ(read("177.40"), "177.40 USD");
  EXPECT_EQ(read("20"), "20.00 USD");
  EXPECT_EQ(read("0.5"), "0.50 USD");
  EXPECT_EQ(read("-0.05"), "-0.05 USD");
  EXPECT_EQ(read("-12.34"), "-12.34 USD");
  EXPECT_EQ(read("9.09"), "9.09 USD");
  EXPECT_EQ(to_string(dollars(0)), "0.00");
  EXPECT_EQ(to_string(dollars(7)), "0.07");
  EXPECT_EQ(to_string(dollars(70)), "0.70");
  EXPECT_EQ(to_string(dollars(-100)), "-1.00");
}

TEST(Amounts, ThatAreNoneOrFinerThanTheCurrencyAreRefused) {
  for (const char* wrong : {"", "-", ".", ".5", "5.", "1.234", "1,00", "1e3", "+1", "--1", " 1", "1 ", "0x1", "1.-5",
                            "1:", "1/", "1.2:", "1.2/", "1000000000000000"}) {
    EXPECT_EQ(read(wrong), "no") << wrong;
  }
  // What is wrong, and what would be right.
  EXPECT_EQ(parse_money("x", currency("USD")).error().message, "\"x\" is no amount of USD, such as 20.00");
  EXPECT_EQ(parse_money("x", currency("JPY")).error().message, "\"x\" is no amount of JPY, such as 20");
  EXPECT_EQ(parse_money("x", currency("KWD")).error().message, "\"x\" is no amount of KWD, such as 20.000");
}

// Seen: "999999999999999.99" a server times the servers of a fleet had no place in 64 bits, and the program ended.
TEST(Amounts, BeyondTheLargestAreRefusedWithIt) {
  EXPECT_EQ(read("10000000000.00"), "10000000000.00 USD");
  EXPECT_EQ(read("-10000000000.00"), "-10000000000.00 USD");
  EXPECT_EQ(read("10000000000.01"), "no");
  EXPECT_EQ(read("-10000000000.01"), "no");
  EXPECT_EQ(read("999999999999999.99"), "no");
  EXPECT_EQ(read("1000000000000", "JPY"), "1000000000000 JPY");
  EXPECT_EQ(read("1000000000001", "JPY"), "no");
  EXPECT_EQ(read_down("10000000000.009"), "10000000000.00 USD");
  EXPECT_EQ(read_down("10000000000.01"), "no");
  EXPECT_EQ(read_down("-10000000000.001"), "no");
  EXPECT_EQ(parse_money("10000000000.01", Currency()).error().message,
            "\"10000000000.01\" is beyond the largest amount, 10000000000.00 USD");
  EXPECT_TRUE(is_amount(kLargestAmount) && is_amount(-kLargestAmount));
  EXPECT_FALSE(is_amount(kLargestAmount + 1) || is_amount(-kLargestAmount - 1) || is_amount(-kMost - 1));
  // Nine million deposits, the reserve and the credit line: what the bound is for.
  const Money largest{kLargestAmount, Currency()};
  EXPECT_EQ((largest * 9'000'000 + largest + largest - Money{-kLargestAmount, Currency()}).minor,
            9'000'003'000'000'000'000);
  EXPECT_EQ(parse_sum(to_string(largest * 90'000), Currency()).value(), largest * 90'000);
}

// Seen: a plan file of a fleet whose sums had nineteen digits was not read back.
TEST(Amounts, SumsAreReadBackAsFarAsTheNumbersGo) {
  for (const std::int64_t minor : {kMost, kMost - 1, -kMost, kLargestAmount * 9'000'003, std::int64_t{0}}) {
    for (const char* code : {"USD", "JPY", "KWD"}) {
      const Money sum{minor, currency(code)};
      ASSERT_TRUE(parse_sum(to_string(sum), sum.currency).ok()) << to_string(sum);
      EXPECT_EQ(parse_sum(to_string(sum), sum.currency).value(), sum);
      const Rate rates{minor, currency(code)};
      ASSERT_TRUE(parse_rate_sum(to_string(rates), rates.currency).ok()) << to_string(rates);
      EXPECT_EQ(parse_rate_sum(to_string(rates), rates.currency).value(), rates);
    }
  }
  EXPECT_FALSE(parse_sum("92233720368547758.08", Currency()).ok()) << "one more than there is";
  EXPECT_FALSE(parse_rate_sum("92233720368.54775808", Currency()).ok());
  EXPECT_FALSE(parse_rate_sum("0.000000001", Currency()).ok()) << "finer than to_string writes";
  EXPECT_FALSE(parse_rate_sum("1.x", Currency()).ok());
}

TEST(Amounts, FinerThanTheCurrencyAreRoundedDownWhereThatIsAskedFor) {
  EXPECT_EQ(read_down("177.409"), "177.40 USD");
  EXPECT_EQ(read_down("177.4"), "177.40 USD");
  EXPECT_EQ(read_down("0.999999999999999999999999"), "0.99 USD");
  // Down is towards minus infinity: what is owed is never made less.
  EXPECT_EQ(read_down("-0.001"), "-0.01 USD");
  EXPECT_EQ(read_down("-0.010"), "-0.01 USD");
  EXPECT_EQ(read_down("-0.019"), "-0.02 USD");
  EXPECT_EQ(read_down("12.9", "JPY"), "12 JPY");
  EXPECT_EQ(read_down("-12.9", "JPY"), "-13 JPY");
  EXPECT_EQ(read_down("1.2x"), "no");
  EXPECT_EQ(read_down("1.2345x"), "no");
}

TEST(Amounts, AreAddedAndTakenAwayInOneCurrencyOnly) {
  EXPECT_EQ(dollars(120) + dollars(35), dollars(155));
  EXPECT_EQ(dollars(120) - dollars(155), dollars(-35));
  EXPECT_EQ(dollars(2000) * 3, dollars(6000));
  EXPECT_LT(dollars(1), dollars(2));
  EXPECT_EQ(dollars(1) <=> dollars(1), std::strong_ordering::equal);
  EXPECT_EQ((Money{3, currency("EUR")} + Money{4, currency("EUR")}).currency, currency("EUR"));
  EXPECT_EQ((Money{3, currency("EUR")} - Money{4, currency("EUR")}).currency, currency("EUR"));
  EXPECT_EQ((Money{3, currency("EUR")} * 2).currency, currency("EUR"));
}

TEST(AmountsDeathTest, OfTwoCurrenciesOrBeyondAllNumbersAreABug) {
  const Money euro{1, currency("EUR")};
  EXPECT_DEATH(static_cast<void>(dollars(1) + euro), "");
  EXPECT_DEATH(static_cast<void>(dollars(1) - euro), "");
  EXPECT_DEATH(static_cast<void>(dollars(1) < euro), "");
  EXPECT_DEATH(static_cast<void>(Rate{1, Currency()} + Rate{1, currency("EUR")}), "");
  EXPECT_DEATH(static_cast<void>(lasts(dollars(1), Rate{1, currency("EUR")})), "");
  EXPECT_DEATH(static_cast<void>(dollars(kMost) + dollars(1)), "");
  EXPECT_DEATH(static_cast<void>(dollars(-kMost) - dollars(kMost)), "");
  EXPECT_DEATH(static_cast<void>(dollars(kMost) * 2), "");
  EXPECT_DEATH(static_cast<void>(Rate{1, Currency()} - Rate{1, currency("EUR")}), "");
}

TEST(Rates, AreReadToAMillionthOfAMinorUnitAndWrittenAsShortAsTheyAre) {
  EXPECT_EQ(rate("0.03571"), "0.03571");
  EXPECT_EQ(rate("0.5"), "0.50");
  EXPECT_EQ(rate("0"), "0.00");
  EXPECT_EQ(rate("1.00000001"), "1.00000001");
  EXPECT_EQ(rate("12", "JPY"), "12");
  EXPECT_EQ(rate("0.000001", "JPY"), "0.000001");
  EXPECT_EQ(parse_rate("0.03571", Currency())->micro_minor_per_hour, 3'571'000);
  EXPECT_EQ(rate("-1"), "no");
  EXPECT_EQ(rate("x"), "no");
  EXPECT_EQ((Rate{3, currency("EUR")} + Rate{4, currency("EUR")}), (Rate{7, currency("EUR")}));
}

TEST(Rates, FinerThanThatCountAsTheNextHigherOne) {
  EXPECT_EQ(rate("0.000000001"), "0.00000001");
  EXPECT_EQ(rate("0.000000010"), "0.00000001");
  EXPECT_EQ(rate("0.000000011"), "0.00000002");
}

TEST(Rates, BeyondEighteenDigitsAreRefused) {
  // Ten digits before the point and the eight that a rate in dollars has behind it.
  EXPECT_EQ(rate("9999999999"), "9999999999.00");
  EXPECT_EQ(rate("10000000000"), "no");
  EXPECT_EQ(rate("0010000000000"), "no");
  EXPECT_EQ(read("0999999999999999"), "no") << "sixteen digits, though one is a zero";
}

TEST(Rates, OfMoreServersThanThereAreStayAtTheEndOfTheNumbers) {
  const Currency usd;
  EXPECT_EQ((Rate{kMost - 1, usd} + Rate{1, usd}), (Rate{kMost, usd}));
  EXPECT_EQ((Rate{kMost, usd} + Rate{1, usd}), (Rate{kMost, usd}));
  EXPECT_EQ((Rate{-kMost, usd} - Rate{2, usd}), (Rate{-kMost - 1, usd}));
  EXPECT_EQ((Rate{7, usd} - Rate{4, usd}), (Rate{3, usd}));
  EXPECT_EQ(lasts(Money{kLargestAmount, usd}, Rate{kMost, usd}), std::chrono::seconds(390));
}

TEST(Costs, BeyondWhatAnybodyHasStayThere) {
  const Money most{kLargestAmount * 1'000'000, Currency()};
  EXPECT_EQ(cost_rounded_up(Rate{kMost, Currency()}, hours(10'000'000)), most);
  EXPECT_EQ(cost_rounded_up(Rate{kMost, Currency()}, Duration::max()), most);
}

TEST(Costs, AreRoundedUpToTheMinorUnit) {
  const Rate cent_an_hour{1'000'000, Currency()};
  EXPECT_EQ(cost_rounded_up(cent_an_hour, hours(72)), dollars(72));
  EXPECT_EQ(cost_rounded_up(cent_an_hour, hours(72) + milliseconds(1)), dollars(73));
  EXPECT_EQ(cost_rounded_up(cent_an_hour, milliseconds(1)), dollars(1));
  EXPECT_EQ(cost_rounded_up(cent_an_hour, hours(0)), dollars(0));
  EXPECT_EQ(cost_rounded_up(cent_an_hour, -hours(5)), dollars(0));
  EXPECT_EQ(cost_rounded_up(Rate{1, Currency()}, hours(1'000'000)), dollars(1));
  EXPECT_EQ(cost_rounded_up(Rate{1, Currency()}, hours(1'000'000) + milliseconds(1)), dollars(2));
  EXPECT_EQ(cost_rounded_up(Rate{kHighestPrice, Currency()}, hours(72)), dollars(720'000'000));
  EXPECT_EQ(cost_rounded_up(Rate{1'000'000, currency("JPY")}, hours(3)), (Money{3, currency("JPY")}));
}

TEST(Runways, AreRoundedDownToTheSecond) {
  const Rate cent_an_hour{1'000'000, Currency()};
  EXPECT_EQ(lasts(dollars(1), cent_an_hour), seconds(3600));
  EXPECT_EQ(lasts(dollars(5), Rate{7'000'000, Currency()}), seconds(2571)) << "2571.4 of them";
  EXPECT_EQ(lasts(dollars(0), cent_an_hour), seconds(0));
  EXPECT_EQ(lasts(dollars(-1), cent_an_hour), seconds(0));
  EXPECT_EQ(lasts(dollars(1), Rate{1, Currency()}), seconds(3'600'000'000));
}

TEST(Runways, OfAThousandYearsAreForEver) {
  EXPECT_EQ(lasts(dollars(1), Rate{0, Currency()}), std::nullopt);
  EXPECT_EQ(lasts(dollars(1), Rate{-1, Currency()}), std::nullopt);
  EXPECT_EQ(lasts(dollars(0), Rate{0, Currency()}), std::nullopt);
  // 8,760,000 hours are a thousand years of 365 days.
  EXPECT_EQ(lasts(dollars(8'760'000), Rate{1'000'000, Currency()}), seconds(31'536'000'000));
  EXPECT_EQ(lasts(dollars(8'760'001), Rate{1'000'000, Currency()}), std::nullopt);
  EXPECT_EQ(lasts(dollars(kMost), Rate{1, Currency()}), std::nullopt);
}

}  // namespace
}  // namespace switchyard
