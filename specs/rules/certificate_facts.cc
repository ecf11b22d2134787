#include "specs/rules/certificate_facts.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <memory>

namespace switchyard {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

bool read_time(const ASN1_TIME* time, Timestamp& out) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return false;
  out = Timestamp(std::chrono::seconds(timegm(&parts)));
  return true;
}

std::string text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string folded(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (out.ends_with('.')) out.pop_back();
  return out;
}

}  // namespace

Result<CertificateFacts> read_certificate(std::string_view pem) {
  const std::unique_ptr<BIO, Free> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const std::unique_ptr<X509, Free> certificate(
      bio == nullptr ? nullptr : PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) {
    ERR_clear_error();
    return Error{ErrorCode::kInvalid, "there is no certificate in PEM in it"};
  }
  CertificateFacts facts{};
  if (!read_time(X509_get0_notBefore(certificate.get()), facts.not_before) ||
      !read_time(X509_get0_notAfter(certificate.get()), facts.not_after)) {
    return Error{ErrorCode::kInvalid, "its dates cannot be read"};
  }
  const std::unique_ptr<GENERAL_NAMES, Free> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) facts.names.push_back(folded(text_of(name->d.dNSName)));
  }
  if (facts.names.empty()) {
    const X509_NAME* subject = X509_get_subject_name(certificate.get());
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at >= 0) facts.names.push_back(folded(text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)))));
  }
  std::ranges::sort(facts.names);
  return facts;
}

Result<Done> check_private_key(std::string_view chain_pem, std::string_view key_pem) {
  const std::unique_ptr<BIO, Free> chain(BIO_new_mem_buf(chain_pem.data(), static_cast<int>(chain_pem.size())));
  const std::unique_ptr<BIO, Free> text(BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())));
  const std::unique_ptr<X509, Free> certificate(
      chain == nullptr ? nullptr : PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
  // Nobody is there to be asked for a passphrase.
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  const std::unique_ptr<EVP_PKEY, Free> key(
      text == nullptr ? nullptr : PEM_read_bio_PrivateKey(text.get(), nullptr, no_passphrase, nullptr));
  const bool belongs =
      certificate != nullptr && key != nullptr && X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (certificate == nullptr) return Error{ErrorCode::kInvalid, "there is no certificate in PEM in its chain"};
  if (key == nullptr) return Error{ErrorCode::kInvalid, "there is no usable private key in PEM in its key"};
  if (!belongs) return Error{ErrorCode::kInvalid, "its key belongs to another certificate"};
  return Done{};
}

bool covers(std::string_view name, std::string_view host) {
  const std::string pattern = folded(name);
  const std::string wanted = folded(host);
  if (pattern == wanted) return true;
  if (!pattern.starts_with("*.") || wanted.starts_with("*.")) return false;
  const std::size_t dot = wanted.find('.');
  return dot != std::string::npos && dot > 0 && wanted.substr(dot) == pattern.substr(1);
}

}  // namespace switchyard
