#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "specs/base/result.h"
#include "specs/base/timestamp.h"

namespace switchyard {

// What a certificate says of itself.
struct CertificateFacts {
  Timestamp not_before;
  Timestamp not_after;
  std::vector<std::string> names;  // DNS names it is for (subjectAltName; the common name where there is none)
};

// Reads the first certificate of a PEM chain. Error: kInvalid.
Result<CertificateFacts> read_certificate(std::string_view pem);

// Whether the private key belongs to the first certificate of the chain. Error: kInvalid, without a byte of either.
Result<Done> check_private_key(std::string_view chain_pem, std::string_view key_pem);

// Whether a name of a certificate covers a host name: equal, or "*." and exactly one label (RFC 6125 6.4.3).
bool covers(std::string_view name, std::string_view host);

}  // namespace switchyard
