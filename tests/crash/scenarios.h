#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/crash/rig.h"

namespace switchyard::testing {

// A fleet as it was, what happened to it, and the command that is to be killed at each of its points.
struct Scenario {
  std::string name;
  std::string before;                          // what was wanted and is there; empty: nothing yet
  std::string after{};                         // what is wanted now; empty: the same
  std::function<void(Rig&)> meanwhile{};       // in the world, before the command
  std::function<void(Rig&)> command{};         // none: one apply
  enum class Then { kApply, kRepeat } then{};  // what the operator does after the crash: applies, or the command first
  // Asked for by hand: happened or not, but never half and never twice; not done by an apply that follows.
  bool all_or_nothing = false;
  PlanOptions options{};
  Duration lease = std::chrono::hours(2);
  // So short a lease is renewed in every turn, and written when the machine's clock has moved: how many points there
  // are then varies.
  bool is_lease_short() const { return lease < std::chrono::minutes(1); }
};

// One for every kind of change, every action by hand, and every class of error.
const std::vector<Scenario>& scenarios();

}  // namespace switchyard::testing
