#pragma once

#include <map>
#include <set>
#include <string>

#include "reconciler/engine/executor.h"
#include "reconciler/engine/workshop.h"

namespace switchyard {

struct Engine::Impl {
  Impl(Store& store, Lock* lock, Runner& runner, EngineOptions options);

  // Looks at the named accounts at once and waits until all looks have ended.
  Result<Done> look_at(const std::set<std::string>& accounts);
  // A change that an earlier program made.
  void recall(const DoneChange& change);
  // Machines that the journal says were ordered and that no listing has shown yet (law 3).
  Result<Done> expect_what_was_ordered();
  // Takes up marked servers that this state did not know, and drops declarations that nothing stands for any more.
  void adopt();
  void update_open_intents();
  // Writes down what is held and what is ready, for `get` and `describe`.
  Result<Done> update_conditions(const Plan& plan);

  // settle.cc
  Result<Done> settle();
  // Whether nothing has come up since all was settled; and since all that follows from a look was taken up as well.
  bool is_settled() { return settled_at == shop.observer.version() && shop.hands.open().empty(); }
  bool is_known_for_sure() { return is_settled() && learnt_at == shop.observer.version(); }
  bool settle_intent(const Intent& intent, const std::map<std::string, Timestamp>& look_from);
  Result<Done> confirm_missing(bool& waiting);

  // Notes what the engine was asked for, for a record.
  void asked(std::string_view what, const PlanOptions* options = nullptr, const Plan* plan = nullptr);
  Plan plan(const PlanOptions& options);
  Result<ApplyReport> apply(const Plan& approved, const PlanOptions& options, Scope scope,
                            const std::function<void(const Progress&)>& progress);
  Result<ApplyReport> act(Action action, const std::vector<Key>& servers, const Json& arguments,
                          const PlanOptions& options, const std::function<void(const Progress&)>& progress);

  Workshop shop;
  std::optional<Timestamp> deadline;  // machine's clock
  std::int64_t settled_at = -1;       // the version at which nothing was left to settle
  std::int64_t learnt_at = -1;        // the version at the end of the last observe()
};

}  // namespace switchyard
