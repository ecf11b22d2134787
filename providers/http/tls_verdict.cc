#include "providers/http/tls_verdict.h"

#include <fmt/core.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <string_view>

namespace switchyard {
namespace {

constexpr std::size_t kMostNames = 3;
constexpr std::size_t kLongestName = 100;

// What a stranger wrote into a certificate, fit for a terminal.
std::string quoted(std::string_view name) {
  std::string shown(name.substr(0, kLongestName));
  std::ranges::replace_if(
      shown, [](char c) { return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f; }, '?');
  return "\"" + shown + "\"";
}

std::string time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return "at an unknown time";
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string common_name(const X509_NAME* name) {
  std::string text(256, '\0');
  const int length = X509_NAME_get_text_by_NID(name, NID_commonName, text.data(), static_cast<int>(text.size()));
  text.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
  return text;
}

std::string names_of(X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  std::string text;
  std::size_t count = 0;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS || ++count > kMostNames) continue;
    const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
    const auto length = static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName));
    text += (text.empty() ? "" : ", ") + quoted({bytes, length});
  }
  if (count > kMostNames) text += fmt::format(" and {} more", count - kMostNames);
  return text.empty() ? quoted(common_name(X509_get_subject_name(certificate))) : text;
}

bool is_for(X509* certificate, const std::string& host) {
  return X509_check_host(certificate, host.c_str(), host.size(), 0, nullptr) == 1 ||
         X509_check_ip_asc(certificate, host.c_str(), 0) == 1;
}

// Of a verification that failed.
std::string words_for(X509_STORE_CTX* store, const std::string& host) {
  const int error = X509_STORE_CTX_get_error(store);
  X509* at = X509_STORE_CTX_get_current_cert(store);
  X509* leaf = X509_STORE_CTX_get0_cert(store);
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format("its certificate has run out ({}); who runs it has to renew it",
                         time_of(X509_get0_notAfter(at)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format("its certificate is not valid yet (it begins {}); check the clock of this machine",
                         time_of(X509_get0_notBefore(at)));
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "its certificate is self-signed; if it is the right one, name a file with it in SSL_CERT_FILE";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return fmt::format(
          "its certificate is of {}, an authority that nobody here trusts; if it is the right one, name a file with "
          "that "
          "authority's certificate in SSL_CERT_FILE",
          quoted(common_name(X509_get_issuer_name(at == nullptr ? leaf : at))));
    default:
      break;
  }
  // The library's own look at the name leaves no error of its own.
  if (leaf != nullptr && !is_for(leaf, host)) {
    return fmt::format("its certificate is for {}, not for {}; check the endpoint", names_of(leaf), quoted(host));
  }
  return fmt::format("its certificate does not pass: {}", X509_verify_cert_error_string(error));
}

}  // namespace

// What OpenSSL calls in place of its own verification, which it leads to.
struct Listening {
  static int verify(X509_STORE_CTX* store, void* verdict) {
    const int passed = X509_verify_cert(store);
    auto& self = *static_cast<TlsVerdict*>(verdict);
    self.say(passed == 1 ? std::string() : words_for(store, self.host_));
    return passed;
  }
};

void TlsVerdict::listen_to(ssl_ctx_st* context) {
  SSL_CTX_set_cert_verify_callback(context, Listening::verify, this);
}

void TlsVerdict::say(std::string words) {
  const std::scoped_lock lock(mutex_);
  words_ = std::move(words);
}

std::string TlsVerdict::words() const {
  const std::scoped_lock lock(mutex_);
  return words_;
}

}  // namespace switchyard
