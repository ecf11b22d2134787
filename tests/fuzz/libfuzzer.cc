// What libFuzzer calls; built once for each target, whose function is SWITCHYARD_FUZZ_TARGET.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  try {
    switchyard::fuzz::SWITCHYARD_FUZZ_TARGET({reinterpret_cast<const char*>(bytes), size});
  } catch (const switchyard::fuzz::Broken& broken) {
    std::fprintf(stderr, "\na promise is broken: %s\n", broken.promise.c_str());
    std::abort();
  }
  return 0;
}
