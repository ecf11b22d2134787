#pragma once

#include <map>
#include <set>
#include <vector>

#include "reconciler/engine/workshop.h"

namespace switchyard {

// How long apply waits for what is under way without it: deliveries, and servers that an earlier run, killed since, or
// somebody else has set to work. Longer than that it is told as held, never passed over.
class Patience {
 public:
  explicit Patience(Workshop& shop);

  // Whether anything of it is still worth waiting for. What hangs after an action of ours counts as a failure of that
  // action from then on, so that the next plan asks for it again or holds it. Error: of the store.
  Result<bool> waits(const std::vector<Key>& under_way);

  // The accounts that could be seen when this began, cannot be seen now and have something held: for a few minutes it
  // is worth waiting until their providers answer again.
  std::vector<std::string> outages(const Plan& plan);

  // One hold for each resource that a plan leaves under way. Error: of the store.
  Result<std::vector<Hold>> holds(const Plan& plan);

 private:
  // The newest action on its machine that the journal knows of; nothing: none.
  Result<std::optional<Intent>> last_action(const Key& key);
  Result<Done> give_up(const Key& key);

  Workshop& shop_;
  std::map<Key, Timestamp> since_;  // engine's clock: seen under way without a break from then on
  std::set<std::string> seen_;      // accounts that could be seen when this began
  std::map<std::string, Timestamp> unseen_since_;
  std::set<Key> given_up_;
};

}  // namespace switchyard
