// The values that everything stands on, at their edges. What is here came of fuzzing (tests/fuzz/README.md).
#include <gtest/gtest.h>

#include <limits>

#include "specs/base/money.h"
#include "specs/base/timestamp.h"

namespace switchyard {
namespace {

TEST(Timestamp, OutsideOfTheYearsThatRfc3339CanWriteIsRefused) {
  for (const char* text : {"0000-01-01T00:00:00+00:01", "9999-12-31T23:59:60Z", "9999-12-31T23:59:59-23:59"}) {
    EXPECT_FALSE(parse_timestamp(text).ok()) << text;
  }
  for (const char* text : {"0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"}) {
    const Result<Timestamp> time = parse_timestamp(text);
    ASSERT_TRUE(time.ok()) << text;
    EXPECT_EQ(to_string(*time), text);
  }
}

TEST(Duration, TheLongestAndTheShortestCanBeWritten) {
  EXPECT_EQ(to_string(Duration::max()), "9223372036854775807ms");
  EXPECT_EQ(to_string(Duration::min()), "-9223372036854775808ms");
  EXPECT_EQ(for_people(Duration::min()), "-106751991167d 7h");
}

TEST(Money, MoreDigitsThanAnAmountHasAreRefusedBeforeTheyAreCounted) {
  const Currency usd;
  EXPECT_EQ(parse_rate("999999999999", usd).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(parse_rate("9999999999.99", usd)->micro_minor_per_hour, 999'999'999'999'000'000);
  EXPECT_EQ(parse_money("9999999999999999", usd).error().code, ErrorCode::kInvalid);
}

TEST(Money, AnAmountThatIsRoundedHasNoFewerDigitsThanOneThatIsNot) {
  const Currency yen = *Currency::parse("JPY");
  EXPECT_EQ(parse_money("000000001913348", yen)->minor, 1913348);
  EXPECT_EQ(parse_money_rounding_down("000000001913348", yen)->minor, 1913348);
  EXPECT_EQ(parse_money("0000000001913348999", yen).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(parse_money_rounding_down("0000000001913348999", yen).error().code, ErrorCode::kInvalid);
}

TEST(Money, TheLeastAmountCanBeWritten) {
  EXPECT_EQ(to_string(Money{.minor = std::numeric_limits<std::int64_t>::min()}), "-92233720368547758.08");
}

}  // namespace
}  // namespace switchyard
