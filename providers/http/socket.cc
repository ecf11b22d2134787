#include "providers/http/socket.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

namespace switchyard {

Socket::~Socket() {
  if (handle_ >= 0) ::close(handle_);
}

bool wait_for(int handle, short events, SteadyClock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now());
    if (left.count() <= 0) return false;
    pollfd entry{.fd = handle, .events = events, .revents = 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool send_all(int handle, std::string_view bytes, SteadyClock::time_point deadline) {
  while (!bytes.empty()) {
    if (!wait_for(handle, POLLOUT, deadline)) return false;
    const ssize_t sent = ::send(handle, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void let_go(int handle) {
  ::shutdown(handle, SHUT_WR);
  const SteadyClock::time_point deadline = SteadyClock::now() + std::chrono::milliseconds(500);
  std::array<char, 65536> ignored;
  while (wait_for(handle, POLLIN, deadline) && ::recv(handle, ignored.data(), ignored.size(), MSG_DONTWAIT) > 0) {
  }
}

namespace {

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;

  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&bytes); }
};

// Nothing when the text is no address.
std::optional<Address> address_of(const std::string& text, std::uint16_t port) {
  Address address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.bytes);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.bytes);
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address.size = sizeof *v4;
    return address;
  }
  if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address.size = sizeof *v6;
    return address;
  }
  return std::nullopt;
}

}  // namespace

void cut(int handle) {
  ::shutdown(handle, SHUT_RDWR);
}

Result<Socket> connect_to(const std::string& address, std::uint16_t port, SteadyClock::time_point deadline,
                          const std::stop_token& give_up) {
  const auto place = address_of(address, port);
  if (!place) {
    return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is no address; write one such as 127.0.0.1", address)};
  }
  Socket socket(::socket(place->bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto failed = [&](int number) {
    return Error{ErrorCode::kNotSent,
                 fmt::format("{}:{} cannot be reached: {}; check that it runs and that the network is up", address,
                             port, std::strerror(number))};
  };
  if (socket.handle() < 0) return failed(errno);
  if (::connect(socket.handle(), place->raw(), place->size) != 0 && errno != EINPROGRESS) return failed(errno);
  const std::stop_callback leave(give_up, [handle = socket.handle()] { cut(handle); });
  if (!wait_for(socket.handle(), POLLOUT, deadline)) return failed(ETIMEDOUT);
  int number = 0;
  socklen_t size = sizeof number;
  if (::getsockopt(socket.handle(), SOL_SOCKET, SO_ERROR, &number, &size) != 0 || number != 0) return failed(number);
  const int on = 1;
  ::setsockopt(socket.handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

Result<Bound> listen_on(const std::string& address, std::uint16_t port) {
  auto place = address_of(address, port);
  if (!place) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("\"{}\" is no address to listen on; write one such as 127.0.0.1", address)};
  }
  Socket socket(::socket(place->bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto failed = [&](ErrorCode code) {
    return Error{code, fmt::format("cannot listen on {}:{}: {}", address, port, std::strerror(errno))};
  };
  if (socket.handle() < 0) return failed(ErrorCode::kStorage);
  const int on = 1;
  ::setsockopt(socket.handle(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket.handle(), place->raw(), place->size) != 0) {
    return failed(errno == EADDRINUSE ? ErrorCode::kConflict : ErrorCode::kInvalid);
  }
  if (::listen(socket.handle(), SOMAXCONN) != 0) return failed(ErrorCode::kConflict);
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(socket.handle(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    return failed(ErrorCode::kStorage);
  }
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(&bound);
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&bound);
  return Bound{.socket = std::move(socket), .port = ntohs(bound.ss_family == AF_INET ? v4->sin_port : v6->sin6_port)};
}

std::string name_of_peer(int handle) {
  sockaddr_storage bytes{};
  socklen_t size = sizeof bytes;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::getpeername(handle, reinterpret_cast<sockaddr*>(&bytes), &size) != 0) return "somebody";
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(&bytes);
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&bytes);
  if (bytes.ss_family == AF_INET) {
    if (::inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size()) == nullptr) return "somebody";
    return fmt::format("{}:{}", text.data(), ntohs(v4->sin_port));
  }
  if (::inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size()) == nullptr) return "somebody";
  return fmt::format("[{}]:{}", text.data(), ntohs(v6->sin6_port));
}

}  // namespace switchyard
