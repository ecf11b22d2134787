#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "providers/sim/sim_server.h"
#include "specs/base/result.h"

namespace switchyard {

// What befalls one server at a time: the provider's actions, their ends, the end of its calls. The world decides when.

// How an action will go (faults fail-action, never-finish).
enum class ActionFate { kSucceeds, kFails, kNeverEnds };

// Ends all calls on it; the number of those that were cut.
std::int64_t end_calls(SimServer& server);

// From now on its agent cannot be reached.
void fall_silent(SimServer& server, Timestamp now);

struct StartedAction {
  std::int64_t calls_cut;
};

// Takes an action of Provider::act() on. `draw` is this action's own random number, from which its length comes.
// Errors: kInvalid (no such action, no such size), kConflict (not delivered yet, or busy), kRefused (its phase forbids
// it).
Result<StartedAction> start_action(SimServer& server, Action action, const std::string& size,
                                   std::string_view action_id, ActionFate fate, std::uint64_t draw, Timestamp now);

// Carries out the end of its work, which is due.
void finish_work(SimServer& server, Timestamp now);

// Breaks off whatever is under way on it: the provider's action has failed with `why`, what the agent was told holds.
void break_off_work(SimServer& server, std::string_view why);

// It is disabled: a test period or the money has ended. The number of calls that this ended.
std::int64_t expire(SimServer& server, Timestamp now);

}  // namespace switchyard
