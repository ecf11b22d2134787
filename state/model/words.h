#pragma once

#include <array>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

namespace switchyard {

// The words of a closed choice: one table for writing and reading it.
template <class T, std::size_t N>
using Words = std::array<std::pair<T, std::string_view>, N>;

template <class T, std::size_t N>
std::string_view word_of(const Words<T, N>& words, T value) {
  for (const auto& [choice, word] : words) {
    if (choice == value) return word;
  }
  std::abort();
}

template <class T, std::size_t N>
std::optional<T> choice_of(const Words<T, N>& words, std::string_view text) {
  for (const auto& [choice, word] : words) {
    if (word == text) return choice;
  }
  return std::nullopt;
}

}  // namespace switchyard
