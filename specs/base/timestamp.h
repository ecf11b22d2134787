#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "specs/base/result.h"

namespace switchyard {

// A moment in UTC with a resolution of one millisecond. Which clock it was read
// from (provider's, engine's, machine's: design 7) is said where it is kept.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;
using Duration = std::chrono::milliseconds;

// RFC 3339 in UTC: "2026-11-23T18:34:45Z"; milliseconds only where they are not zero.
std::string to_string(Timestamp time);

// Reads RFC 3339 with any offset. Error: kInvalid.
Result<Timestamp> parse_timestamp(std::string_view text);

// "90s", "15m", "72h", "1h30m", "250ms"; "0s" for zero. The largest units that give whole numbers.
std::string to_string(Duration duration);

// For people: the two largest units, rounded down: "3d 4h", "12m 5s", "40s".
std::string for_people(Duration duration);

// Reads durations of the language: digits and a unit (ms s m h d), one or several. Error: kInvalid.
Result<Duration> parse_duration(std::string_view text);

}  // namespace switchyard
