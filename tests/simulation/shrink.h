#pragma once

#include <functional>

#include "tests/simulation/schedule.h"

namespace switchyard::simulation {

// Whether what is looked for still happens under a schedule.
using Fails = std::function<bool(const Schedule&)>;

struct Shrunk {
  Schedule schedule;
  int runs;  // how often it was tried
};

// Leaves out incidents, by halves and then one by one, while it still fails; tries at most so often. What is left
// fails, and with tries to spare no incident in it can be left out.
Shrunk shrink(const Schedule& failing, const Fails& fails, int most_runs);

}  // namespace switchyard::simulation
