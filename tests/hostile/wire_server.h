#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/hostile/certificates.h"

namespace switchyard {

// One connection as a server that misbehaves sees it: bytes out, nothing checked, over TLS or not.
class Wire {
 public:
  virtual ~Wire() = default;
  // False: the peer has gone.
  virtual bool say(std::string_view bytes) = 0;
  // At least one byte, as text; empty: the peer has gone.
  virtual std::string hear() = 0;

  // A whole and correct answer.
  bool answer(std::string_view status, std::string_view body, std::string_view headers = "");
  // The same bytes again and again, until the peer has had enough or `most` bytes have left.
  void say_again_and_again(std::string_view bytes, std::uint64_t most = ~std::uint64_t{0});
  // Waits until the peer has gone.
  void wait_for_end();
};

struct WireRequest {
  std::string method;
  std::string path;
  std::string head;  // as it came
  std::string body;
};

// A server on an ephemeral port of the loopback that takes requests apart and leaves the rest to the test. One thread a
// connection.
class WireServer {
 public:
  // Returns whether another request is read from the same connection.
  using Talk = std::function<bool(Wire&, const WireRequest&)>;

  explicit WireServer(Talk talk, const ServerIdentity* identity = nullptr);  // with an identity it speaks TLS
  ~WireServer();
  WireServer(const WireServer&) = delete;
  WireServer& operator=(const WireServer&) = delete;

  int port() const { return port_; }
  std::string endpoint(std::string_view host = "127.0.0.1") const;

 private:
  void accept_all();
  void serve(int peer);

  Talk talk_;
  std::unique_ptr<TlsSide> tls_;
  int socket_;
  int port_ = 0;
  std::mutex mutex_;
  bool stopping_ = false;
  std::vector<int> peers_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace switchyard
