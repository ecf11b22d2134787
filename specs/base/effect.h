#pragma once

#include <optional>
#include <string_view>

namespace switchyard {

// What a change does to service, mildest first (domain.md, "What a changed field does").
enum class Effect { kLive, kRestart, kReboot, kRebuild, kReplace };

std::string_view to_string(Effect effect);
std::optional<Effect> parse_effect(std::string_view text);

// Whether a change of this effect ends calls unless the server is drained first (law 6).
constexpr bool ends_calls(Effect effect) {
  return effect != Effect::kLive;
}

}  // namespace switchyard
