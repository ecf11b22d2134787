#include "tests/fuzz/target.h"

#include <algorithm>

namespace switchyard::fuzz {

std::string_view take_line(std::string_view& bytes) {
  const std::size_t end = std::min(bytes.find('\n'), bytes.size());
  const std::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(std::min(end + 1, bytes.size()));
  return line;
}

void promise(bool kept, std::string_view what) {
  if (!kept) throw Broken{std::string(what)};
}

void promise_same(std::string_view one, std::string_view other, std::string_view what) {
  if (one == other) return;
  const auto parts = static_cast<std::size_t>(std::ranges::mismatch(one, other).in1 - one.begin());
  const std::size_t from = parts - std::min<std::size_t>(parts, 40);
  constexpr std::size_t kShown = 160;
  throw Broken{std::string(what) + ": they part at byte " + std::to_string(parts) + "\n  one:   " +
               std::string(one.substr(from, kShown)) + "\n  other: " + std::string(other.substr(from, kShown))};
}

void promise_harmless(std::string_view text, std::string_view what) {
  const auto control = [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f; };
  const auto found = std::ranges::find_if(text, control);
  if (found == text.end()) return;
  const auto at = static_cast<std::size_t>(found - text.begin());
  throw Broken{std::string(what) + ": control character " + std::to_string(static_cast<int>(*found)) + " after \"" +
               std::string(text.substr(at - std::min<std::size_t>(at, 60), std::min<std::size_t>(at, 60))) + "\""};
}

}  // namespace switchyard::fuzz
