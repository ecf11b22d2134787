#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

namespace switchyard {

// The HTTP library takes the head of an answer, and each chunk of its body, into memory as a whole before it shows any
// of it, and knows no bound for either. So the connections themselves are looked at while a call waits: one that has
// received more since it last sent something than an answer may have, is shut down, and the library sees an end.
// Thread-safe.
class FloodGuard {
 public:
  // Connections of this process to that port.
  FloodGuard(std::uint16_t port, std::size_t most) : port_(port), most_(most) {}

  // What comes in between two looks is not seen, so they follow each other closely.
  static constexpr std::chrono::milliseconds kPause{25};
  // Looks, unless somebody did so just now.
  void look();
  // How many connections were shut down so far.
  std::int64_t shut_down() const;

 private:
  struct Seen {
    std::uint64_t sent;           // by then
    std::uint64_t received_then;  // when the last byte had been sent
  };
  struct Connection {
    std::uint64_t cookie;  // the kernel's name for it, never used again
    std::uint64_t sent;
    std::uint64_t received;
  };
  static bool read(int handle, std::uint16_t port, Connection& connection);
  bool floods(const Connection& connection);

  const std::uint16_t port_;
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::chrono::steady_clock::time_point looked_{};
  std::map<std::uint64_t, Seen> seen_;  // by cookie
  std::int64_t shut_down_ = 0;
};

}  // namespace switchyard
