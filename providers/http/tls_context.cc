#include "providers/http/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <string_view>
#include <utility>

#include "specs/base/digest.h"

namespace switchyard {
namespace {

// More than a chain of three with the longest names needs.
constexpr long kLongestChain = 32L * 1024;

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
};

// Whom the connections of one context believe; owned by it.
void free_trust(void* /*context*/, void* trust, CRYPTO_EX_DATA* /*all*/, int /*index*/, long /*argument*/,
                void* /*pointer*/) {
  delete static_cast<TlsTrust*>(trust);
}

int place_of_trust() {
  static const int kPlace = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_trust);
  return kPlace;
}

std::string der_of(const X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  if (size <= 0) return {};
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

bool has_name(X509* certificate, std::string_view name) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) return false;
  const ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
  return name == std::string_view(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                  static_cast<std::size_t>(ASN1_STRING_length(text)));
}

// X509_V_OK, or why not.
int judge_of(const TlsTrust& trust, X509_STORE_CTX* store, X509* shown) {
  if (std::holds_alternative<TrustAnybody>(trust)) return X509_V_OK;
  if (const auto* pinned = std::get_if<TrustPinned>(&trust)) {
    return sha256_hex(der_of(shown)) == pinned->fingerprint ? X509_V_OK : X509_V_ERR_CERT_REJECTED;
  }
  if (X509_verify_cert(store) != 1) {
    const int why = X509_STORE_CTX_get_error(store);
    return why == X509_V_OK ? X509_V_ERR_UNSPECIFIED : why;
  }
  return has_name(shown, std::get<TrustAuthority>(trust).name) ? X509_V_OK : X509_V_ERR_HOSTNAME_MISMATCH;
}

int verify(X509_STORE_CTX* store, void* trust) {
  X509* shown = X509_STORE_CTX_get0_cert(store);
  const int result =
      shown == nullptr ? X509_V_ERR_UNSPECIFIED : judge_of(*static_cast<const TlsTrust*>(trust), store, shown);
  X509_STORE_CTX_set_error(store, result);
  return result == X509_V_OK ? 1 : 0;
}

Error unusable(std::string_view what) {
  ERR_clear_error();
  return {ErrorCode::kInvalid, std::string(what) + " cannot be used for TLS; renew it"};
}

std::unique_ptr<BIO, Free> reading(const std::string& pem) {
  return std::unique_ptr<BIO, Free>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

Result<Done> show(ssl_ctx_st& context, const TlsIdentity& identity) {
  const auto chain = reading(identity.chain);
  const std::unique_ptr<X509, Free> own(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
  if (!own || SSL_CTX_use_certificate(&context, own.get()) != 1) return unusable("our own certificate");
  for (;;) {
    const std::unique_ptr<X509, Free> next(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
    if (!next) break;
    if (SSL_CTX_add1_chain_cert(&context, next.get()) != 1) return unusable("the chain of our own certificate");
  }
  ERR_clear_error();  // the end of the text is an error to PEM_read
  const auto secret = reading(identity.key);
  const std::unique_ptr<EVP_PKEY, Free> key(PEM_read_bio_PrivateKey(secret.get(), nullptr, nullptr, nullptr));
  if (!key || SSL_CTX_use_PrivateKey(&context, key.get()) != 1 || SSL_CTX_check_private_key(&context) != 1) {
    return unusable("the key of our own certificate");
  }
  return Done{};
}

// The store of the context holds this authority and nothing else.
Result<Done> believe(ssl_ctx_st& context, const TlsTrust& trust) {
  std::unique_ptr<X509_STORE, Free> store(X509_STORE_new());
  if (!store) return unusable("an authority");
  if (const auto* authority = std::get_if<TrustAuthority>(&trust)) {
    const auto text = reading(authority->pem);
    const std::unique_ptr<X509, Free> certificate(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
    if (!certificate || X509_STORE_add_cert(store.get(), certificate.get()) != 1) {
      return unusable("the certificate of the authority");
    }
  }
  SSL_CTX_set_cert_store(&context, store.release());
  return Done{};
}

Result<Done> set_up(ssl_ctx_st& context, const TlsOptions& options) {
  if (auto shown = show(context, options.identity); !shown) return shown;
  if (auto believed = believe(context, options.trust); !believed) return believed;
  SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION);
  SSL_CTX_set_options(&context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  // A connection that is taken up again would skip the certificates.
  SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(&context, 0);
  SSL_CTX_set_max_cert_list(&context, kLongestChain);
  SSL_CTX_set_mode(&context, SSL_MODE_RELEASE_BUFFERS);
  auto trust = std::make_unique<TlsTrust>(options.trust);
  if (SSL_CTX_set_ex_data(&context, place_of_trust(), trust.get()) != 1) return unusable("a context");
  SSL_CTX_set_cert_verify_callback(&context, verify, trust.release());
  return Done{};
}

}  // namespace

std::string why_not_believed(long verify_result) {
  switch (verify_result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "its certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "its certificate is not valid yet; compare the clocks of both machines";
    case X509_V_ERR_HOSTNAME_MISMATCH:
      return "its certificate carries another name";
    case X509_V_ERR_CERT_REJECTED:
      return "its certificate is not the one that it showed before";
    case X509_V_ERR_INVALID_PURPOSE:
      return "its certificate is not made for this end of a connection";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_AKID_SKID_MISMATCH:
      return "its certificate was not issued by the authority that is trusted here";
    default:
      return std::string("its certificate is not valid: ") + X509_verify_cert_error_string(verify_result);
  }
}

Result<std::shared_ptr<ssl_ctx_st>> make_server_context(const TlsOptions& options) {
  const std::shared_ptr<ssl_ctx_st> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return unusable("a context");
  if (auto done = set_up(*context, options); !done) return done.error();
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return context;
}

Result<std::shared_ptr<ssl_ctx_st>> make_client_context(const TlsOptions& options) {
  const std::shared_ptr<ssl_ctx_st> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (!context) return unusable("a context");
  if (auto done = set_up(*context, options); !done) return done.error();
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  return context;
}

}  // namespace switchyard
