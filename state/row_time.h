#pragma once

#include "specs/base/timestamp.h"

namespace switchyard {

// Whether a time that was found in a row can be one: of the years 0 to 9999, as RFC 3339 writes them. Anything else is
// damage, and reckoning with it would overflow.
constexpr bool can_be_a_time(Timestamp time) {
  constexpr Timestamp kFirst = std::chrono::sys_days(std::chrono::year(0) / 1 / 1);
  constexpr Timestamp kBehindLast = std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1);
  return time >= kFirst && time < kBehindLast;
}

}  // namespace switchyard
