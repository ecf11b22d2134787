#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "specs/base/result.h"
#include "specs/base/timestamp.h"
#include "state/machine_clock.h"

namespace switchyard {

// One writer (law 11). The lock is a row in the state file (owner, pid, host, since, expiry, fencing number) and an
// flock on a file beside it: an owner on this host whose flock is gone is dead and is replaced at once; otherwise the
// lock is free after its expiry. Time here is the machine's clock.
class Lock {
 public:
  struct Owner {
    std::string who;  // the actor
    std::string host;
    std::int64_t pid;
    Timestamp since;
    Timestamp expires;
    std::int64_t fence;
  };

  // Waits up to `timeout`. Errors: kLocked ("held by ben@host (pid 412) since 18:04:11 ..., until ..."), kStorage.
  static Result<std::unique_ptr<Lock>> acquire(const std::string& state_path, const std::string& who, Duration lease,
                                               Duration timeout, MachineClock clock = machine_now);
  ~Lock();  // releases

  std::int64_t fence() const;
  // When the lease ends on the machine's clock; no call may start whose deadline (with a margin) lies behind it.
  Timestamp expires() const;
  // Extends the lease from now. Error: kFenced when somebody took over.
  Result<Done> renew();
  // True when the previous owner was replaced before its expiry: calls of it may still be in flight.
  bool took_over_from_the_dead() const;

 private:
  struct Impl;
  explicit Lock(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace switchyard
