#include "tests/mutation/mutant.h"

#include <cstdio>
#include <cstdlib>

namespace mutant {
namespace {

constexpr int kMost = 65536;
unsigned char bytes[kMost];

// Ends with the program, and tells then.
struct Witness {
  ~Witness() {
    const char* path = std::getenv("MUTANTS_REACHED");
    if (path == nullptr) return;
    std::FILE* file = std::fopen(path, "wb");
    if (file == nullptr) std::abort();
    std::fwrite(bytes, 1, kMost, file);
    std::fclose(file);
  }
} const witness;

}  // namespace

unsigned char* const reached = bytes;

int alive() {
  const char* text = std::getenv("MUTANT");
  return text == nullptr ? 0 : std::atoi(text);
}

}  // namespace mutant
