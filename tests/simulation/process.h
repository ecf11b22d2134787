#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "reconciler/engine/engine.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/universe.h"

namespace switchyard::simulation {

// The engine's clock and hands in a simulated universe.
class Wire : public Runner {
 public:
  Wire(Universe& universe, Disk& disk, const Lock& lock, int number)
      : universe_(universe), disk_(disk), lock_(lock), number_(number) {}
  ~Wire() override {
    universe_.network().forget(number_);
    universe_.laws().engine_ended();
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  Timestamp now() override { return universe_.machine_now(); }
  void start(CallId id, Call call) override;
  std::vector<Completion> wait(Timestamp due) override;
  int stops() override { return stops_; }

  void stop() { ++stops_; }
  // A new round: what it may take before it counts as one that never ends.
  void begin_round();

  std::int64_t changes_sent = 0;

 private:
  Universe& universe_;
  Disk& disk_;
  const Lock& lock_;
  int number_;
  int stops_ = 0;
  std::int64_t calls_left_ = 0;
  Timestamp must_end_{};
};

// One process that has the state open: `apply`, `action`, or the loop for as long as it lives.
class Process {
 public:
  // Error: kLocked and the like.
  static Result<std::unique_ptr<Process>> begin(Universe& universe, Disk& disk, LoadedSpecs specs, int number,
                                                std::string actor);

  // Takes up changed specs, as the loop does: lock and state stay.
  Result<Done> take_up(LoadedSpecs specs);
  // Looks, plans, applies, under the laws.
  Result<ApplyReport> round(std::optional<std::int64_t> max_destroy);
  Result<ApplyReport> act(Action action, const Key& key, const PlanOptions& options);
  Result<Done> renew() { return lock_->renew(); }

  const LoadedSpecs& specs() const { return specs_; }
  Wire& wire() { return *wire_; }
  const Lock& lock() const { return *lock_; }
  const Plan& last_plan() const { return last_plan_; }

  // kill -9.
  static void die(std::unique_ptr<Process> process, Disk& disk, Disk::Where where);

 private:
  Process(Universe& universe, Disk& disk, int number, std::string actor)
      : universe_(universe), disk_(disk), number_(number), actor_(std::move(actor)) {}
  Result<Done> make_engine();

  Universe& universe_;
  Disk& disk_;
  int number_;
  std::string actor_;
  int engines_ = 0;
  std::unique_ptr<Lock> lock_;
  std::unique_ptr<Store> store_;
  LoadedSpecs specs_;
  std::unique_ptr<Wire> wire_;
  std::unique_ptr<Engine> engine_;
  Plan last_plan_;
};

}  // namespace switchyard::simulation
