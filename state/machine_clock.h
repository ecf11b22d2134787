#pragma once

#include <functional>

#include "specs/base/timestamp.h"

namespace switchyard {

// The machine's clock: it rules the lock, the lease and --timeout, and nothing else (design 7). It may jump. A
// simulation has one of its own.
using MachineClock = std::function<Timestamp()>;

inline Timestamp machine_now() {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

}  // namespace switchyard
