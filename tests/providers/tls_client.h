#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "providers/http/tls.h"

namespace switchyard {

// A client that speaks TLS with whoever answers at a port of 127.0.0.1, byte by byte, and believes everything.
class TlsClient {
 public:
  enum class Version { kNewest, kTls12, kTls11 };
  // Shows `identity`, or nothing where there is none.
  TlsClient(std::uint16_t port, const std::optional<TlsIdentity>& identity, Version version = Version::kNewest);
  ~TlsClient();

  // The handshake as this end saw it. With TLS 1.3 a server that refuses says so afterwards.
  bool shaken() const;
  // False: the server has gone.
  bool say(std::string_view text);
  // All that comes until the server ends the connection; nothing when it refuses it.
  std::string rest();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace switchyard
