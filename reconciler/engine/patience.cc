#include "reconciler/engine/patience.h"

#include <algorithm>

namespace switchyard {
namespace {

constexpr std::chrono::minutes kLongestWait{20};   // as long as for an action of our own
constexpr std::chrono::minutes kLongestOutage{5};  // with nothing under way; the next apply goes on from there
constexpr std::int64_t kBackwards = 20;            // intents of a resource that are looked through

// Whether the provider carries it out on the machine as a whole.
bool acts_on_machine(Action action) {
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

// Whether a look that failed so may work again by itself.
bool passes(ErrorCode code) {
  return code == ErrorCode::kNotSent || code == ErrorCode::kOutcomeUnknown || code == ErrorCode::kUnreadable ||
         code == ErrorCode::kConflict || code == ErrorCode::kRateLimited;
}

}  // namespace

Patience::Patience(Workshop& shop) : shop_(shop) {
  for (const ObservedAccount& account : shop_.view.accounts) {
    if (account.listed && !account.trouble) seen_.insert(account.name);
  }
}

std::vector<std::string> Patience::outages(const Plan& plan) {
  std::vector<std::string> worth_it;
  for (const ObservedAccount& account : shop_.view.accounts) {
    if (!account.trouble || !seen_.contains(account.name) || !passes(account.trouble->code)) {
      unseen_since_.erase(account.name);
      continue;
    }
    const bool held = std::ranges::find(plan.holds, account.name, &Hold::account) != plan.holds.end();
    const Timestamp since = unseen_since_.try_emplace(account.name, shop_.now()).first->second;
    if (held && shop_.now() - since < kLongestOutage) worth_it.push_back(account.name);
  }
  return worth_it;
}

Result<std::optional<Intent>> Patience::last_action(const Key& key) {
  auto history = shop_.store.intents_of(key, kBackwards);
  if (!history.ok()) return history.error();
  std::optional<Intent> newest;
  for (const auto& [intent, outcome] : *history) {
    if (acts_on_machine(intent.action) && (!newest || intent.id > newest->id)) newest = intent;
  }
  return newest;
}

Result<Done> Patience::give_up(const Key& key) {
  const Member* member = shop_.fleet().find(key);
  const ObservedServer* machine = member == nullptr ? nullptr : member->current;
  if (machine == nullptr || machine->last_action_state != ObservedServer::ActionState::kRunning) return Done{};
  const Result<std::optional<Intent>> last = last_action(key);
  if (!last.ok()) return last.error();
  if (*last && (*last)->provider_id == machine->id) {
    shop_.failed(key, (*last)->action, "it was not done within " + to_string(Duration(kLongestWait)));
  }
  return Done{};
}

Result<bool> Patience::waits(const std::vector<Key>& under_way) {
  const auto ended = [&](const Key& key) { return std::ranges::find(under_way, key) == under_way.end(); };
  std::erase_if(since_, [&](const auto& entry) { return ended(entry.first); });
  bool worth_it = false;
  for (const Key& key : under_way) {
    const Timestamp since = since_.try_emplace(key, shop_.now()).first->second;
    if (shop_.now() - since < kLongestWait) {
      worth_it = true;
    } else if (given_up_.insert(key).second) {
      if (Result<Done> done = give_up(key); !done.ok()) return done.error();
      worth_it = true;  // the next plan says what follows
    }
  }
  return worth_it;
}

Result<std::vector<Hold>> Patience::holds(const Plan& plan) {
  std::vector<Hold> holds;
  for (const Key& key : plan.under_way) {
    const Member* member = shop_.fleet().find(key);
    const ObservedServer* machine = member == nullptr ? nullptr : member->current;
    Hold hold{.action = Action::kCreate,
              .resource = key,
              .account = machine != nullptr ? machine->account : "",
              .gate = Gate::kProvider,
              .reason = {},
              .needs = std::nullopt,
              .short_by = std::nullopt,
              .until = std::nullopt,
              .fields = {},
              .source = member == nullptr || member->desired == nullptr ? Source{} : member->desired->source};
    const auto open =
        std::ranges::find(shop_.view.open_intents, key, [](const OpenIntent& one) { return one.intent.resource; });
    if (open != shop_.view.open_intents.end()) {
      hold.action = open->intent.action;
      hold.account = open->intent.account;
      hold.gate = Gate::kObservation;
      hold.reason = "what was sent at " + to_string(open->intent.written) +
                    " has no known outcome yet; the next apply looks for it first";
    } else if (machine != nullptr && (machine->phase == Phase::kProvisioning || !machine->delivered)) {
      hold.reason = "server \"" + machine->id + "\" is not delivered yet; the next apply waits for it";
    } else {
      const Result<std::optional<Intent>> last = last_action(key);
      if (!last.ok()) return last.error();
      hold.action = *last ? (*last)->action : Action::kUpdate;
      hold.reason =
          "its provider is busy with it and has not ended; the next apply waits for it again, and "
          "`switchyard action power-cycle " +
          to_string(key) + "` takes the place of what hangs";
    }
    holds.push_back(std::move(hold));
  }
  return holds;
}

}  // namespace switchyard
