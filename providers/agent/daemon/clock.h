#pragma once

#include "specs/base/timestamp.h"

namespace switchyard {

// The time of a daemon's loop. An interface because time is the world: SystemClock is real, tests have one that jumps.
class Clock {
 public:
  virtual ~Clock() = default;

  virtual Timestamp now() = 0;             // the machine's clock; for what people see
  virtual Duration running() = 0;          // since some moment, never backwards; for deadlines and ages
  virtual void wait(Duration length) = 0;  // lets it pass
};

class SystemClock : public Clock {
 public:
  Timestamp now() override;
  Duration running() override;
  void wait(Duration length) override;
};

}  // namespace switchyard
