#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "providers/http/socket.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace switchyard {

// The bytes of one connection, as they are or under TLS. No step outlasts its deadline. One thread at a time.
class Wire {
 public:
  enum class Step { kDone, kLate, kEnded };
  struct Read {
    Step step;
    std::size_t size = 0;  // bytes that came; at least one where kDone
  };

  virtual ~Wire() = default;

  // Has to succeed before anything else. kEnded: refused(), or the peer has gone.
  virtual Step shake_hands(SteadyClock::time_point deadline) = 0;
  virtual Read read(std::span<char> into, SteadyClock::time_point deadline) = 0;
  // False: the peer has gone, or the deadline came first.
  virtual bool write(std::string_view bytes, SteadyClock::time_point deadline) = 0;
  // Ends the conversation in good order.
  virtual void let_go() = 0;

  virtual std::string certificate() const = 0;  // DER of what the peer showed; empty: nothing, or no TLS
  // Why there was no handshake, for people; a part of it is what we have against the peer's certificate.
  virtual std::string refusal() const = 0;
  virtual std::string disbelief() const = 0;
  virtual std::string alert() const = 0;  // what the peer said against ours, before or after the handshake
};

// The socket outlives the wire.
std::unique_ptr<Wire> plain_wire(int handle);
std::unique_ptr<Wire> tls_wire(int handle, ssl_ctx_st& context);         // of the side that accepts
std::unique_ptr<Wire> tls_client_wire(int handle, ssl_ctx_st& context);  // of the side that connects

}  // namespace switchyard
