#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "providers/sim/faults.h"
#include "tests/simulation/schedule.h"
#include "tests/simulation/trace.h"
#include "tests/simulation/violation.h"

namespace switchyard::simulation {

// What a run came to, in numbers.
struct Figures {
  Duration simulated{};
  std::int64_t rounds = 0;
  std::int64_t processes = 0;
  std::int64_t calls = 0;
  std::int64_t kills = 0;
  std::int64_t intruders_refused = 0;
  std::int64_t takeovers = 0;
  std::array<std::int64_t, kFaultKinds> struck{};
  std::map<std::string, std::int64_t> happened;  // incidents, by kind
  std::map<std::string, std::int64_t> asserted;  // laws

  void add(const Figures& other);
};

struct Verdict {
  std::optional<Violation> violation;
  std::uint64_t hash;
  std::vector<std::string> trace;
  Figures figures;
};

// A fleet's life under one schedule: trouble first, then calm, in which it has to converge and stay. One thread; the
// same schedule gives the same trace.
Verdict simulate(const Schedule& schedule, Trace::Keep keep);

}  // namespace switchyard::simulation
