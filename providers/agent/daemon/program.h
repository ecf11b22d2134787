#pragma once

#include <string>
#include <vector>

#include "specs/base/result.h"
#include "specs/base/timestamp.h"

namespace switchyard {

// What a program that ran to its end left behind.
struct ProgramRun {
  int status;        // 128 + number when a signal ended it
  std::string said;  // stdout and stderr together, at most 64 KB of it
};

// Runs a program to its end, without input; when `timeout` is over it is killed with its group.
// Errors: kNotFound (no such program), kOutcomeUnknown (timeout), kStorage (no more processes or pipes).
Result<ProgramRun> run_program(const std::vector<std::string>& arguments, Duration timeout);

// Tells one file on the disk from another without reading it: device, inode, size and time of change. Empty: not there.
// A name without a slash is looked up in PATH.
std::string identity_of_program(const std::string& name);

}  // namespace switchyard
