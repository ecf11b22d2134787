#include "reconciler/core/diff.h"

#include <algorithm>
#include <tuple>

#include "reconciler/core/membership.h"
#include "reconciler/core/money.h"
#include "reconciler/core/planner.h"

namespace switchyard {
namespace {

constexpr std::chrono::hours kRunwayWarning{7 * 24};
constexpr std::chrono::hours kRunwayAlarm{72};

bool is_bought(Action action) {
  return action == Action::kCreate || action == Action::kReplace;
}

}  // namespace

Plan diff(const DiffInput& input) {
  return Planner(input).run();
}

Planner::Planner(const DiffInput& input)
    : in_(input),
      desired_(input.desired),
      fleet_(input.desired, input.observed, input.declarations, input.given_up),
      peers_(fleet_) {
  for (const OpenIntent& open : input.open_intents) open_.emplace(open.intent.resource, &open);
}

Plan Planner::run() {
  decide_all();
  gate_reactivations();
  gate_creates();
  gate_destroys();
  leave_down_what_goes();
  gate_take_outs();
  relate_creates();
  relate_peers();
  relate_removals_to_peers();

  Plan plan;
  plan.desired_digest = desired_.digest;
  for (const ObservedAccount& account : in_.observed) {
    if (!account.listed) continue;
    const auto age = [&](Timestamp listed, std::optional<Timestamp> looked) {
      return in_.now - looked.value_or(listed);
    };
    if (!plan.observed_at || age(*account.listed, account.looked) > age(*plan.observed_at, plan.looked_at)) {
      plan.observed_at = account.listed;
      plan.looked_at = account.looked;
    }
  }
  plan.changes = in_order(drafts_);
  for (const Draft& made : drafts_) {
    if (made.hold && !made.dropped) plan.holds.push_back(*made.hold);
  }
  std::ranges::sort(plan.holds, [](const Hold& a, const Hold& b) {
    return std::tie(a.resource, a.action, a.account, a.reason) < std::tie(b.resource, b.action, b.account, b.reason);
  });
  plan.overrides.assign(in_.overrides.begin(), in_.overrides.end());
  for (const Member& member : fleet_.wanted()) {
    if (member.current != nullptr && member.declaration == nullptr) plan.adopted.push_back(member.key);
  }
  std::ranges::sort(under_way_);
  plan.under_way = under_way_;
  account_for_money(plan);
  judge_safety(plan);
  tell_strangers(plan);
  warn(plan);
  count(plan);
  for (const Attempts& attempts : in_.attempts) {
    if (attempts.next_try > in_.now && (!plan.valid_until || attempts.next_try < *plan.valid_until)) {
      plan.valid_until = attempts.next_try;
    }
  }
  for (const Override& said : in_.overrides) {
    if (said.until && (!plan.valid_until || *said.until < *plan.valid_until)) plan.valid_until = said.until;
  }
  return plan;
}

void Planner::account_for_money(Plan& plan) const {
  for (const DesiredAccount& account : desired_.accounts) {
    const ObservedAccount* observed = fleet_.account(account.name);
    AccountMoney money;
    money.account = account.name;
    money.reserve = account.reserve;
    money.available = available(account);
    if (observed != nullptr) {
      money.servers = servers_in(account.name);
      money.burn = burn_of(account.name);
    }
    money.burn_after = money.burn;
    const auto and_then = [&](std::optional<Rate> price, std::int64_t sign) {
      if (!money.burn_after || !price) {
        money.burn_after.reset();
      } else {
        money.burn_after = sign > 0 ? *money.burn_after + *price : *money.burn_after - *price;
      }
    };
    for (const Draft& made : drafts_) {
      if (!made.goes()) continue;
      const bool pays = made.member != nullptr && made.member->desired != nullptr
                            ? made.member->desired->account == account.name
                            : made.change.account == account.name;
      if (is_bought(made.change.action) && pays) {
        ++money.affordable;
        and_then(price_of(made), 1);
      }
      if (made.change.action == Action::kReactivate && pays) and_then(price_of(made), 1);
      const auto resizes = [](const FieldChange& field) { return field.path == "spec.size"; };
      if (made.change.action == Action::kUpdate && pays && std::ranges::any_of(made.change.fields, resizes)) {
        and_then(offered_price(made), 1);
        and_then(made.machine->price, -1);
      }
      const bool leaves = made.change.action == Action::kDelete || made.change.action == Action::kReplace;
      if (leaves && made.change.account == account.name && runs(*made.machine)) and_then(made.machine->price, -1);
    }
    if (money.available) {
      const Money above = *money.available - account.reserve;
      if (money.burn) money.runway = lasts(above, *money.burn);
      if (money.burn_after) money.runway_after = lasts(above, *money.burn_after);
    }
    plan.balances.push_back(std::move(money));
  }
}

// How thin it gets on the way: what is removed is gone, and of what is taken out in turn the largest maxUnavailable are
// out together. What the plan adds is not counted on.
void Planner::judge_safety(Plan& plan) const {
  for (const DesiredAccount& account : desired_.accounts) {
    std::int64_t here = 0;
    for (const Draft& made : drafts_) {
      if (made.destroys && !made.dropped && made.change.account == account.name) ++here;
    }
    plan.safety.destroys += here;
    std::string limit;
    if (in_.options.destroy_all) {
      limit = "none";
    } else if (in_.options.max_destroy) {
      limit = std::to_string(*in_.options.max_destroy);
    } else if (account.max_destroy.percent) {
      limit = std::to_string(account.max_destroy.number) + "% (" + std::to_string(destroy_limit(account)) + ")";
    } else {
      limit = std::to_string(account.max_destroy.number);
    }
    if (desired_.accounts.size() == 1) {
      plan.safety.destroy_limit = limit;
    } else if (here > 0) {
      plan.safety.destroy_limit += (plan.safety.destroy_limit.empty() ? "" : ", ") + account.name + ": " + limit;
    }
  }
  std::map<std::string, std::vector<std::int64_t>> in_turn;
  std::map<std::string, std::int64_t> removed;
  for (const Draft& made : drafts_) {
    if (!made.goes() || made.machine == nullptr || !ends_calls(made.change.effect)) continue;
    plan.safety.calls_affected += made.change.channels.value_or(0);
    if (!serving(*made.machine)) continue;
    const std::string group = group_of(made);
    if (!group.starts_with("cluster ")) continue;
    const std::int64_t channels = made.member->desired != nullptr ? made.member->desired->channels : 0;
    const bool replaced = made.change.action == Action::kReplace || made.member->current != made.machine;
    if (replaced) continue;
    if (made.change.action == Action::kDelete || made.change.action == Action::kStop) {
      removed[group.substr(8)] += channels;
    } else {
      in_turn[group.substr(8)].push_back(channels);
    }
  }
  for (const DesiredCluster& cluster : desired_.clusters) {
    if (!in_turn.contains(cluster.name) && !removed.contains(cluster.name)) continue;
    Safety::Capacity capacity{.cluster = cluster.name, .now = 0, .lowest = 0, .in_use = 0};
    for (const Member* member : peers_.group("cluster " + cluster.name)) {
      if (member->current == nullptr || !serving(*member->current)) continue;
      capacity.now += member->desired->channels;
      if (member->current->agent) capacity.in_use += member->current->agent->channels.value_or(0);
    }
    std::vector<std::int64_t>& turns = in_turn[cluster.name];
    std::ranges::sort(turns, std::greater<>());
    std::int64_t out = removed[cluster.name];
    for (std::size_t i = 0; i < turns.size() && i < static_cast<std::size_t>(cluster.max_unavailable); ++i) {
      out += turns[i];
    }
    capacity.lowest = capacity.now - out;
    plan.safety.lowest.push_back(std::move(capacity));
  }
}

void Planner::tell_strangers(Plan& plan) const {
  const auto tell = [&](const ObservedServer& server, std::string why) {
    plan.unmanaged.push_back(Unmanaged{
        .account = server.account, .id = server.id, .name = server.name, .price = server.price, .why = std::move(why)});
  };
  for (const FleetIndex::Stranger& stranger : fleet_.strangers()) tell(*stranger.server, stranger.why);
  for (const Member& member : fleet_.wanted()) {
    for (const ObservedServer* twin : member.doubles) {
      tell(*twin, "carries the mark of " + to_string(member.key) + ", which is server \"" + member.current->id + "\"");
    }
  }
  std::ranges::sort(plan.unmanaged, [](const Unmanaged& a, const Unmanaged& b) {
    return std::tie(a.account, a.name, a.id) < std::tie(b.account, b.name, b.id);
  });
}

// A name that was mistyped selects nothing, and a plan without changes looks as if all were well.
void Planner::warn_of_selectors(Plan& plan) const {
  const auto check = [&](std::string_view option, const PlanOptions::Selector& selector) {
    const auto fits = [&](const Member& member) { return matches(selector, member); };
    if (std::ranges::any_of(fleet_.wanted(), fits) || std::ranges::any_of(fleet_.unwanted(), fits)) return;
    const std::string shown = selector.resource ? to_string(*selector.resource) : selector.label + "=" + selector.value;
    plan.warnings.push_back("--" + std::string(option) + " " + shown + ": no server is meant by it; mistyped?");
  };
  for (const PlanOptions::Selector& target : in_.options.target) check("target", target);
  for (const PlanOptions::Selector& exclude : in_.options.exclude) check("exclude", exclude);
  for (const Key& key : in_.options.allow_disruption) {
    check("allow-disruption", PlanOptions::Selector{.resource = key, .label = {}, .value = {}});
  }
}

void Planner::warn(Plan& plan) const {
  plan.warnings = warnings_;
  warn_of_selectors(plan);
  for (const Member& member : fleet_.wanted()) {
    if (member.current == nullptr || !member.current->expires || member.current->phase == Phase::kExpired) continue;
    const ObservedAccount* account = fleet_.account(member.current->account);
    if (account == nullptr || !account->listed) continue;
    const Duration left = *member.current->expires - *account->listed;
    if (left < kRunwayWarning) {
      plan.warnings.push_back(to_string(member.key) + " expires in " + for_people(std::max(left, Duration(0))) +
                              ", at " + to_string(*member.current->expires));
    }
  }
  for (const AccountMoney& money : plan.balances) {
    const std::optional<std::chrono::seconds>& runway = money.runway_after ? money.runway_after : money.runway;
    if (!runway || *runway >= kRunwayWarning || !money.burn_after || money.burn_after->micro_minor_per_hour == 0)
      continue;
    const std::string how = *runway < kRunwayAlarm ? "under 72 hours" : "under 7 days";
    plan.warnings.push_back("the balance of account \"" + money.account + "\" lasts " + for_people(Duration(*runway)) +
                            " with this plan, " + how + ": top it up, or servers expire");
  }
  std::ranges::sort(plan.warnings);
}

void Planner::count(Plan& plan) const {
  for (const Change& change : plan.changes) {
    switch (change.action) {
      case Action::kCreate:
        ++plan.summary.create;
        break;
      case Action::kUpdate:
        ++plan.summary.update;
        break;
      case Action::kReplace:
        ++plan.summary.replace;
        break;
      case Action::kDelete:
        ++plan.summary.remove;
        break;
      case Action::kInstall:
      case Action::kStart:
      case Action::kStop:
      case Action::kRestart:
      case Action::kOsCycle:
      case Action::kPowerCycle:
      case Action::kReactivate:
      case Action::kResize:
      case Action::kFlush:
      case Action::kUpgrade:
      case Action::kDrain:
      case Action::kUndrain:
        ++plan.summary.action;
        break;
    }
  }
  plan.summary.held = static_cast<std::int64_t>(plan.holds.size());
  for (const Key& key : decided_) {
    if (!busy_.contains(key)) ++plan.summary.unchanged;
  }
}

bool Planner::matches(const PlanOptions::Selector& selector, const Member& member) const {
  if (!selector.resource) {
    return member.desired != nullptr && std::ranges::any_of(member.desired->labels, [&](const auto& label) {
             return label.first == selector.label && label.second == selector.value;
           });
  }
  // What is no longer wanted is selected by its own name alone.
  if (member.desired == nullptr) return *selector.resource == member.key;
  return is_meant(
      *selector.resource,
      NamedServer{
          .key = member.key, .account = member.desired->account, .desired = member.desired, .machine = member.current});
}

bool Planner::selected(const Member& member) const {
  const auto fits = [&](const PlanOptions::Selector& selector) { return matches(selector, member); };
  if (std::ranges::any_of(in_.options.exclude, fits)) return false;
  return in_.options.target.empty() || std::ranges::any_of(in_.options.target, fits);
}

const Override* Planner::override_of(const Key& resource, Override::What what) const {
  const auto order = [](const Override& said) { return std::tie(said.resource, said.what); };
  const auto at = std::ranges::lower_bound(in_.overrides, std::tie(resource, what), {}, order);
  return at != in_.overrides.end() && at->resource == resource && at->what == what ? &*at : nullptr;
}

const Attempts* Planner::attempts_of(const Key& resource, Action action) const {
  const auto order = [](const Attempts& one) { return std::tie(one.resource, one.action); };
  const auto at = std::ranges::lower_bound(in_.attempts, std::tie(resource, action), {}, order);
  return at != in_.attempts.end() && at->resource == resource && at->action == action ? &*at : nullptr;
}

bool Planner::disruption_allowed(const Key& resource) const {
  return std::ranges::find(in_.options.allow_disruption, resource) != in_.options.allow_disruption.end();
}

std::optional<Money> Planner::available(const DesiredAccount& account) const {
  if (in_.options.what_if_balance) return Money{in_.options.what_if_balance->minor, account.currency};
  const ObservedAccount* observed = fleet_.account(account.name);
  if (observed == nullptr || !observed->balance || observed->balance->amount.currency != account.currency)
    return std::nullopt;
  return available_balance(observed->balance->amount, account.credit_line);
}

std::int64_t Planner::removed_from(const std::string& account) const {
  const auto at = in_.removed.find(account);
  return at == in_.removed.end() ? 0 : at->second;
}

std::int64_t Planner::destroy_limit(const DesiredAccount& account) const {
  if (!account.max_destroy.percent) return account.max_destroy.number;
  const std::int64_t servers = servers_in(account.name) + removed_from(account.name);
  return std::max<std::int64_t>(1, servers * account.max_destroy.number / 100);
}

std::int64_t Planner::servers_in(const std::string& account) const {
  const ObservedAccount* observed = fleet_.account(account);
  std::int64_t count = 0;
  if (observed != nullptr) {
    for (const ObservedServer& server : observed->servers) count += server.confirmed_gone ? 0 : 1;
  }
  std::set<std::string_view> on_their_way;
  for (const OpenIntent& open : in_.open_intents) {
    if (open.intent.action == Action::kCreate && open.intent.account == account) on_their_way.insert(open.intent.uid);
  }
  if (observed != nullptr && !on_their_way.empty()) {
    for (const ObservedServer& server : observed->servers) {
      if (server.mark) on_their_way.erase(server.mark->uid);
    }
  }
  return count + static_cast<std::int64_t>(on_their_way.size());
}

std::optional<Rate> Planner::burn_of(const std::string& account) const {
  const DesiredAccount* declared = desired_.account(account);
  const ObservedAccount* observed = fleet_.account(account);
  Rate burn{0, declared == nullptr ? Currency{} : declared->currency};
  if (observed == nullptr) return burn;
  for (const ObservedServer& server : observed->servers) {
    if (!runs(server)) continue;
    if (!server.price || server.price->currency != burn.currency) return std::nullopt;
    burn = burn + *server.price;
  }
  return burn;
}

// By the hour: of a machine its own price, of one to be made the catalogue's.
std::optional<Rate> Planner::price_of(const Draft& made) const {
  if (!is_bought(made.change.action) && made.machine != nullptr && made.machine->price) return made.machine->price;
  return offered_price(made);
}

std::optional<Rate> Planner::offered_price(const Draft& made) const {
  if (made.member == nullptr || made.member->desired == nullptr) return std::nullopt;
  const ObservedAccount* account = fleet_.account(made.member->desired->account);
  if (account == nullptr || !account->catalogue) return std::nullopt;
  const auto offer =
      std::ranges::lower_bound(account->catalogue->sizes, made.member->desired->size, {}, &SizeOffer::name);
  if (offer == account->catalogue->sizes.end() || offer->name != made.member->desired->size) return std::nullopt;
  return offer->price;
}

std::int64_t Planner::max_unavailable_of(const Draft& made) const {
  const DesiredServer* wanted = made.member->desired;
  const std::optional<std::string> name = wanted == nullptr                   ? std::nullopt
                                          : wanted->role == Role::kDispatcher ? wanted->balancer_cluster
                                                                              : wanted->cluster;
  const DesiredCluster* cluster = name ? desired_.cluster(*name) : nullptr;
  return cluster == nullptr ? 1 : cluster->max_unavailable;
}

std::string Planner::group_of(const Draft& made) const {
  if (made.member != nullptr && made.member->desired != nullptr) return PeerIndex::group_of(*made.member->desired);
  return made.machine == nullptr ? "" : PeerIndex::group_of(*made.machine);
}

}  // namespace switchyard
