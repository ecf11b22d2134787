#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/crash/scenarios.h"

namespace switchyard::testing {

// One death: where, and what it leaves.
struct Trial {
  std::int64_t point;  // from 1
  PowerLoss loss{};
  std::optional<int> late{};            // a call that was about to leave arrives, before so many calls of the next life
  std::optional<std::int64_t> again{};  // the next command dies as well, at this point of its own
};

// As words of `./dev crash`: "--point 12 --loss torn --seed 4 --late 2".
std::string to_text(const Trial& trial);

// A scenario that was once carried out without a death, to compare with.
class Ordeal {
 public:
  Ordeal(const Scenario& scenario, std::string folder);

  std::int64_t points() const { return points_; }
  // Dies there, starts again, converges, compares. Every law that is broken is a failure of the running test. False:
  // there is no such point.
  bool run(const Trial& trial);

 private:
  struct End {
    Rig::Picture picture;
    Deeds deeds;
    int exit_code = 0;
  };
  void prepare(Rig& rig);
  void give_command(Rig& rig) const;
  End finish(Rig& rig) const;
  void compare(Rig& rig, const End& end, const Trial& trial) const;
  Rig::Options rig_options() const { return {.seed = 7, .lease = scenario_.lease}; }

  const Scenario& scenario_;
  std::string folder_;
  std::int64_t points_ = 0;
  std::map<std::string, std::string> ids_before_;
  End as_commanded_;                  // had nobody died
  std::optional<End> as_if_nothing_;  // had the command never been given; of those that are all or nothing
};

}  // namespace switchyard::testing
