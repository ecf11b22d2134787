#include "providers/agent/authority.h"

#include <fmt/core.h>

#include "providers/agent/private_file.h"
#include "specs/base/digest.h"

namespace switchyard {
namespace {

constexpr std::chrono::hours kSkew{24};
constexpr std::chrono::hours kAuthorityLife{24 * 365 * 25};
constexpr std::chrono::hours kAgentLife{24 * 365};
constexpr std::chrono::hours kReconcilerLife{24 * 7};

std::string key_file(const std::string& folder) {
  return folder + "/ca.key";
}
std::string certificate_file(const std::string& folder) {
  return folder + "/ca.pem";
}

Error broken(const std::string& folder, std::string_view what) {
  return {ErrorCode::kUnreadable,
          fmt::format("the authority of the fleet in \"{}\" is damaged: {}; restore ca.key and ca.pem from a backup of "
                      "the state",
                      folder, what)};
}

// Makes a file unless somebody else was first.
Result<Done> create_once(const std::string& path, std::string_view text) {
  auto made = create_private_file(path, text);
  if (!made && made.error().code == ErrorCode::kConflict) return Done{};
  return made;
}

// The key of an authority whose certificate is lost makes another one that issued certificates hold under as well: what
// counts is the key and the name, which follows from the key.
Result<std::string> make_certificate(const std::string& key, Timestamp now) {
  auto public_key = public_key_of(key);
  if (!public_key) return public_key.error();
  return self_signed({.name = fmt::format("switchyard fleet {}", sha256_hex(*public_key).substr(0, 16)),
                      .address = {},
                      .use = CertificateUse::kAuthority,
                      .not_before = now - kSkew,
                      .not_after = now + kAuthorityLife},
                     key);
}

}  // namespace

Result<Authority> Authority::open(const std::string& folder) {
  auto key = read_private_file(key_file(folder));
  auto certificate = read_private_file(certificate_file(folder));
  const auto missing = [](const Result<std::string>& file) {
    return !file && file.error().code == ErrorCode::kNotFound;
  };
  if (missing(key) && missing(certificate)) return key.error();
  if (missing(key)) return broken(folder, "ca.key is missing");
  if (missing(certificate)) return broken(folder, "ca.pem is missing");
  if (!key) return key.error();
  if (!certificate) return certificate.error();
  const auto public_key = public_key_of(*key);
  const auto der = der_of_pem(*certificate);
  const auto reading = der ? read_certificate_der(*der) : Result<CertificateReading>(der.error());
  if (!public_key) return broken(folder, "ca.key holds no key");
  if (!reading) return broken(folder, "ca.pem holds no certificate");
  if (reading->public_key != *public_key) return broken(folder, "ca.key and ca.pem do not fit each other");
  return Authority({.chain = *std::move(certificate), .key = *std::move(key)});
}

Result<Authority> Authority::open_or_make(const std::string& folder, Timestamp now) {
  auto found = open(folder);
  if (found || (found.error().code != ErrorCode::kNotFound && found.error().code != ErrorCode::kUnreadable)) {
    return found;
  }
  auto key = read_private_file(key_file(folder));
  if (!key && key.error().code == ErrorCode::kNotFound) {
    // A certificate without its key is a loss that only a person can judge.
    if (found.error().code == ErrorCode::kUnreadable) return found;
    if (auto made = create_once(key_file(folder), make_key()); !made) return made.error();
    key = read_private_file(key_file(folder));
  }
  if (!key) return key.error();
  // Killed between the two files, or somebody is making them at this moment: the certificate follows from the key.
  if (auto certificate = make_certificate(*key, now)) {
    if (auto made = create_once(certificate_file(folder), *certificate); !made) return made.error();
  }
  return open(folder);
}

Result<std::vector<std::string>> Authority::back_up(const std::string& folder, const std::string& to) {
  std::vector<std::string> copies;
  const auto found = open(folder);
  if (!found && found.error().code == ErrorCode::kNotFound) return copies;
  if (!found) return found.error();
  for (const auto& [path, text] : {std::pair(to + ".ca.key", found->own_.key), {to + ".ca.pem", found->own_.chain}}) {
    auto made = create_private_file(path, text);
    if (!made && made.error().code == ErrorCode::kConflict) {
      return Error{ErrorCode::kInvalid,
                   fmt::format("\"{}\" is there already and is not overwritten; name another file", path)};
    }
    if (!made) return made.error();
    copies.push_back(path);
  }
  return copies;
}

Result<TlsIdentity> Authority::issue_reconciler(Timestamp now) const {
  TlsIdentity identity{.chain = {}, .key = make_key()};
  const auto public_key = public_key_of(identity.key);
  if (!public_key) return public_key.error();
  auto certificate = issue({.name = std::string(kReconcilerName),
                            .address = {},
                            .use = CertificateUse::kReconciler,
                            .not_before = now - kSkew,
                            .not_after = now + kReconcilerLife},
                           *public_key, own_);
  if (!certificate) return certificate.error();
  identity.chain = *std::move(certificate);
  return identity;
}

Result<std::string> Authority::issue_agent(const std::string& uid, const std::string& address, std::string_view shown,
                                           Timestamp now) const {
  const auto reading = read_certificate_der(shown);
  if (!reading) return reading.error();
  return issue({.name = uid,
                .address = address,
                .use = CertificateUse::kAgent,
                .not_before = now - kSkew,
                .not_after = now + kAgentLife},
               reading->public_key, own_);
}

std::string Authority::enrolment_token(std::string_view uid) const {
  // Two steps, so that nothing that is ever given away was made with the key itself.
  const std::string secret = hmac_sha256_hex(own_.key, "switchyard enrolment secret");
  return hmac_sha256_hex(secret, uid);
}

bool agent_renewal_due(Timestamp not_after, Timestamp now) {
  return now > not_after - kAgentLife * 2 / 3;
}

bool reconciler_renewal_due(Timestamp not_after, Timestamp now) {
  return now > not_after - kReconcilerLife / 2;
}

}  // namespace switchyard
