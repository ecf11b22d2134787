#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace switchyard {

// A server that speaks whatever a test wants it to, and counts the requests that reach it. Each connection runs `talk`
// in a thread of its own, with the number of the request, after a whole head and body has come in.
class RawServer {
 public:
  // Returns whether another request is read from the same connection.
  using Talk = std::function<bool(int socket, int number)>;

  explicit RawServer(Talk talk) : talk_(std::move(talk)), socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(socket_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(socket_, 64);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~RawServer() {
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
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int requests() const { return requests_; }
  int connections() const { return connections_; }

  // False: the peer has gone.
  static bool say(int socket, std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  static bool answer(int socket, std::string_view status, std::string_view body, std::string_view headers = "") {
    return say(socket, "HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) +
                           "\r\n" + std::string(headers) + "\r\n" + std::string(body));
  }
  // Waits until the peer has gone.
  static void wait_for_end(int socket) {
    char byte = 0;
    while (::recv(socket, &byte, 1, 0) > 0) {
    }
  }

 private:
  void accept_all() {
    for (;;) {
      const int peer = ::accept(socket_, nullptr, nullptr);
      if (peer < 0) return;
      const std::scoped_lock lock(mutex_);
      peers_.push_back(peer);
      if (stopping_) return;
      ++connections_;
      threads_.emplace_back([this, peer] {
        while (read_request(peer) && talk_(peer, ++requests_)) {
        }
        ::shutdown(peer, SHUT_RDWR);
      });
    }
  }
  static bool read_request(int peer) {
    std::string text;
    char byte = 0;
    while (text.find("\r\n\r\n") == std::string::npos) {
      if (::recv(peer, &byte, 1, 0) <= 0) return false;
      text += byte;
    }
    constexpr std::string_view kLength = "Content-Length: ";
    const std::size_t found = text.find(kLength);
    std::size_t length = found == std::string::npos ? 0 : std::stoul(text.substr(found + kLength.size()));
    for (; length > 0; --length) {
      if (::recv(peer, &byte, 1, 0) <= 0) return false;
    }
    return true;
  }

  Talk talk_;
  int socket_;
  int port_ = 0;
  std::atomic<int> requests_ = 0;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  bool stopping_ = false;
  std::vector<int> peers_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace switchyard
