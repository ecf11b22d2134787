#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "specs/base/timestamp.h"

// What befalls a simulated fleet, drawn from a seed before the first step, so that parts of it can be left out and the
// rest still means the same.
namespace switchyard::simulation {

// One thing that happens at a given time. Which server it strikes and how hard follows from `draw` and from what is
// there when it happens.
struct Incident {
  enum class What {
    // The operator.
    kEdit,      // edits the YAML
    kAct,       // asks for an action by hand
    kOverride,  // suspends a server or freezes an account for a while
    kPart,      // applies one file of the folder alone
    kLift,      // applies with --max-destroy
    kStop,      // interrupts the command that runs
    kIntruder,  // starts a second engine on the same state
    // The world.
    kBalance,
    kExpire,
    kVanish,
    kPower,
    kDrift,
    kRelease,
    kCalls,
    kFault,
    // The machine that the engine runs on.
    kKill,
    kClock,        // its clock jumps
    kSlowDisk,     // what is synced takes long
    kSlowNetwork,  // calls and answers take long, and overtake each other
  };
  int number;   // its place in the schedule as it was drawn
  Duration at;  // since the beginning
  What what;
  std::uint64_t draw;
  Duration lasts;  // of a fault, slowness, calls, an override

  friend bool operator==(const Incident&, const Incident&) = default;
};
inline constexpr std::size_t kIncidentKinds = 19;

std::string_view word_of(Incident::What what);
// "#12 kill".
std::string to_text(const Incident& incident);

struct Schedule {
  std::uint64_t seed;
  Duration length;                  // the time in which things happen; calm comes after it
  Duration interval;                // from one round of the engine to the next while nothing happens
  int rounds;                       // that one process of the engine lives for
  std::vector<Incident> incidents;  // by time
};

Schedule draw_schedule(std::uint64_t seed, Duration length);
// The same with these incidents alone.
Schedule only(const Schedule& schedule, const std::vector<int>& numbers);

}  // namespace switchyard::simulation
