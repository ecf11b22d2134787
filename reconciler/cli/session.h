#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/cli/context.h"
#include "reconciler/engine/engine.h"
#include "reconciler/record/recorder.h"
#include "specs/load.h"
#include "state/lock.h"
#include "state/store.h"

namespace switchyard {

// All that a command needs to plan or act on a fleet: specs, state, lock, connections, runner and engine, made in that
// order and ended in the opposite one.
class Session {
 public:
  enum class Access {
    kReadOnly,  // no lock, nothing is written, no call changes the world
    kReadWrite,
  };
  struct Options {
    Access access;
    EngineOptions engine;
    std::shared_ptr<Recorder> recorder{};  // --record; nullptr: none
  };
  // How long the lock's lease is; it is renewed as long as the command works.
  static constexpr Duration kLease = std::chrono::seconds(60);

  // Errors: those of the lock, the store, connections and the engine's start.
  static Result<std::unique_ptr<Session>> open(const Context& context, LoadedSpecs specs, const Options& options);

  const LoadedSpecs& specs() const { return specs_; }
  const DesiredFleet& fleet() const { return specs_.fleet; }
  Store& store() { return *store_; }
  Lock* lock() { return lock_.get(); }  // nullptr when read-only
  Engine& engine() { return *engine_; }
  Runner& runner() { return *runner_; }
  Recorder* recorder() { return options_.recorder.get(); }  // nullptr: nothing is recorded

  // Whether all accounts live in embedded worlds, so that the engine's clock is theirs.
  bool embedded() const { return embedded_; }
  // Of embedded worlds: how fast they walk while the engine waits; 0: they jump.
  std::int64_t pace() const { return pace_; }

  // Takes up changed specs: accounts may have come or gone, so everything but store and lock is made anew. An account
  // that cannot be connected leaves all as it was.
  Result<Done> take_up(const Context& context, LoadedSpecs specs);
  // The state was written by somebody else: reads it again.
  Result<Done> recall(const Context& context);

 private:
  // The accounts' connections, and who calls through them.
  struct Links {
    std::map<std::string, Connected> connected;
    std::unique_ptr<Runner> runner;  // refers to them
    bool embedded = false;
    std::int64_t pace = 0;
  };

  Session() = default;
  Result<Links> connect_all(const Context& context, const DesiredFleet& fleet) const;
  Result<Done> begin(Links links);

  Options options_{.access = Access::kReadOnly, .engine = {}};
  LoadedSpecs specs_;
  std::unique_ptr<Lock> lock_;
  std::unique_ptr<Store> store_;
  std::map<std::string, Connected> connected_;
  std::unique_ptr<Runner> runner_;
  std::unique_ptr<Engine> engine_;
  bool embedded_ = false;
  std::int64_t pace_ = 0;
};

// What the engine is told about a command that only looks; its seed is random.
EngineOptions engine_options(const Context& context);
// With --reason, --parallelism and --timeout.
EngineOptions engine_options(const Context& context, const Arguments& arguments);

// --record FILE: what is recorded to; nullptr without it. Error: kInvalid (the file is there), kStorage.
Option record_option();
Result<std::shared_ptr<Recorder>> open_record(const Context& context, const Arguments& arguments);

}  // namespace switchyard
