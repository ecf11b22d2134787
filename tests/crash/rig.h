#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "providers/sim/shared_world.h"
#include "reconciler/engine/engine.h"
#include "state/lock.h"
#include "tests/crash/point_runner.h"
#include "tests/reconciler/wish.h"
#include "tests/support/sim_disk.h"

namespace switchyard::testing {

// Thrown out of a command where its process dies.
struct Died {};

// A user with YAML, worlds in memory, and a state on a simulated disk. Every command takes the lock, opens the state,
// does its work and closes both, as the program does; it dies at the fatal one of its points.
class Rig {
 public:
  struct Options {
    std::uint64_t seed = 1;
    Duration lease = std::chrono::hours(2);
  };
  Rig(const std::string& folder, Options options);

  void want(std::string_view lines);

  // Each throws Died; an error of a command that lives is a failure of the test.
  ApplyReport apply(const PlanOptions& options = {});
  ApplyReport apply_file(const Plan& plan);
  ApplyReport act(Action action, const Key& key, const PlanOptions& options = {},
                  const Json& arguments = Json::Object{});
  void import_server(const Key& key, const std::string& id);
  void put_override(Override::What what, const Key& key);
  void lift_override(Override::What what, const Key& key);
  Plan plan(const PlanOptions& options = {});
  // Applies, with an hour between, until nothing is to be done any more.
  ApplyReport converge(const PlanOptions& options = {});
  void lose_state() { disk_.restore({}); }

  // The world by hand, as `switchyard sim ctl` has it.
  Json ctl(const CtlCommand& command, const std::string& account = "main");
  void calls(const std::string& name, std::int64_t number, std::optional<Duration> lasting = {}) {
    ctl(CtlCalls{name, number, lasting});
  }
  void set(const std::string& name, const std::string& field, const std::string& value) {
    ctl(CtlSet{name, field, value});
  }
  void fault(FaultKind kind, std::int64_t times, std::int64_t rate_ppm = 1'000'000) {
    ctl(CtlFault{Fault{.kind = kind, .rate_ppm = rate_ppm, .times = times}});
  }
  void end_faults();  // and the rate limit
  std::string id_of(const std::string& name);
  std::string given_up_uid();  // of the create that was given up first

  // From here on points are counted; the command dies at `fatal`, if there are so many.
  void count_points(std::optional<std::int64_t> fatal);
  const Points& points() const { return points_; }
  // After Died: what the disk has kept, and whether the call that was about to be sent arrives all the same.
  void start_again(PowerLoss loss, std::optional<int> calls_before_late);

  // What can be seen when all is over.
  struct Picture {
    std::vector<std::string> servers;        // "main Server/a active lon1 s-1vcpu-2gb release 2.0", sorted
    std::map<std::string, std::string> ids;  // "main Server/a" -> "sim-1"
    std::vector<std::string> overrides;
    std::vector<std::string> holds;  // of the last plan: "create Server/a: balance"
    std::size_t changes = 0;         // of the last plan
    std::int64_t created = 0;
    std::int64_t refused_for_money = 0;
    std::int64_t calls_cut = 0;
    std::vector<std::string> open_intents;  // "update Server/a"
    std::vector<std::string> complaints;    // of the doctor
  };
  Picture picture(const PlanOptions& options = {});
  std::string trail(std::int64_t lines);  // the end of the audit trail
  Deeds& deeds() { return deeds_; }

 private:
  template <class Work>
  void command(const Work& work);
  ApplyReport carry_out(const std::function<Result<ApplyReport>(Engine&)>& what);
  void write(Batch batch);
  std::unique_ptr<Runner> make_runner(Store& store);
  [[noreturn]] void die(const Call* sending);
  void check_alive() const;

  std::string path_;
  Options options_;
  SimDisk disk_;
  LoadedSpecs specs_;
  struct World {
    std::shared_ptr<SharedWorld> shared;  // the connection's provider and agent share it as well
    Connection connection;
  };
  std::map<std::string, World> worlds_;
  std::uint64_t commands_ = 0;
  bool counting_ = false;
  Points points_;
  Points uncounted_;
  Deeds deeds_;
  std::optional<Call> dying_call_;
  std::optional<LateCall> late_;
};

}  // namespace switchyard::testing
