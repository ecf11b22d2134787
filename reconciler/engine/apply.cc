#include <algorithm>
#include <iterator>

#include "reconciler/engine/engine_impl.h"
#include "reconciler/engine/patience.h"

// Applying: a plan is carried out, the world is looked at again, and what follows is done, until nothing more can be
// done.
namespace switchyard {
namespace {

// After so many failures in a row of one change, apply no longer waits for its back-off: the loop or the operator goes
// on.
constexpr std::int64_t kPatience = 3;
// And after so many refusals in a row because the world had moved: a plan made anew each time ought to have been right.
constexpr int kRefusals = 3;
constexpr int kRounds = 1000;

Effect effect_of_action(Action action) {
  switch (action) {
    case Action::kStart:
    case Action::kReactivate:
    case Action::kFlush:
    case Action::kDrain:
    case Action::kUndrain:
    case Action::kCreate:
    case Action::kUpdate:
      return Effect::kLive;
    case Action::kUpgrade:
      return Effect::kRestart;
    case Action::kStop:
    case Action::kRestart:
    case Action::kOsCycle:
    case Action::kPowerCycle:
    case Action::kResize:
      return Effect::kReboot;
    case Action::kInstall:
      return Effect::kRebuild;
    case Action::kReplace:
    case Action::kDelete:
      return Effect::kReplace;
  }
  return Effect::kReplace;
}

// What may follow an approved plan without being asked about: all but the end of a machine that nobody was shown.
bool follows(const Change& change, const std::set<Key>& shown, const FleetIndex& fleet) {
  if (change.action != Action::kDelete && change.action != Action::kReplace) return true;
  if (shown.contains(change.resource)) return true;
  const Member* member = fleet.find(change.resource);
  if (member == nullptr || change.action == Action::kReplace) return false;
  const bool late =
      std::ranges::any_of(member->late, [&](const ObservedServer* server) { return server->id == change.provider_id; });
  const bool never_delivered =
      member->current != nullptr && member->current->id == change.provider_id && !member->current->delivered;
  return late || never_delivered;
}

// What a plan that was read by somebody brings with it all the same: the others of a bus are told who came and who
// went.
bool tells_members(const Change& change) {
  return change.action == Action::kUpdate && !change.fields.empty() &&
         std::ranges::all_of(change.fields, [](const FieldChange& field) {
           return field.path == PeerWishes::path_of(Peer::For::kMember);
         });
}

Hold hold_of(const Change& change, Gate gate, std::string reason) {
  return Hold{.action = change.action,
              .resource = change.resource,
              .account = change.account,
              .gate = gate,
              .reason = std::move(reason),
              .needs = std::nullopt,
              .short_by = std::nullopt,
              .until = std::nullopt,
              .fields = change.fields,
              .source = change.source};
}

}  // namespace

void Engine::Impl::adopt() {
  struct Found {
    const DesiredServer* server;
    std::string account;
    std::string id;
    std::string uid;
    std::optional<Key> declared;  // under which name
  };
  // Taken down first: a member points into the declarations, and those move with everything declared anew.
  std::vector<Found> found;
  for (const Member& member : shop.fleet().wanted()) {
    if (member.current == nullptr || !member.current->mark) continue;
    found.push_back(
        Found{.server = member.desired,
              .account = member.current->account,
              .id = member.current->id,
              .uid = member.current->mark->uid,
              .declared = member.declaration == nullptr ? std::nullopt : std::optional(member.declaration->resource)});
  }
  for (const Found& one : found) {
    if (!one.declared) {
      shop.event(one.server->key, one.account, "adopted", "server \"" + one.id + "\" carries its mark");
    } else if (*one.declared != one.server->key) {
      shop.hands.batch().undeclared.push_back(*one.declared);
      std::erase_if(shop.declarations(),
                    [&](const Declaration& declared) { return declared.resource == *one.declared; });
    }
    shop.declare(*one.server, one.uid);
  }
  // A declaration whose server has gone by itself stands for nothing. It is looked for in every account: where it was
  // wanted last is not where it stands when its move was held.
  const bool all_seen = std::ranges::all_of(shop.desired().accounts, [&](const DesiredAccount& account) {
    const ObservedAccount& known = shop.observer.account(account.name);
    return !known.trouble && known.listed;
  });
  const auto stands = [&](const Key& resource) {
    return std::ranges::any_of(shop.desired().accounts, [&](const DesiredAccount& account) {
      return !shop.observer.machines_of(account.name, account.fleet, resource).empty();
    });
  };
  std::vector<Key> ended;
  for (const Declaration& declaration : shop.declarations()) {
    const bool declared = shop.desired().account(declaration.account) != nullptr;
    const bool open = std::ranges::any_of(shop.view.open_intents, [&](const OpenIntent& intent) {
      return intent.intent.resource == declaration.resource;
    });
    if (!declared || open || !all_seen || shop.desired().server(declaration.resource) != nullptr) continue;
    if (!in_scope(declaration.source_path, shop.desired().scope)) continue;
    if (!stands(declaration.resource)) ended.push_back(declaration.resource);
  }
  for (const Key& key : ended) {
    shop.hands.batch().undeclared.push_back(key);
    std::erase_if(shop.declarations(), [&](const Declaration& declared) { return declared.resource == key; });
  }
  shop.observer.touch();
}

Result<Done> Engine::Impl::update_conditions(const Plan& plan) {
  Result<std::vector<Condition>> known = shop.store.conditions(std::nullopt);
  if (!known.ok()) return known.error();
  std::map<std::pair<Key, std::string>, Condition> before;
  for (const Condition& condition : *known) before.emplace(std::pair(condition.resource, condition.type), condition);
  std::map<std::pair<Key, std::string>, Condition> now_true;
  const auto say = [&](const Key& key, const std::string& type, const std::string& reason, const std::string& message) {
    now_true.try_emplace(
        std::pair(key, type),
        Condition{
            .resource = key, .type = type, .status = true, .reason = reason, .message = message, .since = shop.now()});
  };
  for (const Hold& hold : plan.holds) {
    std::string reason(to_string(hold.gate));
    reason.front() = static_cast<char>(reason.front() - 'a' + 'A');
    say(hold.resource, "Held", reason, std::string(to_string(hold.action)) + ": " + hold.reason);
  }
  for (const Member& member : shop.fleet().wanted()) {
    if (member.current == nullptr) continue;
    if (serving(*member.current)) say(member.key, "Ready", "InService", "delivered, running and taking calls");
    if (member.current->phase == Phase::kExpired) say(member.key, "Expired", "Expired", "its provider has disabled it");
  }
  for (auto& [what, condition] : now_true) {
    const auto old = before.find(what);
    if (old != before.end() && old->second.status) {
      if (old->second.reason == condition.reason && old->second.message == condition.message) continue;
      condition.since = old->second.since;
    }
    shop.hands.batch().conditions.push_back(condition);
  }
  for (const auto& [what, condition] : before) {
    if (!condition.status || now_true.contains(what)) continue;
    Condition ended = condition;
    ended.status = false;
    ended.since = shop.now();
    shop.hands.batch().conditions.push_back(std::move(ended));
  }
  return shop.hands.write();
}

Result<ApplyReport> Engine::Impl::apply(const Plan& approved, const PlanOptions& options, Scope scope,
                                        const std::function<void(const Progress&)>& progress) {
  ApplyReport report;
  std::set<Key> shown;
  for (const Change& change : approved.changes) shown.insert(change.resource);
  for (const Hold& hold : approved.holds) shown.insert(hold.resource);
  shop.removed.clear();
  Executor executor(shop, options, progress);
  std::set<std::string> accounts;
  for (const DesiredAccount& account : shop.desired().accounts) accounts.insert(account.name);
  const auto stopped = [&] {
    return executor.interrupted() || shop.hands.runner().stops() > 0 ||
           (deadline && shop.options.machine_clock() >= *deadline);
  };
  const auto refused = [&](const Change& change) {
    const auto at = executor.refusals().find({change.resource, change.action});
    return at != executor.refusals().end() && at->second.number >= kRefusals;
  };
  adopt();
  std::vector<Change> changes = approved.changes;
  Plan last = approved;
  Patience patience(shop);
  bool ended = false;  // nothing more can be done
  // The world is looked at again after something was done, and where it is not known for sure.
  const bool at_rest =
      scope == Scope::kFollowUp && approved.empty() && approved.under_way.empty() && is_known_for_sure();
  for (int round = 0; round < kRounds; ++round) {
    if (round > 0 || !at_rest) {
      if (Result<Done> ran = executor.run(changes, Intent::Origin::kPlanned, deadline); !ran.ok()) return ran.error();
      if (stopped()) break;
      if (Result<Done> looked = look_at(accounts); !looked.ok()) {
        if (looked.error().code == ErrorCode::kCancelled) break;
        return looked.error();
      }
      if (Result<Done> expected = expect_what_was_ordered(); !expected.ok()) return expected.error();
      if (Result<Done> settled = settle(); !settled.ok()) return settled.error();
      if (stopped()) break;
      last = plan(options);
    }
    const auto allowed = [&](const Change& change) {
      return scope == Scope::kStrict ? tells_members(change) : follows(change, shown, shop.fleet());
    };
    changes.clear();
    bool complete = true;
    for (const Change& change : last.changes) {
      const bool tried = executor.held().contains({change.resource, change.action});
      if (tried || refused(change) || !allowed(change)) {
        complete = false;
      } else {
        changes.push_back(change);
      }
    }
    if (!complete) {
      // Ids count on; waits for what is left out would never end.
      std::map<int, int> number;
      std::vector<Change> whole;
      for (Change& change : changes) {
        const bool can = std::ranges::all_of(change.after, [&](int id) { return number.contains(id); });
        if (!can) continue;
        number[change.id] = static_cast<int>(whole.size()) + 1;
        std::erase_if(change.after_end, [&](int id) { return !number.contains(id); });
        for (std::vector<int>* waits : {&change.after, &change.after_end}) {
          for (int& id : *waits) id = number.at(id);
        }
        change.id = number[change.id];
        whole.push_back(std::move(change));
      }
      changes = std::move(whole);
    }
    if (!changes.empty()) continue;
    if (scope == Scope::kStrict) {
      ended = true;
      break;
    }
    // Nothing to do now: wait for what is under way, or for a back-off that ends soon.
    std::optional<Timestamp> due;
    const Result<bool> waits = patience.waits(last.under_way);
    if (!waits.ok()) return waits.error();
    const std::vector<std::string> outages = patience.outages(last);
    if (*waits || !outages.empty()) due = shop.now() + std::chrono::seconds(5);
    for (const Hold& hold : last.holds) {
      if (hold.gate != Gate::kProvider || !hold.until) continue;
      const bool patient = std::ranges::any_of(shop.view.attempts, [&](const Attempts& one) {
        return one.resource == hold.resource && one.action == hold.action && one.failures <= kPatience;
      });
      if (patient && (!due || *hold.until < *due)) due = hold.until;
    }
    if (!due) {
      ended = true;
      break;
    }
    for (const std::string& account : outages) {
      executor.tell_account(account, "cannot be seen: " + shop.observer.account(account).trouble->message,
                            static_cast<std::size_t>(std::ranges::count(last.holds, account, &Hold::account)), *due);
    }
    while (shop.now() < *due && !stopped()) {
      if (Result<Done> turned = shop.hands.turn(*due); !turned.ok()) return turned.error();
    }
    if (stopped()) break;
    if (Result<Done> looked = look_at(accounts); !looked.ok()) {
      if (looked.error().code == ErrorCode::kCancelled) break;
      return looked.error();
    }
    for (const std::string& account : outages) {
      if (!shop.observer.account(account).trouble) executor.tell_account(account, {}, 0, std::nullopt);
    }
  }
  report.interrupted = stopped();
  if (!report.interrupted) {
    if (Result<Done> told = update_conditions(last); !told.ok()) return told.error();
  }
  report.changes_done = executor.done();
  report.holds = last.holds;
  for (const auto& held : executor.held()) {
    const auto& what = held.first;
    // One that was held on the way counts only while it is still to be done.
    const bool wanted_still = scope == Scope::kStrict || std::ranges::any_of(last.changes, [&](const Change& change) {
                                return change.resource == what.first && change.action == what.second;
                              });
    if (wanted_still) report.holds.push_back(held.second);
  }
  // Whatever is wanted and not so is told, so that only a fleet that is as it should be ends well.
  for (const Change& change : last.changes) {
    const bool held = executor.held().contains({change.resource, change.action});
    if (scope == Scope::kStrict || report.interrupted || held) continue;
    if (refused(change)) {
      report.holds.push_back(
          hold_of(change, Gate::kObservation,
                  "it was refused " + std::to_string(kRefusals) +
                      " times in a row, each time the world was not what it was a moment before, last: " +
                      executor.refusals().at({change.resource, change.action}).why + "; apply again"));
    } else if (!follows(change, shown, shop.fleet())) {
      // The end of a machine that came up on the way was shown to nobody: it waits for the next apply (law 7).
      report.holds.push_back(
          hold_of(change, Gate::kObservation, "it came up while this ran and was not in the plan; apply again"));
    } else if (!ended) {
      report.holds.push_back(hold_of(change, Gate::kObservation,
                                     "it was planned anew in every one of " + std::to_string(kRounds) +
                                         " rounds; something else keeps changing it back"));
    }
  }
  if (!report.interrupted) {
    Result<std::vector<Hold>> waited_for = patience.holds(last);
    if (!waited_for.ok()) return waited_for.error();
    std::ranges::move(*waited_for, std::back_inserter(report.holds));
  }
  for (const auto& failure : executor.failures()) {
    const auto& what = failure.first;
    const bool wanted_still =
        std::ranges::any_of(last.holds, [&](const Hold& hold) { return hold.resource == what.first; }) ||
        std::ranges::any_of(last.changes, [&](const Change& change) { return change.resource == what.first; });
    if (scope == Scope::kStrict || report.interrupted || wanted_still) {
      report.failures.push_back(std::string(to_string(what.second)) + " of " + to_string(what.first) + ": " +
                                failure.second);
    }
  }
  if (scope == Scope::kStrict) report.stale = executor.stale();
  if (Result<Done> written = shop.hands.write(); !written.ok()) return written.error();
  return report;
}

Result<ApplyReport> Engine::Impl::act(Action action, const std::vector<Key>& servers, const Json& arguments,
                                      const PlanOptions& options,
                                      const std::function<void(const Progress&)>& progress) {
  ApplyReport report;
  PlanOptions narrowed = options;
  for (const Key& key : servers) narrowed.target.push_back({.resource = key, .label = {}, .value = {}});
  adopt();
  std::vector<Change> changes;
  for (const Key& key : servers) {
    const DesiredServer* server = shop.desired().server(key);
    const ObservedServer* machine = server == nullptr ? nullptr : shop.machine_of(*server);
    if (machine == nullptr || machine->missing_since) {
      return Error{ErrorCode::kNotFound, server == nullptr ? "no " + to_string(key) + " is declared"
                                                           : to_string(key) + " has no machine at its provider"};
    }
    if (action == Action::kFlush && server->role != Role::kDispatcher) {
      return Error{ErrorCode::kInvalid, to_string(key) + " is no dispatcher; only dispatchers are flushed"};
    }
    if (action == Action::kReactivate) {
      // Money is decided in one place: what the plan would hold is held here as well.
      const Plan judged = plan(narrowed);
      const auto hold = std::ranges::find_if(judged.holds, [&](const Hold& one) {
        return one.resource == key && one.action == Action::kReactivate && one.gate != Gate::kProvider;
      });
      if (hold != judged.holds.end()) {
        report.holds.push_back(*hold);
        continue;
      }
    }
    Change change{.id = static_cast<int>(changes.size()) + 1,
                  .action = action,
                  .resource = key,
                  .account = machine->account,
                  .reason = shop.options.reason.empty() ? "asked for by hand" : shop.options.reason,
                  .after = {},
                  .after_end = {},
                  .effect = effect_of_action(action),
                  .fields = {},
                  .source = server->source,
                  .uid = machine->mark->uid,
                  .provider_id = machine->id,
                  .channels = machine->agent ? machine->agent->channels : std::nullopt};
    const bool allowed = std::ranges::find(options.allow_disruption, key) != options.allow_disruption.end();
    change.waits_for_zero_calls = ends_calls(change.effect) && !allowed;
    if (action == Action::kResize) {
      change.fields.push_back(FieldChange{.path = "spec.size",
                                          .before = machine->size,
                                          .after = arguments.string_or("size", ""),
                                          .effect = Effect::kReboot});
    }
    // One after the other: nobody asked for all of them to be out at once.
    if (ends_calls(change.effect) && !changes.empty()) change.after_end.push_back(change.id - 1);
    changes.push_back(std::move(change));
  }
  Executor executor(shop, options, progress);
  if (Result<Done> ran = executor.run(changes, Intent::Origin::kByHand, deadline); !ran.ok()) return ran.error();
  if (Result<Done> written = shop.hands.write(); !written.ok()) return written.error();
  report.changes_done = executor.done();
  for (const auto& [what, hold] : executor.held()) report.holds.push_back(hold);
  for (const auto& [what, message] : executor.failures()) {
    report.failures.push_back(std::string(to_string(what.second)) + " of " + to_string(what.first) + ": " + message);
  }
  report.stale = executor.stale();
  report.interrupted = executor.interrupted();
  std::set<std::string> accounts;
  for (const DesiredAccount& account : shop.desired().accounts) accounts.insert(account.name);
  Result<Done> looked = look_at(accounts);
  if (!looked.ok() && looked.error().code != ErrorCode::kCancelled) return looked.error();
  return report;
}

}  // namespace switchyard
