#pragma once

#include <optional>
#include <string>
#include <vector>

#include "providers/agent/daemon/driver.h"
#include "specs/base/timestamp.h"

namespace switchyard {

// The process of this server that runs, as noted durably when it was started.
struct RunningProcess {
  int pid;
  Timestamp since;  // this machine's clock
  Json note;        // what was given to start()

  friend bool operator==(const RunningProcess&, const RunningProcess&) = default;
};

// Starts and ends the one process of this server. An interface because other processes are the world: Supervisor does
// it for real, tests have a small world of their own. One thread.
class Processes {
 public:
  virtual ~Processes() = default;

  // Nothing: it does not run (any more).
  virtual std::optional<RunningProcess> running() = 0;

  // How the last one ended, when it did so by itself: "ended with status 255". Empty when it runs, was stopped, or
  // never ran.
  virtual std::string death() = 0;

  // Who else holds one of these sockets; empty: nobody. Our own running process does not count.
  virtual std::string held_by_others(const std::vector<Listens>& sockets) = 0;

  // Starts it in a session of its own. What was left of an earlier one is ended first; nothing is started while
  // somebody else holds one of the sockets. Errors: kConflict (that), kStorage.
  virtual Result<Done> start(const Rendered& rendered, Json note) = 0;

  // Ends it: asks, waits 10 s, kills the whole group. Nothing of it is left afterwards. kConflict if something is.
  virtual Result<Done> stop() = 0;

  // What it said about trouble since its start, shortened; for an error's message.
  virtual std::string words() = 0;
};

}  // namespace switchyard
