#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "specs/base/timestamp.h"

namespace switchyard {

// Somebody who was turned away.
struct Refusal {
  std::string peer;         // "127.0.0.1:40312"
  std::string why;          // "its certificate has expired"
  std::int64_t others = 0;  // so many more were turned away since the last refusal that was told
};

// Called by one thread at a time; must not throw and not wait.
using TellRefusal = std::function<void(const Refusal&)>;

// Tells of refusals, at most one in `apart`, so that whoever knocks a thousand times fills no log. Thread-safe.
class RefusalLog {
 public:
  RefusalLog(TellRefusal tell, Duration apart) : tell_(std::move(tell)), apart_(apart) {}

  void add(const std::string& peer, std::string why);

 private:
  const TellRefusal tell_;  // may be empty
  const Duration apart_;
  std::mutex mutex_;
  std::optional<std::chrono::steady_clock::time_point> told_;
  std::int64_t untold_ = 0;
};

}  // namespace switchyard
