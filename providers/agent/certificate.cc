#include "providers/agent/certificate.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <memory>

#include "providers/http/tls_context.h"
#include "specs/base/digest.h"

namespace switchyard {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
  void operator()(X509_STORE_CTX* context) const { X509_STORE_CTX_free(context); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

constexpr std::size_t kLongestName = 64;  // RFC 5280, ub-common-name
constexpr int kSerialBytes = 16;

Error unreadable(std::string_view what) {
  ERR_clear_error();
  return {ErrorCode::kUnreadable, fmt::format("{} cannot be read", what)};
}

Owned<BIO> reading(std::string_view text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string taken_from(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

Owned<EVP_PKEY> key_of(std::string_view pem) {
  return Owned<EVP_PKEY>(PEM_read_bio_PrivateKey(reading(pem).get(), nullptr, nullptr, nullptr));
}

Owned<X509> certificate_of_pem(std::string_view pem) {
  return Owned<X509>(PEM_read_bio_X509(reading(pem).get(), nullptr, nullptr, nullptr));
}

Owned<X509> certificate_of_der(std::string_view der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  return Owned<X509>(d2i_X509(nullptr, &bytes, static_cast<long>(der.size())));
}

Owned<EVP_PKEY> public_key_of_der(std::string_view der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  return Owned<EVP_PKEY>(d2i_PUBKEY(nullptr, &bytes, static_cast<long>(der.size())));
}

// What an encoder of OpenSSL gives for `value`.
template <class T>
std::string encoded(int (*encode)(const T*, unsigned char**), const T* value) {
  unsigned char* bytes = nullptr;
  const int size = encode(value, &bytes);
  if (size <= 0) return {};
  std::string text(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return text;
}

bool set_time(ASN1_TIME* time, Timestamp to) {
  return ASN1_TIME_set(time, std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(to))) !=
         nullptr;
}

bool add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool add_extensions(X509* certificate, X509* issuer, const CertificateDraft& draft) {
  const auto add = [&](int kind, const char* value) { return add_extension(certificate, issuer, kind, value); };
  bool added = add(NID_subject_key_identifier, "hash");
  switch (draft.use) {
    case CertificateUse::kAuthority:
      added = added && add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
              add(NID_key_usage, "critical,keyCertSign");
      break;
    case CertificateUse::kAgent:
      added = added && add(NID_basic_constraints, "critical,CA:FALSE") &&
              add(NID_key_usage, "critical,digitalSignature") && add(NID_ext_key_usage, "serverAuth");
      break;
    case CertificateUse::kReconciler:
      added = added && add(NID_basic_constraints, "critical,CA:FALSE") &&
              add(NID_key_usage, "critical,digitalSignature") && add(NID_ext_key_usage, "clientAuth");
      break;
  }
  if (certificate != issuer) added = added && add(NID_authority_key_identifier, "keyid:always");
  if (!draft.address.empty()) {
    added = added && add_extension(certificate, issuer, NID_subject_alt_name, "IP:" + draft.address);
  }
  return added;
}

bool set_serial(X509* certificate) {
  std::array<unsigned char, kSerialBytes> bytes;
  if (RAND_bytes(bytes.data(), kSerialBytes) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7fU) | 0x40U);  // positive, and never short
  const Owned<BIGNUM> number(BN_bin2bn(bytes.data(), kSerialBytes, nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_name(X509* certificate, const std::string& name) {
  return X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(name.data()), static_cast<int>(name.size()),
                                    -1, 0) == 1;
}

bool is_address(const std::string& text) {
  std::array<unsigned char, 16> bytes;
  return ::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

// `issuer` none: signed by its own key.
Result<std::string> make(const CertificateDraft& draft, EVP_PKEY* subject, X509* issuer, EVP_PKEY* signer) {
  if (draft.name.empty() || draft.name.size() > kLongestName) {
    return Error{ErrorCode::kInvalid, fmt::format("\"{}\" cannot be the name of a certificate", draft.name)};
  }
  if (!draft.address.empty() && !is_address(draft.address)) {
    return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is no address for a certificate", draft.address)};
  }
  const Owned<X509> made(X509_new());
  X509* const certificate = made.get();
  const bool good =
      certificate != nullptr && X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
      set_name(certificate, draft.name) &&
      X509_set_issuer_name(certificate, X509_get_subject_name(issuer == nullptr ? certificate : issuer)) == 1 &&
      set_time(X509_getm_notBefore(certificate), draft.not_before) &&
      set_time(X509_getm_notAfter(certificate), draft.not_after) && X509_set_pubkey(certificate, subject) == 1 &&
      add_extensions(certificate, issuer == nullptr ? certificate : issuer, draft) &&
      X509_sign(certificate, signer, EVP_sha256()) != 0;
  const Owned<BIO> text(BIO_new(BIO_s_mem()));
  if (!good || PEM_write_bio_X509(text.get(), certificate) != 1) {
    ERR_clear_error();
    return Error{ErrorCode::kInvalid, fmt::format("no certificate can be made for \"{}\"", draft.name)};
  }
  return taken_from(text.get());
}

std::string text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string address_in(const X509* certificate) {
  const Owned<GENERAL_NAMES> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_IPADD) continue;
    const std::string bytes = text_of(name->d.iPAddress);
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (::inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size()) != nullptr) {
      return text.data();
    }
  }
  return {};
}

bool read_time(const ASN1_TIME* time, Timestamp& into) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return false;
  into = Timestamp(std::chrono::seconds(timegm(&parts)));
  return true;
}

}  // namespace

std::string make_key() {
  const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  const Owned<BIO> text(BIO_new(BIO_s_mem()));
  // Without memory or randomness nothing that follows could be trusted.
  if (!key || PEM_write_bio_PKCS8PrivateKey(text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    std::abort();
  }
  return taken_from(text.get());
}

Result<std::string> public_key_of(std::string_view key) {
  const Owned<EVP_PKEY> read = key_of(key);
  std::string der = read ? encoded<EVP_PKEY>(i2d_PUBKEY, read.get()) : std::string();
  if (der.empty()) return unreadable("a private key");
  return der;
}

Result<std::string> issue(const CertificateDraft& draft, std::string_view public_key, const TlsIdentity& issuer) {
  const Owned<EVP_PKEY> subject = public_key_of_der(public_key);
  const Owned<X509> authority = certificate_of_pem(issuer.chain);
  const Owned<EVP_PKEY> signer = key_of(issuer.key);
  if (!subject) return unreadable("a public key");
  if (!authority || !signer) return unreadable("the authority");
  return make(draft, subject.get(), authority.get(), signer.get());
}

Result<std::string> self_signed(const CertificateDraft& draft, const std::string& key) {
  const Owned<EVP_PKEY> own = key_of(key);
  if (!own) return unreadable("a private key");
  return make(draft, own.get(), nullptr, own.get());
}

Result<CertificateReading> read_certificate_der(std::string_view der) {
  const Owned<X509> certificate = certificate_of_der(der);
  if (!certificate) return unreadable("a certificate");
  CertificateReading facts{.name = {},
                           .address = address_in(certificate.get()),
                           .not_before = {},
                           .not_after = {},
                           .public_key = encoded<EVP_PKEY>(i2d_PUBKEY, X509_get0_pubkey(certificate.get()))};
  const X509_NAME* subject = X509_get_subject_name(certificate.get());
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at >= 0) facts.name = text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  if (!read_time(X509_get0_notBefore(certificate.get()), facts.not_before) ||
      !read_time(X509_get0_notAfter(certificate.get()), facts.not_after) || facts.public_key.empty()) {
    return unreadable("a certificate");
  }
  return facts;
}

Result<std::string> der_of_pem(std::string_view pem) {
  const Owned<X509> certificate = certificate_of_pem(pem);
  std::string der = certificate ? encoded<X509>(i2d_X509, certificate.get()) : std::string();
  if (der.empty()) return unreadable("a certificate");
  return der;
}

std::string fingerprint_of(std::string_view der) {
  return sha256_hex(der);
}

std::string canonical_address(const std::string& text) {
  std::array<unsigned char, 16> bytes;
  std::array<char, INET6_ADDRSTRLEN> canonical{};
  for (const int family : {AF_INET, AF_INET6}) {
    if (::inet_pton(family, text.c_str(), bytes.data()) != 1) continue;
    if (::inet_ntop(family, bytes.data(), canonical.data(), canonical.size()) != nullptr) return canonical.data();
  }
  return text;
}

Result<Done> check_issued(std::string_view der, const std::string& authority, CertificateUse use) {
  const Owned<X509> certificate = certificate_of_der(der);
  const Owned<X509> issuer = certificate_of_pem(authority);
  const Owned<X509_STORE> store(X509_STORE_new());
  const Owned<X509_STORE_CTX> context(X509_STORE_CTX_new());
  if (!certificate || !issuer) {
    ERR_clear_error();
    return Error{ErrorCode::kUnauthorized, "a certificate cannot be read"};
  }
  const char* side = use == CertificateUse::kReconciler ? "ssl_client" : "ssl_server";
  if (!store || !context || X509_STORE_add_cert(store.get(), issuer.get()) != 1 ||
      X509_STORE_CTX_init(context.get(), store.get(), certificate.get(), nullptr) != 1 ||
      X509_STORE_CTX_set_default(context.get(), side) != 1) {
    std::abort();  // no memory
  }
  const bool good = X509_verify_cert(context.get()) == 1;
  const int why = X509_STORE_CTX_get_error(context.get());
  ERR_clear_error();
  if (!good) return Error{ErrorCode::kUnauthorized, why_not_believed(why)};
  return Done{};
}

}  // namespace switchyard
