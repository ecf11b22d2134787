#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "providers/sim/shared_world.h"
#include "reconciler/engine/engine.h"
#include "state/lock.h"
#include "state/store.h"
#include "tests/reconciler/wish.h"

namespace switchyard::testing {

// Thrown out of the engine where a kill -9 would strike: what was not committed by then is lost.
struct Killed {};

// What passes between engine and world, seen from outside. Checks law 3 at every call that changes the world.
class Witness {
 public:
  std::vector<std::string> trace;  // every call in its order: "create Server/a", "drain srv-3"; with the world's time
  bool keeps_trace = false;
  std::int64_t lives = -1;  // moments until the kill; negative: none
  int stop_after = -1;      // calls that change the world until somebody asks to stop; negative: nobody does
  int stops = 0;

  std::int64_t mutations = 0;
  // Runs before a call that changes the world is sent.
  std::function<void(const Call&)> before;
  // Whether a call reaches anybody at that moment of the engine's clock; empty: all do.
  std::function<bool(const Call&, Timestamp now)> reaches;
};

// One lock for many fleets: a test of hundreds of fleets need not make as many files.
std::unique_ptr<Lock> test_lock();

// A user with a folder of YAML, a state and embedded worlds, all in memory; each plan and apply is a command of its
// own, which reads what the one before left in the state.
class Fleet {
 public:
  struct Options {
    std::uint64_t seed = 1;
    Lock* lock = nullptr;  // nullptr: one of its own
  };
  explicit Fleet(std::string_view lines) : Fleet(lines, Options{}) {}
  Fleet(std::string_view lines, Options options);

  // Edits the YAML. False: it has errors, and the YAML before stays.
  bool try_want(std::string_view lines);
  void want(std::string_view lines);
  void want_files(const Files& files, const std::vector<std::string>& scope);
  const DesiredFleet& desired() const { return specs_.fleet; }

  Plan plan(const PlanOptions& options = {});
  ApplyReport apply(const PlanOptions& options = {});
  Result<ApplyReport> try_apply(const PlanOptions& options = {});
  ApplyReport apply_file(const Plan& plan);  // `apply PLANFILE`
  ApplyReport act(Action action, const Key& key, const PlanOptions& options = {});
  Result<ApplyReport> try_act(Action action, const Key& key, const PlanOptions& options = {});
  Result<Done> import_server(const Key& key, const std::string& id);
  // Applies again, with an hour between, until it has nothing to do and nothing is held; at most so often. The last
  // report.
  ApplyReport converge(const PlanOptions& options = {}, int times = 8);

  void override_as(Override::What what, const Key& resource);
  void lift(Override::What what, const Key& resource);
  void lose_state();  // rm state.db

  // The world by hand.
  Result<Json> ctl(const CtlCommand& command, std::string_view account = "main");
  std::vector<std::string> accounts() const;  // that have a world
  void balance(std::string_view amount);      // of every account
  void expire(std::string_view name) { did(ctl(CtlExpire{std::string(name)})); }
  void vanish(std::string_view name) { did(ctl(CtlVanish{std::string(name)})); }
  void power(std::string_view name, Power power) { did(ctl(CtlPower{std::string(name), power})); }
  void set(std::string_view name, std::string_view field, std::string_view value) {
    did(ctl(CtlSet{std::string(name), std::string(field), std::string(value)}));
  }
  void advance(Duration by);
  void calls(std::string_view name, std::int64_t number, std::optional<Duration> lasting = {}) {
    did(ctl(CtlCalls{std::string(name), number, lasting}));
  }
  // At every account's provider.
  void fault(FaultKind kind, std::optional<std::int64_t> times = 1, std::int64_t rate_ppm = 1'000'000);
  void no_faults();
  Json dump(std::string_view account = "main");
  // "a active", sorted; all servers there are.
  std::vector<std::string> world();
  Json server_of(std::string_view name);
  std::int64_t number(std::string_view field);  // of all accounts together

  // Everything in the state and the plans and progress so far, as text: what a canary must not be in.
  std::string everything_said();

  Witness witness;
  std::vector<std::string> progress;
  Store& store() { return *store_; }
  std::uint64_t seed;
  std::optional<Duration> timeout;  // --timeout of every command from now on

 private:
  struct Command;
  std::unique_ptr<Command> begin(bool writes);
  void take(LoadedSpecs specs);
  void did(const Result<Json>& done);
  Result<ApplyReport> carry_out(const std::function<Result<ApplyReport>(Engine&)>& what);
  ApplyReport done(const Result<ApplyReport>& report);

  std::unique_ptr<Lock> own_lock_;
  Lock* lock_;
  std::unique_ptr<Store> store_;
  LoadedSpecs specs_;
  struct World {
    std::shared_ptr<SharedWorld> shared;  // the connection's provider and agent share it as well
    Connection connection;
  };
  std::map<std::string, World> worlds_;
  std::uint64_t commands_ = 0;
  std::string said_;
};

// Whom a server knows, as its agent reports.
std::vector<std::string> acquaintances(Fleet& fleet, std::string_view name);

}  // namespace switchyard::testing
