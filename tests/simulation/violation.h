#pragma once

#include <string>

namespace switchyard::simulation {

// Thrown where a law of design 4 is seen broken; it ends the run.
struct Violation {
  std::string law;  // "law 6: calls are not cut"
  std::string what;
};

// Thrown out of the engine where a kill -9 would strike: what was not committed by then is lost.
struct Killed {};

}  // namespace switchyard::simulation
