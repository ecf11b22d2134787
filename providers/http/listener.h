#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "specs/base/result.h"
#include "specs/base/timestamp.h"

namespace switchyard {

struct ListenerRequest {
  std::string method;
  std::string target;                          // as sent: "/v1/servers?page=200"
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct ListenerAnswer {
  int status = 200;
  std::string body{};  // JSON
  std::map<std::string, std::string> headers{};
  bool drop = false;  // end the connection instead of answering
};

// A small HTTP/1.1 server of JSON, with every bound that a network service needs: on connections, on the size of head
// and body, and on the time for a request, for an answer to be taken, and for silence between requests. One thread a
// connection; the handler is called from several at once and must not throw.
class Listener {
 public:
  struct Options {
    std::string address = "127.0.0.1";  // IPv4 or IPv6, no name
    std::uint16_t port = 0;             // 0: any free one
    int connections = 256;              // further ones are answered 503
    std::size_t largest_head = 16U << 10U;
    std::size_t largest_body = 8U << 20U;
    Duration request_time = std::chrono::seconds(10);  // from its first byte to its last; also for taking the answer
    Duration idle_time = std::chrono::seconds(60);     // without any request
  };
  using Handler = std::function<ListenerAnswer(const ListenerRequest&)>;

  // Errors: kInvalid (address), kConflict (the port is taken), kStorage (no more sockets).
  static Result<std::unique_ptr<Listener>> open(const Options& options, Handler handler);
  ~Listener();  // ends all connections; handlers under way are waited for

  std::uint16_t port() const;

 private:
  struct Impl;
  explicit Listener(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace switchyard
