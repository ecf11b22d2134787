#pragma once

#include <span>

#include "reconciler/cli/context.h"
#include "state/model/observation.h"

namespace switchyard {

// The engine's clock for a command that starts no engine: the world's where all accounts have an embedded world beside
// the state file (it stands still between commands), the machine's otherwise.
Timestamp engine_clock(const Context& context, std::span<const ObservedAccount> accounts);

// "2026-11-24T00:00:00Z", or a duration after (`ahead`) or before `now`. Error: kInvalid, naming the option.
enum class Direction { kAhead, kBack };
Result<Timestamp> parse_moment(std::string_view option, const std::string& text, Timestamp now, Direction direction);

}  // namespace switchyard
