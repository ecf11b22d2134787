#include "providers/agent/daemon/clock.h"

#include <thread>

namespace switchyard {

Timestamp SystemClock::now() {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

Duration SystemClock::running() {
  return std::chrono::floor<Duration>(std::chrono::steady_clock::now().time_since_epoch());
}

void SystemClock::wait(Duration length) {
  std::this_thread::sleep_for(length);
}

}  // namespace switchyard
