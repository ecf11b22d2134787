#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/core/diff.h"
#include "reconciler/engine/runner.h"
#include "specs/load.h"
#include "state/lock.h"
#include "state/machine_clock.h"
#include "state/store.h"

namespace switchyard {

// How far one change has come, or what keeps all changes of an account waiting, for progress shown to people.
struct Progress {
  enum class What { kStarted, kStep, kDone, kHeld, kFailed, kStale, kAccountWaits, kAccountAnswers };
  What what;
  int change_id;                 // 0: it is told of an account as a whole
  std::optional<Action> action;  // nothing: likewise
  Key resource;                  // or the account
  std::string text;  // "waits for delivery", "draining, 12 calls left", the reason of a failure, why an account waits
  int ended;         // changes that have ended so far
  int total;
  Timestamp at;                         // engine's clock
  int waiting = 0;                      // changes that wait for the account
  std::optional<Timestamp> next_try{};  // of an account that waits: when it is asked again; nothing: just now
};

// What an apply came to. Of several, the exit code is the first of 1, 4, 5, 3, 0.
struct ApplyReport {
  int changes_done = 0;
  std::vector<Hold> holds;            // what is still held at the end
  std::vector<std::string> failures;  // changes that failed and were not retried to success: exit 1
  std::vector<std::string> stale;     // preconditions that no longer held (law 9): exit 5
  bool interrupted = false;           // exit 4
  int exit_code() const;
};

struct EngineOptions {
  std::string actor;
  std::string reason;                       // --reason
  std::optional<std::int64_t> parallelism;  // over the accounts' limits.concurrency
  std::optional<Duration> timeout;          // --timeout, machine's clock
  std::uint64_t seed = 0;                   // of uids and jitter; the program gives a random one
  Duration call_timeout = std::chrono::seconds(30);
  MachineClock machine_clock = machine_now;
};

// Everything that was learnt about the world, and what it means: kept in memory by the engine, stored by it as it goes.
struct WorldView {
  std::vector<ObservedAccount> accounts;
  std::vector<OpenIntent> open_intents;
  std::vector<Attempts> attempts;
  std::vector<Override> overrides;
  std::vector<Declaration> declarations;
  std::vector<GivenUp> given_up;
  std::map<std::pair<Key, std::string>, std::string> fingerprints;
};

// One engine for one command. One thread uses it.
class Engine {
 public:
  // `lock` is nullptr for commands that only read (plan, drift): nothing is then written and no call changes the world.
  Engine(Store& store, Lock* lock, Runner& runner, EngineOptions options);
  ~Engine();

  // Takes up a desired fleet (of `specs`, which must outlive its use here).
  Result<Done> want(const LoadedSpecs& specs);

  // Reads what the store knows. No call is made.
  Result<Done> recall();
  // Looks: catalogue, balance and complete listings of every account of the desired fleet. A failing account is noted
  // in its ObservedAccount::trouble; only a failing store is an error.
  Result<Done> observe();
  // Finds out what became of open intents of earlier runs, over the settling time where needed, and whether what is
  // missing is gone (law 4). Only with a lock.
  Result<Done> settle();

  Plan plan(const PlanOptions& options);
  const WorldView& view() const;
  // Counts up with everything that is learnt or done and that a plan could depend on; that time goes on is no change.
  std::int64_t version() const;
  Timestamp now() const;

  // Carries out an approved plan, and what follows from it (creates that a removal made affordable, servers that failed
  // and are tried again), until nothing more can be done. `strict`: from a plan file, nothing beyond its changes,
  // but that the others of a cluster's bus are told who came and who went with them.
  enum class Scope { kFollowUp, kStrict };
  Result<ApplyReport> apply(const Plan& approved, const PlanOptions& options, Scope scope,
                            const std::function<void(const Progress&)>& progress);

  // One action asked for by hand, through the same journal, gates and audit trail.
  Result<ApplyReport> act(Action action, const std::vector<Key>& servers, const Json& arguments,
                          const PlanOptions& options, const std::function<void(const Progress&)>& progress);

  // Marks an existing server as ours: `import KIND/NAME --id ID`.
  Result<Done> import_server(const Key& key, const std::string& account, const std::string& id);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace switchyard
