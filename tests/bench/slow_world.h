#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "providers/provider.h"
#include "providers/sim/shared_world.h"

namespace switchyard::bench {

// A simulated world behind a provider that takes its time: each call is answered after `latency`, as many at once as
// the caller likes. It counts what it is asked. The world's time runs `speed` times as fast as the wall clock, so that
// deliveries of minutes take part of a second.
class SlowWorld {
 public:
  struct Options {
    std::chrono::milliseconds latency;
    std::int64_t speed;
  };
  explicit SlowWorld(Options options);

  // A provider and an agents' side that speak with this world, which outlives them.
  Connection connection();

  Result<Answer> call(const Call& call);

  std::int64_t lists() const { return lists_; }
  std::int64_t creates() const { return creates_; }
  std::int64_t switches() const { return switches_; }
  std::int64_t calls() const { return calls_; }
  // From the start of the first switch's create to the end of the last one's. Dispatchers are left out: theirs wait
  // until their switches are delivered.
  std::chrono::duration<double> creating() const;

 private:
  using Clock = std::chrono::steady_clock;

  const Options options_;
  const Clock::time_point start_ = Clock::now();
  SharedWorld world_;
  const Timestamp born_;
  std::atomic<std::int64_t> calls_ = 0;
  std::atomic<std::int64_t> lists_ = 0;
  std::atomic<std::int64_t> creates_ = 0;
  std::atomic<std::int64_t> switches_ = 0;
  std::atomic<Clock::rep> first_create_ = 0;
  std::atomic<Clock::rep> last_create_ = 0;
};

}  // namespace switchyard::bench
