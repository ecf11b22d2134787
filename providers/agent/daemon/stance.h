#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "providers/agent/daemon/driver.h"

namespace switchyard {

// How a server stands apart from its configuration: what it was told that has to survive every restart. Kept in
// stance.json and salt of its folder. After a crash each change is there whole or not at all.
class Stance {
 public:
  // Reads what is kept; makes the salt at the first time. Errors: kStorage, kUnreadable.
  static Result<Stance> open(const std::string& folder);

  Traffic traffic() const { return traffic_; }
  Power power() const { return power_; }
  std::int64_t fence() const { return fence_; }
  // Until when calls may go on that no process counts any more; nothing: all calls are counted.
  std::optional<Timestamp> uncounted_until() const { return uncounted_until_; }
  const std::string& salt() const { return salt_; }

  // Durable when they return. Error: kStorage; then nothing has changed.
  Result<Done> set(Traffic traffic);
  Result<Done> set(Power power);
  Result<Done> set_uncounted_until(std::optional<Timestamp> until);
  // Error: kFenced for a number below the highest seen.
  Result<Done> admit(std::int64_t fence);

 private:
  explicit Stance(std::string folder) : folder_(std::move(folder)) {}
  Result<Done> write(const Stance& next);

  std::string folder_;
  Traffic traffic_ = Traffic::kTaken;
  Power power_ = Power::kRunning;
  std::int64_t fence_ = 0;
  std::optional<Timestamp> uncounted_until_;
  std::string salt_;
};

}  // namespace switchyard
