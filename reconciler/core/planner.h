#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "reconciler/core/compare.h"
#include "reconciler/core/diff.h"
#include "reconciler/core/draft.h"
#include "reconciler/core/fleet_index.h"
#include "reconciler/core/peers.h"

namespace switchyard {

// One run of diff(): drafts are made for each resource (decide.cc), tied to each other (relate.cc), refused by gates
// where one refuses (gates.cc), and put in order (order.cc).
class Planner {
 public:
  explicit Planner(const DiffInput& input);
  Plan run();

 private:
  // decide.cc: what each resource needs, looked at alone.
  void decide_all();
  void decide(const Member& member);
  void decide_absent(const Member& member);
  void decide_present(const Member& member);
  bool decide_hanging(const Member& member, const ObservedServer& machine);
  void decide_name(const Member& member, const ObservedServer& machine);
  void decide_power(const Member& member, const ObservedServer& machine, std::optional<std::size_t> first);
  void decide_removal(const Member& member);
  void remove_machine(const Member& member, const ObservedServer& machine, std::string reason, bool destroys);
  Draft draft(const Member& member, Action action, const ObservedServer* machine, std::string reason) const;
  std::size_t add(Draft draft);

  // relate.cc: what the drafts mean for each other.
  void relate_creates();
  void relate_peers();
  bool rest_can_stay(const Member& member) const;
  void relate_removals_to_peers();

  // gates.cc: what must not be done now.
  void gate_alone(Draft& draft) const;
  void gate_account(Draft& draft, const std::string& name) const;
  void gate_failing(Draft& draft) const;
  void gate_reactivations();
  void gate_creates();
  void gate_destroys();
  void leave_down_what_goes();
  void gate_take_outs();
  void gate_take_out(Draft& draft, std::int64_t max_unavailable, const std::vector<Key>& returning);

  // diff.cc: what is told about it all.
  void account_for_money(Plan& plan) const;
  void judge_safety(Plan& plan) const;
  void tell_strangers(Plan& plan) const;
  void warn(Plan& plan) const;
  void warn_of_selectors(Plan& plan) const;
  void count(Plan& plan) const;

  bool selected(const Member& member) const;
  bool matches(const PlanOptions::Selector& selector, const Member& member) const;
  const Override* suspension_of(const Draft& made) const;
  const Override* override_of(const Key& resource, Override::What what) const;
  const Attempts* attempts_of(const Key& resource, Action action) const;
  bool disruption_allowed(const Key& resource) const;
  std::optional<Money> available(const DesiredAccount& account) const;
  // Servers that exist or are on their way: the n of the money rule.
  // Law 8, of an account's own. Its share is of what there was when the command began.
  std::int64_t destroy_limit(const DesiredAccount& account) const;
  std::int64_t removed_from(const std::string& account) const;
  std::int64_t servers_in(const std::string& account) const;
  std::optional<Rate> burn_of(const std::string& account) const;
  std::optional<Rate> price_of(const Draft& draft) const;
  // The catalogue's price of the size that is wanted.
  std::optional<Rate> offered_price(const Draft& draft) const;
  std::int64_t max_unavailable_of(const Draft& draft) const;
  std::string group_of(const Draft& draft) const;

  const DiffInput& in_;
  const DesiredFleet& desired_;
  FleetIndex fleet_;
  PeerIndex peers_;
  std::vector<Draft> drafts_;
  std::multimap<Key, std::size_t> by_resource_;
  std::map<Key, const OpenIntent*> open_;  // the first open intent of each resource
  std::set<Key> decided_;                  // wanted resources that were looked at
  std::set<Key> busy_;                     // those of them that a change, a hold or something under way stands for
  std::vector<Key> under_way_;
  std::vector<std::string> warnings_;
  std::set<std::string> late_accounts_;
};

}  // namespace switchyard
