#pragma once

#include <cstdlib>

// Included in front of every file of a mutated tree (see mutate.py). Every mutant is compiled in; the environment says
// which one is alive, so that thousands of them cost one build.
namespace mutation {

inline int alive() {
  static const int number = [] {
    const char* text = std::getenv("MUTANT");
    return text == nullptr ? 0 : std::atoi(text);
  }();
  return number;
}

inline bool on(int number) {
  return alive() == number;
}

}  // namespace mutation
