#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "providers/http/refusal_log.h"
#include "providers/http/tls.h"
#include "specs/base/result.h"
#include "specs/base/timestamp.h"

namespace switchyard {

// Who asks.
struct ListenerPeer {
  std::string name{};         // "127.0.0.1:40312"
  std::string certificate{};  // DER; its key is the peer's, proven by TLS; empty without TLS
  bool authorised = false;    // an authority that is trusted here has issued it
};

struct ListenerRequest {
  std::string method;
  std::string target;                          // as sent: "/v1/servers?page=200"
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  ListenerPeer peer{};
};

struct ListenerAnswer {
  int status = 200;
  std::string body{};  // JSON
  std::map<std::string, std::string> headers{};
  bool drop = false;  // end the connection instead of answering
};

// A small HTTP/1.1 server of JSON, with every bound that a network service needs: on connections, on the size of head
// and body, and on the time for a handshake, for a request, for an answer to be taken, and for silence between
// requests. One thread a connection; the handler is called from several at once and must not throw.
//
// With TLS (1.2 or newer) the peer has to show a certificate that is trusted. While all connections are taken, one that
// has not been trusted yet makes room for a new one, so that strangers who wait do not keep out whom they wait for.
class Listener {
 public:
  struct Options {
    std::string address = "127.0.0.1";  // IPv4 or IPv6, no name
    std::uint16_t port = 0;             // 0: any free one
    int connections = 256;              // further ones are answered 503, under TLS ended
    std::size_t largest_head = 16U << 10U;
    std::size_t largest_body = 8U << 20U;
    Duration request_time = std::chrono::seconds(10);  // from its first byte to its last; also for taking the answer
    Duration idle_time = std::chrono::seconds(60);     // without any request
    std::optional<TlsOptions> tls{};
    Duration handshake_time = std::chrono::seconds(5);
    TellRefusal on_refusal{};  // of whom no handler came to see; at most one in `refusals_apart`
    Duration refusals_apart = std::chrono::seconds(1);
  };
  using Handler = std::function<ListenerAnswer(const ListenerRequest&)>;

  // Errors: kInvalid (address, TLS), kConflict (the port is taken), kStorage (no more sockets).
  static Result<std::unique_ptr<Listener>> open(const Options& options, Handler handler);
  ~Listener();  // ends all connections; handlers under way are waited for

  std::uint16_t port() const;
  // From the next connection on; those that are open go on as they began. Only where it was opened with TLS. Any
  // thread, a handler's as well. Error: kInvalid, and then nothing changes.
  Result<Done> renew(const TlsOptions& tls);

 private:
  struct Impl;
  explicit Listener(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace switchyard
