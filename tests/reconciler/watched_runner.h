#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reconciler/engine/runner.h"
#include "tests/reconciler/fleet_fixture.h"

namespace switchyard::testing {

// A runner that looks on: notes calls, asserts that no call that changes the world goes without an intent in the store
// (law 3), stops the program or kills it at a chosen moment.
class WatchedRunner : public Runner {
 public:
  WatchedRunner(std::unique_ptr<Runner> inner, Store& store, Witness& witness)
      : inner_(std::move(inner)), store_(store), witness_(witness) {}

  Timestamp now() override { return inner_->now(); }
  void start(CallId id, Call call) override;
  std::vector<Completion> wait(Timestamp due) override;
  int stops() override { return witness_.stops; }

 private:
  void moment();  // one at which a kill may strike

  std::unique_ptr<Runner> inner_;
  Store& store_;
  Witness& witness_;
  std::vector<Completion> unsent_;  // answers to calls that reached nobody
};

}  // namespace switchyard::testing
