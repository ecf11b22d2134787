#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>

#include "providers/http/transport.h"
#include "specs/base/result.h"

namespace switchyard {

// Decides when a request may go out: at most so many at once, at most so many a minute, and not before the far end
// wants to hear of us again. The machine's steady clock. Thread-safe.
class Pace {
 public:
  using Clock = std::chrono::steady_clock;

  Pace(int concurrency, std::optional<std::int64_t> requests_per_minute)
      : concurrency_(concurrency), requests_per_minute_(requests_per_minute) {}

  // Waits for a place; each success is followed by leave(). Errors: kNotSent (no place before the deadline, or before
  // `give_up`), kRateLimited (not before the deadline; with retry_after).
  Result<Done> enter(Clock::time_point deadline, const std::stop_token& give_up = {});
  void leave();

  // Slows later requests down as an answer's 429, ratelimit-remaining, ratelimit-reset and retry-after ask for.
  void heed(const HttpAnswer& answer);

 private:
  std::optional<Clock::time_point> not_before(Clock::time_point now);

  const int concurrency_;
  const std::optional<std::int64_t> requests_per_minute_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int under_way_ = 0;
  std::deque<Clock::time_point> sent_;  // within the last minute, where requests_per_minute is set
  Clock::time_point silent_until_{};    // what the far end asked for
};

}  // namespace switchyard
