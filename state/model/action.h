#pragma once

#include <optional>
#include <string_view>

namespace switchyard {

// Everything that may be done to a resource: the first four come from comparing, the rest are the actions of domain.md.
enum class Action {
  kCreate,
  kUpdate,
  kReplace,
  kDelete,
  kInstall,
  kStart,
  kStop,
  kRestart,
  kOsCycle,
  kPowerCycle,
  kReactivate,
  kResize,
  kFlush,
  kUpgrade,
  kDrain,
  kUndrain,
};

// As in plans and on the command line: "create", "os-cycle".
std::string_view to_string(Action action);
std::optional<Action> parse_action(std::string_view text);

}  // namespace switchyard
