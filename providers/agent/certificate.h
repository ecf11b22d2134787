#pragma once

#include <string>
#include <string_view>

#include "providers/http/tls.h"
#include "specs/base/result.h"
#include "specs/base/timestamp.h"

// Certificates of the fleet: made, read and checked. EC P-256, SHA-256. Values; OpenSSL stands behind certificate.cc.
namespace switchyard {

// The common name of every certificate that the reconciler shows to an agent.
inline constexpr std::string_view kReconcilerName = "switchyard-reconciler";

// What a certificate may be used for; nothing else is allowed with it.
enum class CertificateUse { kAuthority, kAgent, kReconciler };

struct CertificateDraft {
  std::string name;     // its common name, 64 bytes at most
  std::string address;  // IPv4 or IPv6; empty: none
  CertificateUse use;
  Timestamp not_before;
  Timestamp not_after;
};

struct CertificateReading {
  std::string name;
  std::string address;  // the first; empty: none
  Timestamp not_before;
  Timestamp not_after;
  std::string public_key;  // DER (SubjectPublicKeyInfo)

  friend bool operator==(const CertificateReading&, const CertificateReading&) = default;
};

// A new private key, PEM.
std::string make_key();
// Of a private key in PEM, as in CertificateReading. Error: kUnreadable.
Result<std::string> public_key_of(std::string_view key);

// PEM, signed by `issuer`, with a random serial. Errors: kInvalid (the draft), kUnreadable (the issuer).
Result<std::string> issue(const CertificateDraft& draft, std::string_view public_key, const TlsIdentity& issuer);
// The same, signed by its own key. Error: kInvalid, kUnreadable (the key).
Result<std::string> self_signed(const CertificateDraft& draft, const std::string& key);

// DER. Error: kUnreadable.
Result<CertificateReading> read_certificate_der(std::string_view der);
// The first certificate of a PEM text. Error: kUnreadable.
Result<std::string> der_of_pem(std::string_view pem);
// SHA-256 of the DER, in hexadecimal: what people and proofs call it by.
std::string fingerprint_of(std::string_view der);

// An IPv4 or IPv6 address as certificates give it back; any other text as it is.
std::string canonical_address(const std::string& text);

// Whether `authority` (PEM) issued it, for this use, and it is in date by the machine's clock. Error: kUnauthorized,
// with the reason.
Result<Done> check_issued(std::string_view der, const std::string& authority, CertificateUse use);

}  // namespace switchyard
