#include <algorithm>
#include <tuple>

#include "reconciler/core/membership.h"
#include "reconciler/core/money.h"
#include "reconciler/core/planner.h"

// What must not be done now, and what would lift it. Money: domain.md "Money"; bulk: law 8; calls: law 6.
namespace switchyard {
namespace {

// Who gets the balance first: priority high to low, then name.
void by_turn(std::vector<Draft*>& drafts) {
  std::ranges::sort(drafts, [](const Draft* a, const Draft* b) {
    return std::make_tuple(-a->priority, std::cref(a->change.resource)) <
           std::make_tuple(-b->priority, std::cref(b->change.resource));
  });
}

std::string calls(std::int64_t number) {
  return std::to_string(number) + (number == 1 ? " call" : " calls");
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string quoted(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

std::string until(const Override& said) {
  return said.until ? ", until " + to_string(*said.until) : "";
}

}  // namespace

// A person's word to leave the server, or all that it belongs to, alone.
const Override* Planner::suspension_of(const Draft& made) const {
  const NamedServer server{.key = made.change.resource,
                           .account = made.change.account,
                           .desired = made.member == nullptr ? nullptr : made.member->desired,
                           .machine = made.machine};
  const auto found = std::ranges::find_if(in_.overrides, [&](const Override& said) {
    return said.what == Override::What::kSuspended && is_meant(said.resource, server);
  });
  return found == in_.overrides.end() ? nullptr : &*found;
}

// The gates that depend on nothing else: a person's word, a look that failed, a back-off.
void Planner::gate_alone(Draft& made) const {
  const Change& change = made.change;
  gate_account(made, change.account);
  // A replacement is bought in the account that its successor stands in.
  const bool buys = change.action == Action::kReplace && made.member != nullptr && made.member->desired != nullptr;
  if (buys && made.member->desired->account != change.account) gate_account(made, made.member->desired->account);
  gate_failing(made);
}

void Planner::gate_account(Draft& made, const std::string& name) const {
  if (const Override* frozen = override_of(Key{Kind::kAccount, name}, Override::What::kFrozen)) {
    const bool first = !made.hold;
    hold(made, Gate::kOverride,
         "account " + quoted(name) + " was frozen by " + frozen->who + until(*frozen) + ": " + frozen->why +
             "; `switchyard unfreeze " + name + "` lifts it");
    if (first) made.hold->until = frozen->until;
  } else if (const Override* suspended = suspension_of(made); suspended != nullptr && !made.hold) {
    hold(made, Gate::kOverride,
         (suspended->resource == made.change.resource ? "" : to_string(suspended->resource) + " was ") +
             "suspended by " + suspended->who + until(*suspended) + ": " + suspended->why + "; `switchyard resume " +
             to_string(suspended->resource) + "` lifts it");
    made.hold->until = suspended->until;
  }
  const ObservedAccount* account = fleet_.account(name);
  if (account == nullptr || !account->listed) {
    std::string why = "account " + quoted(name) + " was never observed";
    if (account != nullptr && account->trouble) why += ": " + account->trouble->message;
    hold(made, Gate::kObservation, why + "; nothing is done to what cannot be seen");
  } else if (account->trouble) {
    hold(made, Gate::kObservation,
         "the newest look at account " + quoted(name) + " failed: " + account->trouble->message +
             "; it is done once a listing is complete again");
  }
}

// A change that failed lately waits out its back-off.
void Planner::gate_failing(Draft& made) const {
  const Attempts* attempts = attempts_of(made.change.resource, made.change.action);
  if (attempts == nullptr || attempts->next_try <= in_.now) return;
  const std::string times = attempts->failures == 1 ? "once" : std::to_string(attempts->failures) + " times";
  hold(made, Gate::kProvider,
       "failed " + times + " in a row, last: " + attempts->message + "; next try at " + to_string(attempts->next_try));
  if (made.hold->gate == Gate::kProvider) made.hold->until = attempts->next_try;
}

void Planner::gate_reactivations() {
  for (const DesiredAccount& account : desired_.accounts) {
    std::vector<Draft*> turn;
    for (Draft& made : drafts_) {
      if (made.goes() && made.change.action == Action::kReactivate && made.change.account == account.name) {
        turn.push_back(&made);
      }
    }
    if (turn.empty()) continue;
    by_turn(turn);
    const std::optional<Money> has = available(account);
    if (!has) {
      for (Draft* made : turn) {
        hold(*made, Gate::kObservation, "the balance of account \"" + account.name + "\" was never observed");
      }
      continue;
    }
    std::vector<std::optional<Rate>> prices;
    prices.reserve(turn.size());
    for (const Draft* made : turn) prices.push_back(price_of(*made));
    const std::vector<ReactivationVerdict> verdicts =
        decide_reactivations(*has, account.reserve, account.minimum_runway, burn_of(account.name), prices);
    for (std::size_t i = 0; i < turn.size(); ++i) {
      const ReactivationVerdict& verdict = verdicts[i];
      switch (verdict.what) {
        case ReactivationVerdict::What::kGo:
          break;
        case ReactivationVerdict::What::kUnknownPrice:
          hold(*turn[i], Gate::kRunway,
               "the hourly price of what runs in account \"" + account.name +
                   "\" or of this server is not known, so nobody can say how long the balance lasts");
          late_accounts_.insert(account.name);
          break;
        case ReactivationVerdict::What::kShort:
          hold(*turn[i], Gate::kRunway,
               "all that then runs needs " + for_people(verdict.needs) + " for " + to_string(account.minimum_runway) +
                   (account.reserve.minor > 0 ? " above a reserve of " + for_people(account.reserve) : "") + "; " +
                   for_people(*has) + " is there, " + for_people(verdict.short_by) + " short");
          turn[i]->hold->needs = verdict.needs;
          turn[i]->hold->short_by = verdict.short_by;
          late_accounts_.insert(account.name);
          break;
      }
    }
  }
}

void Planner::gate_creates() {
  for (const DesiredAccount& account : desired_.accounts) {
    std::vector<Draft*> turn;
    for (Draft& made : drafts_) {
      const bool buys = made.change.action == Action::kCreate || made.change.action == Action::kReplace;
      const std::string& payer = made.member != nullptr && made.member->desired != nullptr
                                     ? made.member->desired->account
                                     : made.change.account;
      if (made.goes() && buys && payer == account.name) turn.push_back(&made);
    }
    if (turn.empty()) continue;
    by_turn(turn);
    const std::optional<Money> has = available(account);
    const DepositRule rule{account.deposit_base, account.deposit_per_server, account.reserve};
    const std::int64_t others = servers_in(account.name);
    std::int64_t place = 0;
    for (Draft* made : turn) {
      if (late_accounts_.contains(account.name)) {
        hold(*made, Gate::kRunway,
             "reactivation comes before deployment: a wanted server of account \"" + account.name +
                 "\" waits for runway");
        continue;
      }
      if (!has) {
        hold(*made, Gate::kObservation, "the balance of account \"" + account.name + "\" was never observed");
        continue;
      }
      const std::int64_t n = others + place++;
      const Money needs = deposit_needed(rule, n);
      const Money missing = short_by(rule, *has, needs);
      if (missing.minor == 0) continue;
      hold(*made, Gate::kBalance,
           with_others(n) + " it needs " + for_people(needs) +
               (account.reserve.minor > 0 ? " above a reserve of " + for_people(account.reserve) : "") + "; " +
               for_people(*has) + " is there, " + for_people(missing) + " short");
      made->hold->needs = needs;
      made->hold->short_by = missing;
    }
  }
}

void Planner::gate_destroys() {
  if (in_.options.destroy_all) return;
  for (const DesiredAccount& account : desired_.accounts) {
    // What another gate holds counts as well, or a crowd would go in small groups as their holds lift, of one apply
    // even. What is protected goes only when a person says so of it.
    std::vector<Draft*> destroys;
    std::int64_t wanted = removed_from(account.name);
    for (Draft& made : drafts_) {
      if (!made.destroys || made.dropped || made.change.account != account.name) continue;
      if (made.goes()) destroys.push_back(&made);
      if (made.goes() || made.hold->gate != Gate::kProtection) ++wanted;
    }
    const std::int64_t limit = in_.options.max_destroy.value_or(destroy_limit(account));
    if (wanted <= limit) continue;
    for (Draft* made : destroys) {
      hold(*made, Gate::kLimit,
           std::to_string(wanted) + " servers of account \"" + account.name +
               "\" would be destroyed and the limit is " + std::to_string(limit) + "; `--max-destroy " +
               std::to_string(wanted) + "` lifts it");
    }
  }
}

// A machine that is down and goes is not brought up first: it would take calls, and nobody would drain it (law 6). One
// whose replacement is held comes up, since it is wanted running.
void Planner::leave_down_what_goes() {
  for (const Draft& made : drafts_) {
    if (made.change.action != Action::kReplace || !made.goes()) continue;
    const auto [from, to] = by_resource_.equal_range(made.change.resource);
    for (auto at = from; at != to; ++at) {
      Draft& revival = drafts_[at->second];
      if (revival.change.action != Action::kStart && revival.change.action != Action::kReactivate) continue;
      revival.dropped = true;
    }
  }
}

// A change that ends calls goes only where they can be waited for (law 6), at most maxUnavailable at a time.
void Planner::gate_take_outs() {
  std::vector<Key> returning;
  for (const Draft& made : drafts_) {
    const Action action = made.change.action;
    const bool down = made.machine != nullptr && is_down(*made.machine);
    const bool back = action == Action::kStart || action == Action::kReactivate || action == Action::kUndrain ||
                      (action == Action::kReplace && down);
    if (back && made.goes()) returning.push_back(made.change.resource);
  }
  std::map<std::string, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < drafts_.size(); ++i) {
    Draft& made = drafts_[i];
    if (!made.goes() || made.machine == nullptr || !ends_calls(made.change.effect)) continue;
    const std::int64_t max_unavailable = max_unavailable_of(made);
    gate_take_out(made, max_unavailable, returning);
    if (!made.goes() || !made.change.waits_for_zero_calls) continue;
    const std::string group = group_of(made);
    // A removal takes its turn by what the others carry, not by maxUnavailable: it does not come back. A replacement
    // takes nothing out: its successor serves before the old one goes.
    const bool leaves = made.change.action == Action::kDelete || made.change.action == Action::kReplace;
    if (group.empty() || leaves) continue;
    // Those that come back first make room; then one after the other, maxUnavailable at a time.
    for (const Key& key : returning) {
      const auto [from, to] = by_resource_.equal_range(key);
      for (auto at = from; at != to; ++at) {
        if (at->second != i && drafts_[at->second].goes() && group_of(drafts_[at->second]) == group &&
            drafts_[at->second].change.resource != made.change.resource) {
          made.after_end.push_back(at->second);
        }
      }
    }
    std::vector<std::size_t>& before = groups[group];
    const auto width = static_cast<std::size_t>(max_unavailable);
    if (before.size() >= width) made.after_end.push_back(before[before.size() - width]);
    before.push_back(i);
  }
}

void Planner::gate_take_out(Draft& made, std::int64_t max_unavailable, const std::vector<Key>& returning) {
  const TakeOut judged = judge_take_out(*made.member, *made.machine, peers_, max_unavailable, returning);
  const bool idle = !made.machine->delivered || is_down(*made.machine);
  if (idle) {
    made.change.channels = 0;
  } else if (made.machine->agent) {
    made.change.channels = made.machine->agent->channels;
  }
  if (disruption_allowed(made.change.resource)) return;
  // Also where nothing runs now: by the time its turn comes it may have been started.
  made.change.waits_for_zero_calls = true;
  const bool active =
      made.machine->delivered && (made.machine->phase == Phase::kActive || made.machine->phase == Phase::kDraining);
  if (!active) return;
  // A replacement's successor takes the calls of the old machine, whatever the others can carry.
  const bool own_successor = made.change.action == Action::kReplace;
  const std::string or_cut = "; `--allow-disruption " + to_string(made.change.resource) + "` cuts them";
  switch (judged.verdict) {
    case TakeOut::Verdict::kGo:
      break;
    case TakeOut::Verdict::kUnknown:
      hold(made, Gate::kObservation, "how many calls are on it is not known, and unknown is not zero" + or_cut);
      break;
    case TakeOut::Verdict::kNoPeer:
      if (own_successor) break;
      hold(made, Gate::kChannels,
           calls(judged.channels) + " on it and no other server takes its calls; it waits until they have ended" +
               or_cut);
      break;
    case TakeOut::Verdict::kTooMany:
      if (own_successor || made.change.action == Action::kDelete) break;
      hold(made, Gate::kCapacity,
           std::to_string(judged.out.size()) + " of " + group_of(made) + (judged.out.size() == 1 ? " is" : " are") +
               " out of service already (" + joined(judged.out) + ") and maxUnavailable is " +
               std::to_string(max_unavailable));
      break;
    case TakeOut::Verdict::kTooSmall:
      if (own_successor) break;
      hold(made, Gate::kCapacity,
           "the others of " + group_of(made) + " carry " + calls(judged.remaining) + " at the most and " +
               std::to_string(judged.in_use) + " are up; it goes once fewer are");
      break;
  }
}

}  // namespace switchyard
