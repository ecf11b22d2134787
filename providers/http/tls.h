#pragma once

#include <string>
#include <variant>

// What one end of a TLS connection shows, and whom it believes. Values; OpenSSL stands behind tls_context.h.
namespace switchyard {

// A certificate with what leads up to its issuer, and the key that fits it. PEM.
struct TlsIdentity {
  std::string chain;
  std::string key;

  friend bool operator==(const TlsIdentity&, const TlsIdentity&) = default;
};

// Certificates of one authority and of nobody else: in date, made for that end of a connection, and with this common
// name. The address dialled is not compared: a name that the authority gave is worth more than what a resolver says.
struct TrustAuthority {
  std::string pem;
  std::string name;

  friend bool operator==(const TrustAuthority&, const TrustAuthority&) = default;
};

// Exactly this certificate, whoever issued it (SHA-256 of its DER, in hexadecimal).
struct TrustPinned {
  std::string fingerprint;

  friend bool operator==(const TrustPinned&, const TrustPinned&) = default;
};

// Any certificate whose key the other end has: for a first contact, where the proof is made above TLS.
struct TrustAnybody {
  friend bool operator==(const TrustAnybody&, const TrustAnybody&) = default;
};

using TlsTrust = std::variant<TrustAuthority, TrustPinned, TrustAnybody>;

struct TlsOptions {
  TlsIdentity identity;
  TlsTrust trust;

  friend bool operator==(const TlsOptions&, const TlsOptions&) = default;
};

}  // namespace switchyard
