#pragma once

#include "specs/base/timestamp.h"

namespace switchyard {

// The machine's clock: it rules the lock, the lease and --timeout, and nothing else (design 7).
inline Timestamp machine_now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

}  // namespace switchyard
