#include <algorithm>

#include "reconciler/core/planner.h"

// What each resource needs, looked at alone: one function a situation.
namespace switchyard {
namespace {

std::string quoted(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

bool protected_at_machine(const ObservedServer& machine) {
  if (!machine.agent) return false;
  const Result<Json> applied = parse_json(machine.agent->applied);
  return applied.ok() && applied->boolean_or("spec.protect", false);
}

}  // namespace

Draft Planner::draft(const Member& member, Action action, const ObservedServer* machine, std::string reason) const {
  Change change{.action = action,
                .resource = member.key,
                .account = {},
                .reason = std::move(reason),
                .after = {},
                .after_end = {},
                .effect = Effect::kLive,
                .fields = {},
                .source = {},
                .uid = {},
                .provider_id = {},
                .channels = std::nullopt};
  if (member.desired != nullptr) change.source = member.desired->source;
  if (machine != nullptr) {
    change.account = machine->account;
    change.uid = machine->mark ? machine->mark->uid : "";
    change.provider_id = machine->id;
  } else if (member.desired != nullptr) {
    change.account = member.desired->account;
  }
  Draft made(std::move(change));
  made.member = &member;
  made.machine = machine;
  made.priority = member.desired == nullptr ? 0 : member.desired->priority;
  return made;
}

std::size_t Planner::add(Draft made) {
  gate_alone(made);
  const Key key = made.change.resource;
  drafts_.push_back(std::move(made));
  by_resource_.emplace(key, drafts_.size() - 1);
  busy_.insert(key);
  return drafts_.size() - 1;
}

void Planner::decide_all() {
  for (const Member& member : fleet_.wanted()) {
    if (!selected(member)) continue;
    decided_.insert(member.key);
    if (in_.options.destroy_all) {
      decide_removal(member);
    } else {
      decide(member);
    }
  }
  for (const Member& member : fleet_.unwanted()) {
    if (selected(member)) decide_removal(member);
  }
  for (const Declaration* orphan : fleet_.orphans()) {
    Member member(orphan->resource);
    Change change{.action = Action::kDelete,
                  .resource = orphan->resource,
                  .account = orphan->account,
                  .reason = "no longer declared",
                  .after = {},
                  .after_end = {},
                  .effect = Effect::kLive,
                  .fields = {},
                  .source = {},
                  .uid = orphan->uid,
                  .provider_id = {},
                  .channels = std::nullopt};
    Draft made(std::move(change));
    hold(made, Gate::kDependency,
         "account " + quoted(orphan->account) +
             " is no longer declared, so its provider cannot be reached; restore the account until its servers are "
             "gone");
    drafts_.push_back(std::move(made));
    busy_.insert(orphan->resource);
  }
}

void Planner::decide(const Member& member) {
  for (const ObservedServer* server : member.late) {
    remove_machine(member, *server, "turned up late under a uid that was given up", false);
  }
  if (const auto at = open_.find(member.key); at != open_.end()) {
    const OpenIntent* open = at->second;
    const bool seen = member.current != nullptr && member.current->mark->uid == open->intent.uid;
    if (open->intent.action == Action::kCreate && !seen) {
      std::string reason = member.current == nullptr ? "is wanted and not there" : "takes the place of another";
      Draft made = draft(member, Action::kCreate, nullptr, std::move(reason));
      if (desired_.account(open->intent.account) == nullptr) {
        hold(made, Gate::kDependency,
             "a create sent at " + to_string(open->intent.written) + " in account " + quoted(open->intent.account) +
                 " has no known outcome, and that account is no longer declared, so nobody can look for it; restore "
                 "the account until it is found");
      }
      hold(made, Gate::kObservation,
           "a create sent at " + to_string(open->intent.written) +
               " has no known outcome; it is looked for before anything is sent again");
      add(std::move(made));
      return;
    }
    const ObservedAccount* account = fleet_.account(open->intent.account);
    const bool seen_now = account != nullptr && account->listed && !account->trouble;
    if (open->intent.action != Action::kCreate && !seen_now) {
      Draft made = draft(member, open->intent.action, member.current, "has no known outcome");
      hold(made, Gate::kObservation,
           "a " + std::string(to_string(open->intent.action)) + " sent at " + to_string(open->intent.written) +
               " has no known outcome, and account " + quoted(open->intent.account) +
               " cannot be seen now; it is looked for before anything is done to it");
      add(std::move(made));
      return;
    }
    if (open->intent.action != Action::kCreate) {
      under_way_.push_back(member.key);
      busy_.insert(member.key);
      return;
    }
  }
  if (member.current == nullptr) {
    decide_absent(member);
  } else {
    decide_present(member);
  }
}

void Planner::decide_absent(const Member& member) {
  if (member.missing != nullptr) {
    const ObservedServer& missing = *member.missing;
    Draft made = draft(member, Action::kCreate, nullptr, "has been missing since " + to_string(*missing.missing_since));
    hold(made, Gate::kObservation,
         "server " + quoted(missing.id) + " is missing from " + std::to_string(missing.missing_listings) +
             (missing.missing_listings == 1 ? " listing" : " listings") + " since " +
             to_string(*missing.missing_since) +
             "; it counts as gone once two complete listings a settling time apart lack it and its id is not found");
    add(std::move(made));
    return;
  }
  if (member.former != nullptr) {
    const ObservedServer& former = *member.former;
    const std::string& fleet = former.mark->fleet;
    Draft made = draft(member, Action::kCreate, nullptr, "is not there under this fleet's name");
    hold(made, Gate::kProtection,
         "server " + quoted(former.id) + " was made for it and is marked for fleet " + quoted(fleet) +
             "; another would be bought beside it. `fleet: " + fleet + "` in Account/" + former.account +
             " takes it up again; or remove it at its provider first");
    add(std::move(made));
    return;
  }
  const bool vanished = member.gone != nullptr;
  Draft made =
      draft(member, Action::kCreate, nullptr,
            vanished ? "server " + quoted(member.gone->id) + " is gone from its provider" : "is wanted and not there");
  const ObservedAccount* account = fleet_.account(member.desired->account);
  if (account != nullptr && account->catalogue) {
    const Catalogue& offers = *account->catalogue;
    if (!offers.regions.empty() && !std::ranges::binary_search(offers.regions, member.desired->region)) {
      hold(made, Gate::kProvider,
           "account " + quoted(account->name) + " offers no region " + quoted(member.desired->region));
    }
    if (!offers.sizes.empty() &&
        !std::ranges::binary_search(offers.sizes, member.desired->size, {}, &SizeOffer::name)) {
      hold(made, Gate::kProvider,
           "account " + quoted(account->name) + " offers no size " + quoted(member.desired->size));
    }
  }
  const std::size_t create = add(std::move(made));
  if (member.desired->power == Power::kStopped) {
    Draft stop = draft(member, Action::kStop, nullptr, "is wanted stopped");
    stop.change.effect = Effect::kReboot;
    stop.change.waits_for_zero_calls = true;
    stop.after.push_back(create);
    add(std::move(stop));
  }
}

void Planner::decide_present(const Member& member) {
  const ObservedServer& machine = *member.current;
  const ObservedAccount& account = *fleet_.account(machine.account);
  const Catalogue catalogue = account.catalogue.value_or(Catalogue{});
  const bool failed_delivery =
      !machine.delivered && machine.created && account.listed && catalogue.delivery_failed.count() > 0 &&
      (machine.phase == Phase::kFailed || *account.listed - *machine.created >= catalogue.delivery_failed);
  if (failed_delivery) {
    remove_machine(member, machine,
                   "was not delivered within " + to_string(catalogue.delivery_failed) + "; a new one is made after",
                   false);
    return;
  }
  if (machine.phase == Phase::kProvisioning || !machine.delivered) {
    under_way_.push_back(member.key);
    busy_.insert(member.key);
    if (machine.created && account.listed && catalogue.delivery.count() > 0 &&
        *account.listed - *machine.created >= catalogue.delivery) {
      warnings_.push_back(to_string(member.key) + " is late: ordered " +
                          for_people(*account.listed - *machine.created) + " ago, delivery takes up to " +
                          to_string(catalogue.delivery));
    }
    return;
  }
  // What a replacement left behind goes as soon as its successor serves, or stands still as it is wanted to.
  const bool rests = machine.phase == Phase::kStopped && member.desired->power == Power::kStopped;
  if (serving(machine) || rests) {
    for (const ObservedServer* old : member.superseded) {
      remove_machine(member, *old, "was replaced by server " + quoted(machine.id), true);
    }
  }
  if (machine.phase == Phase::kUpdating) {
    if (decide_hanging(member, machine)) return;
    under_way_.push_back(member.key);
    busy_.insert(member.key);
    return;
  }
  if (machine.phase == Phase::kFailed) {
    Draft cure = draft(member, Action::kRestart, &machine, "has failed at its provider");
    hold(cure, Gate::kProvider,
         "it has failed at its provider, and nothing climbs the ladder by itself; `switchyard action restart " +
             to_string(member.key) + "` is the mildest cure, os-cycle and power-cycle come after it");
    add(std::move(cure));
    return;
  }
  std::optional<std::size_t> first;
  if (machine.phase == Phase::kExpired) {
    if (member.desired->power == Power::kStopped) {
      decide_name(member, machine);
      return;
    }
    first = add(draft(member, Action::kReactivate, &machine, "has expired and is wanted running"));
  } else if (machine.phase == Phase::kStopped) {
    if (member.desired->power == Power::kStopped || override_of(member.key, Override::What::kStopped) != nullptr) {
      decide_name(member, machine);
      return;
    }
    first = add(draft(member, Action::kStart, &machine, "is stopped and wanted running"));
  }
  decide_power(member, machine, first);
}

// An action that was waited for in vain and still has not ended. Bringing back what does not run is asked for once
// more, which takes the place of what hangs; anything else is for a person, because calls may be up.
bool Planner::decide_hanging(const Member& member, const ObservedServer& machine) {
  if (machine.last_action_state != ObservedServer::ActionState::kRunning) return false;
  for (const Action action : {Action::kReactivate, Action::kStart}) {
    if (attempts_of(member.key, action) == nullptr || member.desired->power == Power::kStopped) continue;
    add(draft(member, action, &machine, "the last " + std::string(to_string(action)) + " has not ended"));
    return true;
  }
  const auto failed = std::ranges::find(in_.attempts, member.key, &Attempts::resource);
  if (failed == in_.attempts.end()) return false;
  Draft waits = draft(member, failed->action, &machine, "its provider is still busy with it");
  hold(waits, Gate::kProvider,
       "its provider has not ended what it is doing (" + failed->message + "); `switchyard action power-cycle " +
           to_string(member.key) + "` takes the place of what hangs");
  add(std::move(waits));
  return true;
}

// What differs on a machine that is to stay down is brought up when it is started again: a replacement too, which would
// pay for two machines of which none serves, and is told, because it is the other machine that costs until then. Its
// mark is changed at once: it would be lost with the former name when that is dropped from the YAML meanwhile.
void Planner::decide_name(const Member& member, const ObservedServer& machine) {
  const ObservedAccount& account = *fleet_.account(machine.account);
  std::vector<FieldChange> fields =
      compare_fields(desired_, *member.desired, member, account.catalogue.value_or(Catalogue{}), in_.fingerprints);
  const auto moves = std::ranges::find(fields, Effect::kReplace, &FieldChange::effect);
  if (moves != fields.end()) {
    warnings_.push_back(to_string(member.key) + " stands still and stays where it is: " + moves->path +
                        " differs, and it is replaced when it is started again");
  }
  std::erase_if(fields, [](const FieldChange& field) { return field.path != "metadata.name"; });
  if (fields.empty()) return;
  Draft rename = draft(member, Action::kUpdate, &machine, "metadata.name differs");
  rename.change.effect = worst_effect(fields);
  rename.change.fields = std::move(fields);
  add(std::move(rename));
}

// A machine that is delivered and runs, or will once `first` is done.
void Planner::decide_power(const Member& member, const ObservedServer& machine, std::optional<std::size_t> first) {
  if (member.desired->power == Power::kStopped) {
    // What differs besides is brought up when it is started again.
    Draft stop = draft(member, Action::kStop, &machine, "runs and is wanted stopped");
    stop.change.effect = Effect::kReboot;
    add(std::move(stop));
    return;
  }
  const ObservedAccount& account = *fleet_.account(machine.account);
  const Catalogue catalogue = account.catalogue.value_or(Catalogue{});
  if (!machine.agent && catalogue.agents) {
    Draft update = draft(member, Action::kUpdate, &machine, "its configuration is not known");
    hold(update, Gate::kObservation, "no agent has reported from it yet, so that nobody knows what is in force there");
    add(std::move(update));
    return;
  }
  std::vector<FieldChange> fields = compare_fields(desired_, *member.desired, member, catalogue, in_.fingerprints);
  bool disrupts = false;
  if (!fields.empty()) {
    const Effect effect = worst_effect(fields);
    const bool replaces = effect == Effect::kReplace;
    Draft change =
        draft(member, replaces ? Action::kReplace : Action::kUpdate, &machine,
              fields.size() == 1 ? fields.front().path + " differs" : std::to_string(fields.size()) + " fields differ");
    change.change.effect = effect;
    change.change.fields = std::move(fields);
    change.destroys = replaces;
    // A replacement makes a machine of its own: it waits for nothing that happens to the old one.
    if (first && !replaces) change.after.push_back(*first);
    if (replaces && member.desired->protect) {
      hold(change, Gate::kProtection,
           "it is protected and only a replacement brings this about; `protect: false` lifts it");
    }
    if (replaces && member.missing != nullptr) {
      hold(change, Gate::kObservation,
           "server " + quoted(member.missing->id) + " was ordered in its place and no listing shows it yet");
    }
    disrupts = ends_calls(effect);
    const std::size_t added = add(std::move(change));
    if (replaces) return;  // nothing more is done to a machine that goes
    if (!first) first = added;
  }
  if (!machine.agent) return;
  if (member.desired->auto_upgrade && !machine.agent->pending_release.empty() && machine.phase != Phase::kStopped) {
    Draft upgrade = draft(member, Action::kUpgrade, &machine,
                          "release " + machine.agent->pending_release + " is pending and autoUpgrade is on");
    upgrade.change.effect = Effect::kRestart;
    if (first) upgrade.after.push_back(*first);
    if (machine.agent->channels.value_or(1) != 0) {
      hold(upgrade, Gate::kChannels,
           machine.agent->channels
               ? "autoUpgrade waits for zero channels; " + std::to_string(*machine.agent->channels) + " calls are up"
               : "autoUpgrade waits for zero channels; how many calls are up is not known");
    }
    add(std::move(upgrade));
    disrupts = true;
  }
  if (machine.agent->drained && !disrupts && override_of(member.key, Override::What::kDrained) == nullptr &&
      machine.phase != Phase::kStopped && machine.phase != Phase::kExpired) {
    Draft undrain =
        draft(member, Action::kUndrain, &machine, "is drained though no change and no override asks for it");
    if (first) undrain.after.push_back(*first);
    add(std::move(undrain));
  }
}

void Planner::decide_removal(const Member& member) {
  for (const ObservedServer* server : member.late) {
    remove_machine(member, *server, "turned up late under a uid that was given up", false);
  }
  std::string reason = in_.options.destroy_all ? "everything declared here is to go" : "is no longer declared";
  std::vector<const ObservedServer*> machines = member.superseded;
  if (member.current != nullptr) machines.insert(machines.begin(), member.current);
  if (in_.options.destroy_all) {
    machines.insert(machines.end(), member.doubles.begin(), member.doubles.end());
    if (open_.contains(member.key) && machines.empty()) under_way_.push_back(member.key);
  }
  for (const ObservedServer* machine : machines) remove_machine(member, *machine, reason, true);
}

void Planner::remove_machine(const Member& member, const ObservedServer& machine, std::string reason, bool destroys) {
  Draft removal = draft(member, Action::kDelete, &machine, std::move(reason));
  removal.change.effect = Effect::kReplace;
  removal.destroys = destroys;
  const bool leaves = member.desired == nullptr || in_.options.destroy_all;
  const bool protect = (member.desired != nullptr && member.desired->protect) ||
                       (member.declaration != nullptr && member.declaration->protect) ||
                       (member.desired == nullptr && protected_at_machine(machine));
  if (destroys && leaves && protect) {
    hold(removal, Gate::kProtection,
         "it is protected; to lift it, declare it with `protect: false`, apply, and remove it again");
  }
  add(std::move(removal));
}

}  // namespace switchyard
