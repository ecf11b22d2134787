#pragma once

#include <mutex>
#include <string>

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace switchyard {

// Why the far end was not trusted, in words for people: the HTTP library tells only that a handshake failed. It judges
// nothing by itself; OpenSSL and the library do. Thread-safe.
class TlsVerdict {
 public:
  explicit TlsVerdict(std::string host) : host_(std::move(host)) {}

  // Listens to what OpenSSL says of the certificates on all connections of `context`; has to outlive them.
  void listen_to(ssl_ctx_st* context);
  // "its certificate has run out (...)" with what lifts it, of the newest handshake; empty: nothing was said against
  // it.
  std::string words() const;

 private:
  friend struct Listening;
  void say(std::string words);

  const std::string host_;
  mutable std::mutex mutex_;
  std::string words_;
};

}  // namespace switchyard
