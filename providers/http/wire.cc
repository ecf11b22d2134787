#include "providers/http/wire.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <functional>

#include "providers/http/tls_context.h"

namespace switchyard {
namespace {

struct Free {
  void operator()(SSL* connection) const { SSL_free(connection); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};

// Alerts that can only be about the certificate that was shown: RFC 8446, 6.2.
bool is_about_our_certificate(int alert) {
  switch (alert) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_CERTIFICATE_REQUIRED:
      return true;
    default:
      return false;
  }
}

Wire::Read receive(int handle, std::span<char> into, SteadyClock::time_point deadline) {
  for (;;) {
    if (!wait_for(handle, POLLIN, deadline)) return {.step = Wire::Step::kLate};
    const ssize_t got = ::recv(handle, into.data(), into.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return {.step = Wire::Step::kEnded};
    return {.step = Wire::Step::kDone, .size = static_cast<std::size_t>(got)};
  }
}

class PlainWire : public Wire {
 public:
  explicit PlainWire(int handle) : handle_(handle) {}

  Step shake_hands(SteadyClock::time_point /*deadline*/) override { return Step::kDone; }
  Read read(std::span<char> into, SteadyClock::time_point deadline) override {
    return receive(handle_, into, deadline);
  }
  bool write(std::string_view bytes, SteadyClock::time_point deadline) override {
    return send_all(handle_, bytes, deadline);
  }
  void let_go() override { switchyard::let_go(handle_); }
  std::string certificate() const override { return {}; }
  std::string refusal() const override { return {}; }
  std::string disbelief() const override { return {}; }
  std::string alert() const override { return {}; }

 private:
  int handle_;
};

// OpenSSL works on two buffers in memory; what goes over the socket, and until when, is ours alone.
class TlsWire : public Wire {
 public:
  enum class Side { kAccepts, kConnects };

  TlsWire(int handle, ssl_ctx_st& context, Side side) : handle_(handle), connection_(SSL_new(&context)) {
    incoming_ = BIO_new(BIO_s_mem());
    outgoing_ = BIO_new(BIO_s_mem());
    if (!connection_ || incoming_ == nullptr || outgoing_ == nullptr) std::abort();  // no memory
    SSL_set_bio(connection_.get(), incoming_, outgoing_);                            // which owns them from here on
    side == Side::kAccepts ? SSL_set_accept_state(connection_.get()) : SSL_set_connect_state(connection_.get());
  }

  Step shake_hands(SteadyClock::time_point deadline) override {
    const Step step = advance([this] { return SSL_do_handshake(connection_.get()); }, deadline);
    if (step == Step::kDone) return step;
    if (step == Step::kLate) {
      refusal_ = "it did not end its handshake in time";
      return step;
    }
    if (const long verified = SSL_get_verify_result(connection_.get()); verified != X509_V_OK) {
      disbelief_ = why_not_believed(verified);
      refusal_ = disbelief_;
    } else if (reason_ == 0) {
      refusal_ = "it went away during the handshake";
    } else {
      const char* words = ERR_reason_error_string(reason_);
      refusal_ = std::string("no handshake: ") + (words == nullptr ? "of no known reason" : words);
    }
    return step;
  }

  Read read(std::span<char> into, SteadyClock::time_point deadline) override {
    int got = 0;
    const Step step = advance(
        [&] { return got = SSL_read(connection_.get(), into.data(), static_cast<int>(into.size())); }, deadline);
    return {.step = step, .size = step == Step::kDone ? static_cast<std::size_t>(got) : 0};
  }

  bool write(std::string_view bytes, SteadyClock::time_point deadline) override {
    if (bytes.empty()) return true;
    return advance([&] { return SSL_write(connection_.get(), bytes.data(), static_cast<int>(bytes.size())); },
                   deadline) == Step::kDone;
  }

  void let_go() override {
    if (SSL_is_init_finished(connection_.get()) != 0 && !broken_) {
      ERR_clear_error();
      SSL_shutdown(connection_.get());  // says so; nobody waits for the same from the peer
    }
    flush(SteadyClock::now() + std::chrono::milliseconds(500));
    ERR_clear_error();
    switchyard::let_go(handle_);
  }

  std::string certificate() const override {
    const std::unique_ptr<X509, Free> shown(SSL_get1_peer_certificate(connection_.get()));
    unsigned char* bytes = nullptr;
    const int size = shown ? i2d_X509(shown.get(), &bytes) : 0;
    if (size <= 0) return {};
    std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return der;
  }

  std::string refusal() const override { return refusal_; }
  std::string disbelief() const override { return disbelief_; }

  std::string alert() const override {
    const int number = ERR_GET_REASON(reason_) - SSL_AD_REASON_OFFSET;  // negative: it was none
    return is_about_our_certificate(number) ? SSL_alert_desc_string_long(number) : std::string();
  }

 private:
  // Repeats what OpenSSL wants to do until it is done, with bytes from and to the socket in between.
  Step advance(const std::function<int()>& work, SteadyClock::time_point deadline) {
    for (;;) {
      ERR_clear_error();
      const int result = work();
      const int why = SSL_get_error(connection_.get(), result);
      if (why != SSL_ERROR_NONE && why != SSL_ERROR_WANT_READ) {
        reason_ = ERR_peek_error();
        broken_ = why == SSL_ERROR_SSL || why == SSL_ERROR_SYSCALL;
      }
      const bool flushed = flush(deadline);  // an alert as well
      ERR_clear_error();
      if (why == SSL_ERROR_NONE) return flushed ? Step::kDone : ended_or_late(deadline);
      if (why != SSL_ERROR_WANT_READ) return Step::kEnded;
      if (!flushed) return ended_or_late(deadline);
      std::array<char, 16384> chunk;
      const Read got = receive(handle_, chunk, deadline);
      if (got.step != Step::kDone) return got.step;
      BIO_write(incoming_, chunk.data(), static_cast<int>(got.size));
    }
  }

  static Step ended_or_late(SteadyClock::time_point deadline) {
    return SteadyClock::now() >= deadline ? Step::kLate : Step::kEnded;
  }

  bool flush(SteadyClock::time_point deadline) {
    std::array<char, 16384> chunk;
    for (;;) {
      const int size = BIO_read(outgoing_, chunk.data(), static_cast<int>(chunk.size()));
      if (size <= 0) return true;
      if (!send_all(handle_, {chunk.data(), static_cast<std::size_t>(size)}, deadline)) return false;
    }
  }

  int handle_;
  std::unique_ptr<SSL, Free> connection_;
  BIO* incoming_ = nullptr;  // owned by the connection
  BIO* outgoing_ = nullptr;
  unsigned long reason_ = 0;  // OpenSSL's, of the last failure
  bool broken_ = false;       // SSL_shutdown must not be called after such a failure
  std::string refusal_;
  std::string disbelief_;
};

}  // namespace

std::unique_ptr<Wire> plain_wire(int handle) {
  return std::make_unique<PlainWire>(handle);
}

std::unique_ptr<Wire> tls_wire(int handle, ssl_ctx_st& context) {
  return std::make_unique<TlsWire>(handle, context, TlsWire::Side::kAccepts);
}

std::unique_ptr<Wire> tls_client_wire(int handle, ssl_ctx_st& context) {
  return std::make_unique<TlsWire>(handle, context, TlsWire::Side::kConnects);
}

}  // namespace switchyard
