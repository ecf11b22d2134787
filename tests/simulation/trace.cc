#include "tests/simulation/trace.h"

#include <fmt/format.h>

namespace switchyard::simulation {

void Trace::note(Timestamp at, Line line, std::string_view text) {
  const auto add = [this](std::uint64_t byte) { hash_ = (hash_ ^ byte) * 0x100000001b3ULL; };  // FNV-1a
  auto time = static_cast<std::uint64_t>(at.time_since_epoch().count());
  for (int i = 0; i < 8; ++i, time >>= 8U) add(time & 0xffU);
  for (const char letter : text) add(static_cast<unsigned char>(letter));
  add('\n');
  const bool kept = keep_ == Keep::kEverything || (keep_ == Keep::kStory && line == Line::kStory);
  if (kept) lines_.push_back(fmt::format("{} {}", to_string(at), text));
}

}  // namespace switchyard::simulation
