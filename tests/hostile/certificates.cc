#include "tests/hostile/certificates.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdlib>

#include "tests/hostile/wire_server.h"

namespace switchyard {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* side) const { SSL_free(side); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

using Key = Owned<EVP_PKEY>;
using Certificate = Owned<X509>;

// A mistake in here is one of the test itself.
void must(bool good) {
  if (good) return;
  ERR_print_errors_fp(stderr);
  std::abort();
}

Key make_key() {
  Key key(EVP_EC_gen("P-256"));
  must(key != nullptr);
  return key;
}

void extend(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str()));
  must(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

struct Wanted {
  std::string name;
  bool authority = false;
  long from = -3600;
  long to = 3600;
};

// Without an issuer it signs itself.
Certificate make_certificate(const Wanted& wanted, EVP_PKEY* key, X509* issuer, EVP_PKEY* signer) {
  static long serial = 1;
  Certificate made(X509_new());
  X509* certificate = made.get();
  must(X509_set_version(certificate, 2) == 1);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), wanted.from);
  X509_gmtime_adj(X509_getm_notAfter(certificate), wanted.to);
  must(X509_set_pubkey(certificate, key) == 1);
  X509_NAME* name = X509_get_subject_name(certificate);
  const auto* text = reinterpret_cast<const unsigned char*>(wanted.name.c_str());
  must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1);
  must(X509_set_issuer_name(certificate, issuer == nullptr ? name : X509_get_subject_name(issuer)) == 1);
  X509* parent = issuer == nullptr ? certificate : issuer;
  extend(certificate, parent, NID_basic_constraints, wanted.authority ? "critical,CA:TRUE" : "CA:FALSE");
  if (!wanted.authority) extend(certificate, parent, NID_subject_alt_name, "DNS:" + wanted.name);
  must(X509_sign(certificate, signer, EVP_sha256()) > 0);
  return made;
}

std::string bytes_in(BIO* bio) {
  char* bytes = nullptr;
  const long length = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(length)};
}

std::string pem(X509* certificate) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  must(PEM_write_bio_X509(bio.get(), certificate) == 1);
  return bytes_in(bio.get());
}

std::string pem(EVP_PKEY* key) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  must(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return bytes_in(bio.get());
}

class TlsWire : public Wire {
 public:
  explicit TlsWire(Owned<SSL> side) : side_(std::move(side)) {}
  bool say(std::string_view bytes) override {
    return bytes.empty() || SSL_write(side_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
  }
  std::string hear() override {
    std::array<char, 4096> bytes{};
    const int got = SSL_read(side_.get(), bytes.data(), static_cast<int>(bytes.size()));
    return got <= 0 ? std::string() : std::string(bytes.data(), static_cast<std::size_t>(got));
  }

 private:
  Owned<SSL> side_;
};

}  // namespace

struct Authority::Impl {
  Key key = make_key();
  Certificate certificate;
};

Authority::Authority(const std::string& name) : impl_(std::make_unique<Impl>()) {
  impl_->certificate = make_certificate({.name = name, .authority = true}, impl_->key.get(), nullptr, impl_->key.get());
}
Authority::~Authority() = default;

std::string Authority::certificate() const {
  return pem(impl_->certificate.get());
}

ServerIdentity Authority::issue(const std::string& name, long from, long to) const {
  const Key key = make_key();
  const Certificate certificate =
      make_certificate({.name = name, .from = from, .to = to}, key.get(), impl_->certificate.get(), impl_->key.get());
  return {.chain = pem(certificate.get()), .key = pem(key.get())};
}

ServerIdentity self_signed(const std::string& name) {
  const Key key = make_key();
  return {.chain = pem(make_certificate({.name = name}, key.get(), nullptr, key.get()).get()), .key = pem(key.get())};
}

struct TlsSide::Impl {
  Owned<SSL_CTX> context{SSL_CTX_new(TLS_server_method())};
};

TlsSide::TlsSide(const ServerIdentity& identity) : impl_(std::make_unique<Impl>()) {
  const Owned<BIO> chain(BIO_new_mem_buf(identity.chain.data(), static_cast<int>(identity.chain.size())));
  const Owned<BIO> key(BIO_new_mem_buf(identity.key.data(), static_cast<int>(identity.key.size())));
  const Certificate certificate(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
  const Key secret(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr));
  must(SSL_CTX_use_certificate(impl_->context.get(), certificate.get()) == 1);
  must(SSL_CTX_use_PrivateKey(impl_->context.get(), secret.get()) == 1);
}
TlsSide::~TlsSide() = default;

std::unique_ptr<Wire> TlsSide::shake_hands(int socket) const {
  Owned<SSL> side(SSL_new(impl_->context.get()));
  if (SSL_set_fd(side.get(), socket) != 1 || SSL_accept(side.get()) != 1) return nullptr;
  return std::make_unique<TlsWire>(std::move(side));
}

}  // namespace switchyard
