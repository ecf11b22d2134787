#include "tests/hostile/wire_server.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace switchyard {
namespace {

class PlainWire : public Wire {
 public:
  explicit PlainWire(int socket) : socket_(socket) {}
  bool say(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  std::string hear() override {
    std::array<char, 4096> bytes{};
    const ssize_t got = ::recv(socket_, bytes.data(), bytes.size(), 0);
    return got <= 0 ? std::string() : std::string(bytes.data(), static_cast<std::size_t>(got));
  }

 private:
  int socket_;
};

std::size_t length_of_body(const std::string& head) {
  constexpr std::string_view kLength = "Content-Length:";
  const std::size_t found = head.find(kLength);
  return found == std::string::npos ? 0 : std::stoul(head.substr(found + kLength.size()));
}

// False: the peer has gone before a whole request came.
bool read_request(Wire& wire, std::string& pending, WireRequest& request) {
  std::size_t end = 0;
  while ((end = pending.find("\r\n\r\n")) == std::string::npos) {
    const std::string more = wire.hear();
    if (more.empty()) return false;
    pending += more;
  }
  request.head = pending.substr(0, end);
  pending.erase(0, end + 4);
  const std::size_t length = length_of_body(request.head);
  while (pending.size() < length) {
    const std::string more = wire.hear();
    if (more.empty()) return false;
    pending += more;
  }
  request.body = pending.substr(0, length);
  pending.erase(0, length);
  const std::size_t space = request.head.find(' ');
  request.method = request.head.substr(0, space);
  request.path = request.head.substr(space + 1, request.head.find(' ', space + 1) - space - 1);
  return true;
}

}  // namespace

bool Wire::answer(std::string_view status, std::string_view body, std::string_view headers) {
  return say(fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(), headers, body));
}

void Wire::say_again_and_again(std::string_view bytes, std::uint64_t most) {
  for (std::uint64_t said = 0; said < most && say(bytes); said += bytes.size()) {
  }
}

void Wire::wait_for_end() {
  while (!hear().empty()) {
  }
}

WireServer::WireServer(Talk talk, const ServerIdentity* identity)
    : talk_(std::move(talk)),
      tls_(identity == nullptr ? nullptr : std::make_unique<TlsSide>(*identity)),
      socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(socket_, 64) != 0) std::abort();
  ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

WireServer::~WireServer() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    for (const int peer : peers_) ::shutdown(peer, SHUT_RDWR);
  }
  ::shutdown(socket_, SHUT_RDWR);
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
  for (const int peer : peers_) ::close(peer);
  ::close(socket_);
}

std::string WireServer::endpoint(std::string_view host) const {
  return fmt::format("{}://{}:{}", tls_ ? "https" : "http", host, port_);
}

void WireServer::accept_all() {
  for (;;) {
    const int peer = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    if (peer < 0) return;
    const std::scoped_lock lock(mutex_);
    peers_.push_back(peer);
    if (stopping_) return;
    threads_.emplace_back([this, peer] {
      serve(peer);
      ::shutdown(peer, SHUT_RDWR);
    });
  }
}

void WireServer::serve(int peer) {
  std::unique_ptr<Wire> wire = tls_ ? tls_->shake_hands(peer) : std::make_unique<PlainWire>(peer);
  if (!wire) return;
  // What begins with no letter is no HTTP, as a handshake to a server without TLS is not: such a peer is not waited
  // for.
  char first = 0;
  if (!tls_ && (::recv(peer, &first, 1, MSG_PEEK) != 1 || first < 'A' || first > 'Z')) return;
  std::string pending;
  WireRequest request;
  while (read_request(*wire, pending, request) && talk_(*wire, request)) {
  }
}

}  // namespace switchyard
