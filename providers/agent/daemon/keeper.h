#pragma once

#include <cstdint>
#include <string>

#include "providers/provider.h"

namespace switchyard {

// What the HTTPS service asks of the daemon. Any thread may call; nothing blocks longer than `patience`.
//
// Who may ask, and with which certificate, is the service's: it keeps its own files in folder()/identity, and the
// keeper neither reads nor writes them.
class Keeper {
 public:
  virtual ~Keeper() = default;

  // Notes durably the highest fencing number seen. Error: kFenced for a lower one. Asked before configure() and act().
  virtual Result<Done> admit(std::int64_t fence) = 0;

  // Keeps `wanted` durably and brings it into force. Done: it is in force, or, when `patience` ended first, under way;
  // a report shows which. Errors: kInvalid (the platform cannot do that), kRefused (the process did not take it; the
  // last good one is in force again), kConflict (its program cannot be started now), kStorage.
  virtual Result<Done> configure(const Configuration& wanted, Duration patience) = 0;

  // drain undrain flush upgrade restart stop start install. The process alone is meant, never the machine. Errors as
  // configure(), and kInvalid for another action.
  virtual Result<Done> act(Action action, Duration patience) = 0;

  // The newest report, at most a second old while the loop runs; `at` says how old.
  virtual AgentReport report() = 0;

  // The server's own folder (Place::folder).
  virtual const std::string& folder() const = 0;
};

}  // namespace switchyard
