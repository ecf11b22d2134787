// Times in RFC 3339 and durations as people write them.
#include "specs/base/timestamp.h"

#include <gtest/gtest.h>

#include <optional>

namespace switchyard {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// What is read, as it is written; or "no".
std::string time(std::string_view text) {
  const Result<Timestamp> read = parse_timestamp(text);
  return read.ok() ? to_string(*read) : "no";
}

std::string duration(std::string_view text) {
  const Result<Duration> read = parse_duration(text);
  return read.ok() ? to_string(*read) : "no";
}

std::optional<Timestamp> moment(std::string_view text) {
  const Result<Timestamp> read = parse_timestamp(text);
  return read.ok() ? std::optional(*read) : std::nullopt;
}

std::optional<Duration> length(std::string_view text) {
  const Result<Duration> read = parse_duration(text);
  return read.ok() ? std::optional(*read) : std::nullopt;
}

TEST(Times, AreReadAndWrittenInUtc) {
  EXPECT_EQ(moment("1970-01-01T00:00:00Z"), Timestamp{});
  EXPECT_EQ(moment("1970-01-02T03:04:05.006Z"),
            Timestamp{} + days(1) + hours(3) + minutes(4) + seconds(5) + milliseconds(6));
  EXPECT_EQ(time("2026-11-23T18:34:45Z"), "2026-11-23T18:34:45Z");
  EXPECT_EQ(time("2026-11-23t18:34:45z"), "2026-11-23T18:34:45Z");
  EXPECT_EQ(time("2026-11-23 18:34:45Z"), "2026-11-23T18:34:45Z");
  EXPECT_EQ(time("0000-01-01T00:00:00Z"), "0000-01-01T00:00:00Z");
  EXPECT_EQ(time("9999-12-31T23:59:59.999Z"), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(time("2024-02-29T12:00:00Z"), "2024-02-29T12:00:00Z");
  // A leap second is the next one.
  EXPECT_EQ(time("2016-12-31T23:59:60Z"), "2017-01-01T00:00:00Z");
  EXPECT_EQ(to_string(Timestamp{} - milliseconds(1)), "1969-12-31T23:59:59.999Z");
}

TEST(Times, HaveThousandthsWhereTheyAreNotZero) {
  EXPECT_EQ(time("2026-11-23T18:34:45.5Z"), "2026-11-23T18:34:45.500Z");
  EXPECT_EQ(time("2026-11-23T18:34:45.05Z"), "2026-11-23T18:34:45.050Z");
  EXPECT_EQ(time("2026-11-23T18:34:45.001Z"), "2026-11-23T18:34:45.001Z");
  EXPECT_EQ(time("2026-11-23T18:34:45.9999999Z"), "2026-11-23T18:34:45.999Z");
  EXPECT_EQ(time("2026-11-23T18:34:45.000Z"), "2026-11-23T18:34:45Z");
}

TEST(Times, MayStandInAnyZone) {
  EXPECT_EQ(time("2026-11-23T18:34:45+00:00"), "2026-11-23T18:34:45Z");
  EXPECT_EQ(time("2026-11-23T18:34:45+05:30"), "2026-11-23T13:04:45Z");
  EXPECT_EQ(time("2026-11-23T18:34:45-08:00"), "2026-11-24T02:34:45Z");
  EXPECT_EQ(time("2026-11-23T18:34:45.250-23:59"), "2026-11-24T18:33:45.250Z");
}

TEST(Times, ThatAreNoneAreRefused) {
  for (const char* wrong : {"",
                            "2026-11-23",
                            "2026-11-23T18:34",
                            "2026-11-23T18:34:45",
                            "2026-11-23T18:34:45x",
                            "2026-11-23T18:34:45ZZ",
                            "2026-11-23T18:34:45.Z",
                            "2026-11-23T18:34:45.5",
                            "2026-11-23T18:34:4",
                            "2026/11-23T18:34:45Z",
                            "2026-11/23T18:34:45Z",
                            "2026-11-23_18:34:45Z",
                            "2026-11-23T18.34:45Z",
                            "2026-11-23T18:34.45Z",
                            "2026-00-23T18:34:45Z",
                            "2026-13-23T18:34:45Z",
                            "2026-11-00T18:34:45Z",
                            "2026-11-31T18:34:45Z",
                            "2025-02-29T18:34:45Z",
                            "2026-11-23T24:00:00Z",
                            "2026-11-23T18:60:00Z",
                            "2026-11-23T18:34:61Z",
                            "x026-11-23T18:34:45Z",
                            "2026-1x-23T18:34:45Z",
                            "2026-11-2xT18:34:45Z",
                            "2026-11-23Tx8:34:45Z",
                            "2026-11-23T18:x4:45Z",
                            "2026-11-23T18:34:/5Z",
                            "2026-11-23T18:34::5Z",
                            "2026-11-23T18:34:45+0530",
                            "2026-11-23T18:34:45+05",
                            "2026-11-23T18:34:45+05:3",
                            "2026-11-23T18:34:45+05:300",
                            "2026-11-23T18:34:45+05-30",
                            "2026-11-23T18:34:45~05:30",
                            "2026-11-23T18:34:45+x5:30",
                            "2026-11-23T18:34:45+05:x0",
                            "2026-11-23T18:34:45+24:00",
                            "2026-11-23T18:34:45+05:60",
                            "2026-11-23T18:34:45.5/Z",
                            "2026-11-23T18:34:45.5:Z"}) {
    EXPECT_EQ(time(wrong), "no") << wrong;
  }
  EXPECT_EQ(time("2026-11-23T23:59:00+23:59"), "2026-11-23T00:00:00Z") << "the last that is one";
}

TEST(Durations, AreReadInAnyUnitsFromLargeToSmall) {
  EXPECT_EQ(length("250ms"), milliseconds(250));
  EXPECT_EQ(length("90s"), seconds(90));
  EXPECT_EQ(length("15m"), minutes(15));
  EXPECT_EQ(length("72h"), hours(72));
  EXPECT_EQ(length("2d"), hours(48));
  EXPECT_EQ(length("1d2h3m4s5ms"), hours(26) + minutes(3) + seconds(4) + milliseconds(5));
  EXPECT_EQ(length("0s"), Duration(0));
  EXPECT_EQ(length("9223372036854775807ms"), Duration::max());
}

TEST(Durations, ThatAreNoneAreRefused) {
  for (const char* wrong :
       {"", "5", "s", "-5s", "+5s", "5 s", "5x", "5S", "1s1s", "1s1m", "1ms1s", "5sm", "5s-1ms", "5s+1ms", "1.5h",
        "9223372036854775808ms", "9223372036854775807s", "106751991167d7h12m55s808ms"}) {
    EXPECT_EQ(duration(wrong), "no") << wrong;
  }
  EXPECT_EQ(duration("106751991167d7h12m55s807ms"), "9223372036854775807ms") << "the longest that is one";
}

TEST(Durations, AreWrittenInTheLargestUnitsUpToHours) {
  EXPECT_EQ(duration("0s"), "0s");
  EXPECT_EQ(duration("1s"), "1s");
  EXPECT_EQ(duration("60s"), "1m");
  EXPECT_EQ(duration("61s"), "1m1s");
  EXPECT_EQ(duration("90m"), "1h30m");
  EXPECT_EQ(duration("3d"), "72h");
  EXPECT_EQ(duration("1500ms"), "1500ms");
  EXPECT_EQ(to_string(-minutes(90)), "-1h30m");
  EXPECT_EQ(to_string(-milliseconds(1500)), "-1500ms");
}

TEST(Durations, ArePutForPeopleInTheTwoLargestUnits) {
  EXPECT_EQ(for_people(Duration(0)), "0ms");
  EXPECT_EQ(for_people(milliseconds(999)), "999ms");
  EXPECT_EQ(for_people(milliseconds(1000)), "1s");
  EXPECT_EQ(for_people(seconds(40)), "40s");
  EXPECT_EQ(for_people(minutes(12) + seconds(5)), "12m 5s");
  EXPECT_EQ(for_people(hours(76)), "3d 4h");
  EXPECT_EQ(for_people(hours(76) + minutes(59)), "3d 4h");
  EXPECT_EQ(for_people(hours(72) + minutes(5)), "3d") << "hours come next to days, minutes do not";
  EXPECT_EQ(for_people(hours(1)), "1h");
  EXPECT_EQ(for_people(-minutes(12)), "-12m");
}

}  // namespace
}  // namespace switchyard
