#pragma once

#include <string>
#include <vector>

namespace switchyard::testing {

// A fleet of the real program in a folder of its own, and the command that is killed there.
struct RealScenario {
  std::string name;
  std::string before;                                 // YAML that is there; empty: nothing yet
  std::string after{};                                // YAML that is wanted now; empty: the same
  std::vector<std::vector<std::string>> meanwhile{};  // words of `sim ctl` on the world before the command
  std::vector<std::string> command{"apply", "fleet.yaml", "--auto-approve"};
  bool repeats = false;  // the operator gives the same command again before he applies
  bool served = false;   // over HTTP, by `switchyard sim`
  bool by_hand = false;  // happened or not, whatever the others
};

const std::vector<RealScenario>& real_scenarios();

}  // namespace switchyard::testing
