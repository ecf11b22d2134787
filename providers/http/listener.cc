#include "providers/http/listener.h"

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
#include <iterator>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "providers/http/request_reader.h"

namespace switchyard {
namespace {

using Clock = std::chrono::steady_clock;

// A file descriptor, closed once.
class Socket {
 public:
  explicit Socket(int handle) : handle_(handle) {}
  Socket(Socket&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (handle_ >= 0) ::close(handle_);
  }
  int handle() const { return handle_; }

 private:
  int handle_;
};

// Waits until the socket can be read or written. False: not before the deadline.
bool wait_for(int handle, short events, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return false;
    pollfd entry{.fd = handle, .events = events, .revents = 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool send_all(int handle, std::string_view bytes, Clock::time_point deadline) {
  while (!bytes.empty()) {
    if (!wait_for(handle, POLLOUT, deadline)) return false;
    const ssize_t sent = ::send(handle, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// What the peer still sends is thrown away for a moment, so that it comes to read the answer before the connection
// ends.
void let_go(int handle) {
  ::shutdown(handle, SHUT_WR);
  const Clock::time_point deadline = Clock::now() + std::chrono::milliseconds(500);
  std::array<char, 65536> ignored;
  while (wait_for(handle, POLLIN, deadline) && ::recv(handle, ignored.data(), ignored.size(), MSG_DONTWAIT) > 0) {
  }
}

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    default:
      return status < 400 ? "OK" : "Error";
  }
}

std::string on_the_wire(const ListenerAnswer& answer, bool keep_alive) {
  std::string text = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
                                 answer.status, reason_of(answer.status), answer.body.size());
  for (const auto& [name, value] : answer.headers) text += fmt::format("{}: {}\r\n", name, value);
  if (!keep_alive) text += "Connection: close\r\n";
  return text + "\r\n" + answer.body;
}

ListenerAnswer refusal(int status) {
  return {.status = status, .body = fmt::format(R"({{"error":{{"message":"{}"}}}})", reason_of(status))};
}

}  // namespace

struct Listener::Impl {
  Impl(Options given, Handler handle_with, Socket listening, std::uint16_t bound)
      : options(std::move(given)), handler(std::move(handle_with)), socket(std::move(listening)), port(bound) {}

  struct Connection {
    int handle;  // owned by its thread; only shut down from outside, under the mutex, while `open`
    bool open = true;
    std::thread thread;
  };

  void accept_all();
  void serve(Connection& connection, Socket peer);
  void converse(int peer);
  bool answer(int peer, const ListenerAnswer& answer, bool keep_alive) const;
  void reap();
  void stop();

  const Options options;
  const Handler handler;
  Socket socket;
  std::uint16_t port;
  std::mutex mutex;
  bool stopping = false;                                 // guarded, as are the connections
  std::vector<std::unique_ptr<Connection>> connections;  // stable addresses: their threads refer to them
  std::thread acceptor;
};

bool Listener::Impl::answer(int peer, const ListenerAnswer& given, bool keep_alive) const {
  return send_all(peer, on_the_wire(given, keep_alive), Clock::now() + options.request_time) && keep_alive;
}

void Listener::Impl::converse(int peer) {
  RequestReader reader(options.largest_head, options.largest_body);
  std::array<char, 65536> chunk;
  Clock::time_point deadline = Clock::now() + options.idle_time;
  for (;;) {
    RequestReader::Outcome outcome = reader.next();
    if (outcome.refusal != 0) {
      answer(peer, refusal(outcome.refusal), false);
      return;
    }
    if (outcome.request) {
      const ListenerAnswer given = handler(*outcome.request);
      if (given.drop || !answer(peer, given, outcome.keep_alive)) return;
      deadline = Clock::now() + (reader.empty() ? options.idle_time : options.request_time);
      continue;
    }
    if (outcome.wants_continue && !send_all(peer, "HTTP/1.1 100 Continue\r\n\r\n", deadline)) return;
    if (!wait_for(peer, POLLIN, deadline)) {
      if (!reader.empty()) answer(peer, refusal(408), false);
      return;
    }
    const ssize_t got = ::recv(peer, chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return;
    if (reader.empty()) deadline = Clock::now() + options.request_time;  // the first byte of a request
    reader.add({chunk.data(), static_cast<std::size_t>(got)});
  }
}

void Listener::Impl::serve(Connection& connection, Socket peer) {
  converse(peer.handle());
  let_go(peer.handle());
  const std::scoped_lock lock(mutex);
  connection.open = false;  // from here on the handle may be another socket's
}

void Listener::Impl::reap() {
  std::vector<std::unique_ptr<Connection>> ended;
  {
    const std::scoped_lock lock(mutex);
    const auto first =
        std::partition(connections.begin(), connections.end(), [](const auto& connection) { return connection->open; });
    std::move(first, connections.end(), std::back_inserter(ended));
    connections.erase(first, connections.end());
  }
  for (const auto& connection : ended) connection->thread.join();
}

void Listener::Impl::accept_all() {
  for (;;) {
    Socket peer(::accept4(socket.handle(), nullptr, nullptr, SOCK_CLOEXEC));
    if (peer.handle() < 0) {
      const std::scoped_lock lock(mutex);
      if (stopping) return;
      // Out of descriptors, or the peer has gone: a pause, so that this does not spin.
      ::poll(nullptr, 0, 10);
      continue;
    }
    const int on = 1;
    ::setsockopt(peer.handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    reap();
    const std::scoped_lock lock(mutex);
    if (stopping) return;
    if (std::ssize(connections) >= options.connections) {
      const std::string busy = on_the_wire(refusal(503), false);
      ::send(peer.handle(), busy.data(), busy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      continue;
    }
    connections.push_back(std::make_unique<Connection>());
    Connection& connection = *connections.back();
    connection.handle = peer.handle();
    connection.thread =
        std::thread([this, &connection, moved = std::move(peer)]() mutable { serve(connection, std::move(moved)); });
  }
}

void Listener::Impl::stop() {
  {
    const std::scoped_lock lock(mutex);
    stopping = true;
    for (const auto& connection : connections) {
      if (connection->open) ::shutdown(connection->handle, SHUT_RDWR);
    }
  }
  ::shutdown(socket.handle(), SHUT_RDWR);  // wakes accept
  if (acceptor.joinable()) acceptor.join();
  for (const auto& connection : connections) connection->thread.join();
}

Result<std::unique_ptr<Listener>> Listener::open(const Options& options, Handler handler) {
  sockaddr_storage address{};
  socklen_t size = 0;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address);
  if (::inet_pton(AF_INET, options.address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(options.port);
    size = sizeof *v4;
  } else if (::inet_pton(AF_INET6, options.address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(options.port);
    size = sizeof *v6;
  } else {
    return Error{ErrorCode::kInvalid,
                 fmt::format("\"{}\" is no address to listen on; write one such as 127.0.0.1", options.address)};
  }
  Socket socket(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto failed = [&options](ErrorCode code) {
    return Error{code, fmt::format("cannot listen on {}:{}: {}", options.address, options.port, std::strerror(errno))};
  };
  if (socket.handle() < 0) return failed(ErrorCode::kStorage);
  const int on = 1;
  ::setsockopt(socket.handle(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket.handle(), reinterpret_cast<sockaddr*>(&address), size) != 0) {
    return failed(errno == EADDRINUSE ? ErrorCode::kConflict : ErrorCode::kInvalid);
  }
  if (::listen(socket.handle(), SOMAXCONN) != 0) return failed(ErrorCode::kConflict);
  if (::getsockname(socket.handle(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return failed(ErrorCode::kStorage);
  }
  const std::uint16_t port = ntohs(address.ss_family == AF_INET ? v4->sin_port : v6->sin6_port);
  auto impl = std::make_unique<Impl>(options, std::move(handler), std::move(socket), port);
  Impl& running = *impl;
  impl->acceptor = std::thread([&running] { running.accept_all(); });
  return std::unique_ptr<Listener>(new Listener(std::move(impl)));
}

Listener::Listener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Listener::~Listener() {
  impl_->stop();
}

std::uint16_t Listener::port() const {
  return impl_->port;
}

}  // namespace switchyard
