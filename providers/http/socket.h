#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "specs/base/result.h"

namespace switchyard {

using SteadyClock = std::chrono::steady_clock;

// A file descriptor of a socket, closed once.
class Socket {
 public:
  explicit Socket(int handle) : handle_(handle) {}
  Socket(Socket&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket();
  int handle() const { return handle_; }

 private:
  int handle_;
};

// Waits until the socket can be read or written (poll's events). False: not before the deadline.
bool wait_for(int handle, short events, SteadyClock::time_point deadline);
// False: the peer has gone, or the deadline came first.
bool send_all(int handle, std::string_view bytes, SteadyClock::time_point deadline);
// What the peer still sends is thrown away for a moment, so that it comes to read the answer before the connection
// ends.
void let_go(int handle);

struct Bound {
  Socket socket;
  std::uint16_t port;
};
// A socket that listens. Errors: kInvalid (address), kConflict (the port is taken), kStorage (no more sockets).
Result<Bound> listen_on(const std::string& address, std::uint16_t port);

// Ends what is sent and received, here and wherever else the socket is waited for.
void cut(int handle);

// A connection to an address (no name). Errors: kInvalid (address), kNotSent (nobody there, or the deadline or
// `give_up` came first).
Result<Socket> connect_to(const std::string& address, std::uint16_t port, SteadyClock::time_point deadline,
                          const std::stop_token& give_up = {});

// "127.0.0.1:40312" of the other end; "somebody" when it cannot be told.
std::string name_of_peer(int handle);

}  // namespace switchyard
