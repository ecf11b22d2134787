#pragma once

#include <poll.h>

#include <chrono>
#include <functional>

namespace switchyard {

// Waits for a fact about other processes, as long as a busy machine may need. False: it did not come true.
inline bool comes_true(const std::function<bool()>& fact, std::chrono::seconds within = std::chrono::seconds(30)) {
  const auto until = std::chrono::steady_clock::now() + within;
  while (!fact()) {
    if (std::chrono::steady_clock::now() > until) return false;
    ::poll(nullptr, 0, 10);  // leaves the machine to those who are waited for
  }
  return true;
}

}  // namespace switchyard
