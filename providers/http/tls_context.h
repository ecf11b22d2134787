#pragma once

#include <memory>
#include <string>

#include "providers/http/tls.h"
#include "specs/base/result.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace switchyard {

// A server's side, TLS 1.2 or newer: the other end has to show a certificate that is trusted. Shared by the listener
// and the connections that were made with it. Error: kInvalid (an identity or authority that cannot be read).
Result<std::shared_ptr<ssl_ctx_st>> make_server_context(const TlsOptions& options);

// The side that connects: as above, and nobody is believed but whom the trust names; the system's authorities are not
// even read. Error: as above.
Result<std::shared_ptr<ssl_ctx_st>> make_client_context(const TlsOptions& options);

// Why a certificate was not believed, in the words of this program, by OpenSSL's number (X509_V_ERR_...).
std::string why_not_believed(long verify_result);

}  // namespace switchyard
