#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "specs/base/result.h"
#include "specs/base/timestamp.h"

namespace switchyard {

// A process that belongs to a local server. Whose it is says its environment, which it got from whoever started it and
// hands on to its children: SWITCHYARD_SERVER is the absolute path of its server's folder. Its number alone is no
// identity, because numbers are given again; with the moment it began it is one.
struct ServerProcess {
  pid_t pid;
  std::uint64_t began;                 // in the kernel's ticks since the machine booted
  std::string folder;                  // its server's
  std::vector<std::string> arguments;  // as it was started

  friend bool operator==(const ServerProcess&, const ServerProcess&) = default;
};

// Every process whose server's folder lies in `folder` (an absolute path), but for this one and those it was started
// by. Processes of other users are not seen, and could not be ended either. Ordered by pid.
std::vector<ServerProcess> processes_below(const std::string& folder);

// Whether it is a server's agent, not what the agent runs.
bool is_agent(const ServerProcess& process);

// How processes are ended: asked first and killed after `patience`, or killed at once.
struct Ending {
  Duration patience{};
};

// Ends processes, and what they start meanwhile, agents first so that nothing is started again. True: none is left.
bool end_processes(const std::string& folder, const Ending& ending);

struct Program {
  std::vector<std::string> command;  // an absolute path first
  std::string folder;                // the server's: its working folder, and what SWITCHYARD_SERVER says
  std::string log;                   // what it prints is added here
};

// Starts it in a session of its own, as nobody's child, so that it outlives whoever started it. Error: kStorage, where
// it could not be started at all; of what it does after that only it can tell.
Result<Done> start_detached(const Program& program);

}  // namespace switchyard
