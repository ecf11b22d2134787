#pragma once

#include <string>
#include <vector>

#include "specs/base/result.h"
#include "specs/base/timestamp.h"

namespace switchyard::kamailio {

// What a program said before it ended.
struct Said {
  int exit_code;     // -1: a signal ended it
  std::string text;  // stdout and stderr as they came, at most 256 kB
};

// Runs a program to its end, without stdin. Past `timeout` it is killed. Errors: kNotSent when it cannot be started,
// kOutcomeUnknown when it did not end in time.
Result<Said> run_program(const std::vector<std::string>& arguments, Duration timeout);

}  // namespace switchyard::kamailio
