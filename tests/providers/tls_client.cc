#include "tests/providers/tls_client.h"

#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "providers/http/tls_context.h"

namespace switchyard {

struct TlsClient::Impl {
  int socket = -1;
  std::shared_ptr<SSL_CTX> context;  // shared with its connection
  std::unique_ptr<SSL, void (*)(SSL*)> connection{nullptr, SSL_free};
  bool shaken = false;

  ~Impl() {
    connection.reset();
    ::close(socket);
  }
};

TlsClient::TlsClient(std::uint16_t port, const std::optional<TlsIdentity>& identity, Version version)
    : impl_(std::make_unique<Impl>()) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to a server that has gone
  impl_->socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::connect(impl_->socket, reinterpret_cast<sockaddr*>(&address), sizeof address);
  if (identity) {
    impl_->context = *make_client_context({.identity = *identity, .trust = TrustAnybody{}});
  } else {
    impl_->context = std::shared_ptr<SSL_CTX>(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  }
  if (version == Version::kTls12) SSL_CTX_set_max_proto_version(impl_->context.get(), TLS1_2_VERSION);
  if (version == Version::kTls11) {
    SSL_CTX_set_security_level(impl_->context.get(), 0);
    SSL_CTX_set_min_proto_version(impl_->context.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(impl_->context.get(), TLS1_1_VERSION);
  }
  impl_->connection.reset(SSL_new(impl_->context.get()));
  SSL_set_fd(impl_->connection.get(), impl_->socket);
  impl_->shaken = SSL_connect(impl_->connection.get()) == 1;
  ERR_clear_error();
}

TlsClient::~TlsClient() = default;

bool TlsClient::shaken() const {
  return impl_->shaken;
}

bool TlsClient::say(std::string_view text) {
  while (!text.empty()) {
    const int sent =
        SSL_write(impl_->connection.get(), text.data(), static_cast<int>(std::min<std::size_t>(text.size(), 65536)));
    ERR_clear_error();
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string TlsClient::rest() {
  std::string text;
  std::array<char, 4096> chunk;
  for (;;) {
    const int got = SSL_read(impl_->connection.get(), chunk.data(), static_cast<int>(chunk.size()));
    ERR_clear_error();
    if (got <= 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace switchyard
