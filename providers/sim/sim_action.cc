#include "providers/sim/sim_action.h"

#include <fmt/core.h>

#include <utility>

#include "providers/sim/offer.h"
#include "specs/base/random.h"

namespace switchyard {
namespace {

struct Length {
  int shortest;  // seconds
  int longest;
};

// How long the provider takes, roughly as the service this comes from does.
Length length_of(Action action) {
  switch (action) {
    case Action::kStart:
      return {20, 60};
    case Action::kStop:
      return {10, 30};
    case Action::kRestart:
      return {30, 90};
    case Action::kOsCycle:
      return {60, 120};
    case Action::kPowerCycle:
      return {20, 60};
    case Action::kInstall:
      return {180, 300};
    case Action::kResize:
      return {120, 240};
    case Action::kReactivate:
    case Action::kCreate:
    case Action::kUpdate:
    case Action::kReplace:
    case Action::kDelete:
    case Action::kFlush:
    case Action::kUpgrade:
    case Action::kDrain:
    case Action::kUndrain:
      return {60, 60};
  }
  return {60, 60};
}

bool is_provider_action(Action action) {
  switch (action) {
    case Action::kInstall:
    case Action::kStart:
    case Action::kStop:
    case Action::kRestart:
    case Action::kOsCycle:
    case Action::kPowerCycle:
    case Action::kReactivate:
    case Action::kResize:
      return true;
    case Action::kCreate:
    case Action::kUpdate:
    case Action::kReplace:
    case Action::kDelete:
    case Action::kFlush:
    case Action::kUpgrade:
    case Action::kDrain:
    case Action::kUndrain:
      return false;
  }
  return false;
}

// Whether it is already so: the action is taken, and done at once.
bool already_so(const SimServer& server, Action action) {
  if (action == Action::kStart) return server.phase == Phase::kActive;
  if (action == Action::kStop) return server.phase == Phase::kStopped;
  if (action == Action::kReactivate) return server.phase == Phase::kActive || server.phase == Phase::kStopped;
  return false;
}

Result<Done> allowed(const SimServer& server, Action action) {
  const std::string who = fmt::format("server \"{}\" ({})", server.name, sim_id(server));
  if (server.work && server.work->end) {
    return Error{ErrorCode::kConflict,
                 fmt::format("{} is busy with {}; ask again when that has ended", who, to_string(server.work->action))};
  }
  switch (server.phase) {
    case Phase::kProvisioning:
      return Error{ErrorCode::kConflict, fmt::format("{} is not delivered yet; ask again when it is", who)};
    case Phase::kExpired:
      if (action == Action::kReactivate) return Done{};
      return Error{ErrorCode::kRefused, fmt::format("{} has expired; reactivate it first", who)};
    case Phase::kStopped:
      if (action == Action::kRestart || action == Action::kOsCycle) {
        return Error{ErrorCode::kRefused, fmt::format("{} is stopped; start it first", who)};
      }
      return Done{};
    case Phase::kActive:
    case Phase::kDraining:
    case Phase::kUpdating:  // of work that hangs: the new action takes its place
    case Phase::kFailed:
      return Done{};
  }
  return Done{};
}

void take_size(SimServer& server, const std::string& size) {
  server.size = size;
  server.own_price.reset();
  // The agent reads the machine's size off the machine.
  const Result<Json> json = parse_json(server.configuration.applied);
  if (!json) return;
  Result<Fields> fields = fields_from_json(*json);
  if (!fields || find_field(*fields, "spec.size") == nullptr) return;
  set_field(*fields, "spec.size", size);
  server.configuration.applied = to_string(to_json(*fields));
  server.configuration.digest = digest_of(*fields);
}

void come_up(SimServer& server, Timestamp now) {
  server.phase = Phase::kActive;
  server.booted = now;
}

void take_release(SimServer& server) {
  if (!server.pending_release.empty()) server.release = std::exchange(server.pending_release, std::string());
}

}  // namespace

std::int64_t end_calls(SimServer& server) {
  server.calls_end.reset();
  return std::exchange(server.channels, 0);
}

void fall_silent(SimServer& server, Timestamp now) {
  if (agent_answers(server)) server.heard = now;
}

Result<StartedAction> start_action(SimServer& server, Action action, const std::string& size,
                                   std::string_view action_id, ActionFate fate, std::uint64_t draw, Timestamp now) {
  if (!is_provider_action(action)) {
    return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is no action of this provider", to_string(action))};
  }
  if (action == Action::kResize && !sim_price(size, Currency())) {
    return Error{ErrorCode::kInvalid, fmt::format("no size \"{}\" is sold here", size)};
  }
  if (auto may = allowed(server, action); !may) return may.error();

  if (server.work) server.phase = std::exchange(server.work, std::nullopt)->before;
  server.last_action = action_id;
  server.last_action_message.clear();
  if (already_so(server, action)) {
    server.last_action_state = ObservedServer::ActionState::kDone;
    return StartedAction{.calls_cut = 0};
  }

  const Length length = length_of(action);
  SimWork work{.action = action, .before = server.phase, .size = size};
  if (fate != ActionFate::kNeverEnds) {
    work.end = now + std::chrono::seconds(Random(draw).between(length.shortest, length.longest));
  }
  work.fails = fate == ActionFate::kFails;
  StartedAction started{.calls_cut = 0};
  if (!work.fails) {
    fall_silent(server, now);
    started.calls_cut = end_calls(server);
    server.phase = Phase::kUpdating;
    if (action == Action::kReactivate) server.expires.reset();  // the test period is over, what follows is paid for
  }
  server.work = std::move(work);
  server.last_action_state = ObservedServer::ActionState::kRunning;
  return started;
}

void finish_work(SimServer& server, Timestamp now) {
  const SimWork work = *std::exchange(server.work, std::nullopt);
  const bool by_provider = is_provider_action(work.action);
  if (work.fails) {
    server.phase = work.before;
    server.last_action_state = ObservedServer::ActionState::kFailed;
    server.last_action_message = fmt::format("the provider could not carry out {}; ask again", to_string(work.action));
    return;
  }
  if (by_provider) server.last_action_state = ObservedServer::ActionState::kDone;
  switch (work.action) {
    case Action::kStop:
      server.phase = Phase::kStopped;
      return;
    case Action::kInstall:
      take_release(server);
      come_up(server, now);
      return;
    case Action::kReactivate:
      server.charged_from = now;
      come_up(server, now);
      return;
    case Action::kResize:
      take_size(server, work.size);
      server.phase = work.before;
      if (work.before != Phase::kStopped) come_up(server, now);
      return;
    case Action::kUpdate:
      if (server.next_configuration) {
        server.configuration = *std::exchange(server.next_configuration, std::nullopt);
      }
      server.phase = Phase::kActive;
      if (work.machine_is_down) server.booted = now;
      return;
    case Action::kUpgrade:
      take_release(server);
      server.phase = Phase::kActive;
      return;
    case Action::kStart:
    case Action::kRestart:
    case Action::kOsCycle:
    case Action::kPowerCycle:
      come_up(server, now);
      return;
    case Action::kCreate:
    case Action::kReplace:
    case Action::kDelete:
    case Action::kFlush:
    case Action::kDrain:
    case Action::kUndrain:
      return;  // never begun as work
  }
}

void break_off_work(SimServer& server, std::string_view why) {
  if (server.work && is_provider_action(server.work->action)) {
    server.last_action_state = ObservedServer::ActionState::kFailed;
    server.last_action_message = why;
  }
  if (server.next_configuration) server.configuration = *std::exchange(server.next_configuration, std::nullopt);
  server.work.reset();
}

std::int64_t expire(SimServer& server, Timestamp now) {
  fall_silent(server, now);
  break_off_work(server, "the server expired meanwhile");
  server.charged_from.reset();
  server.phase = Phase::kExpired;
  return end_calls(server);
}

}  // namespace switchyard
