#pragma once

#include <cstdint>

namespace switchyard::testing {

// What a test and the program that it kills share in memory; what the program wrote is there after its death.
struct PointsPage {
  std::int64_t passed;  // effects so far
  std::int64_t fatal;   // the one before which it dies; 0: it lives
  char died_at[256];    // NOLINT(modernize-avoid-c-arrays): raw memory, shared
};

}  // namespace switchyard::testing
