#include "providers/agent/identity.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "providers/agent/private_file.h"

namespace switchyard {
namespace {

constexpr int kFormatVersion = 1;
// Nobody checks the dates of a certificate that nobody has signed; it is replaced at first contact.
constexpr std::chrono::hours kUnsignedLife{24 * 365 * 25};

std::string identity_file(const std::string& folder) {
  return folder + "/identity.json";
}
std::string invitation_file(const std::string& folder) {
  return folder + "/invitation.json";
}

Error nonsense(const std::string& path) {
  return {ErrorCode::kUnreadable, fmt::format("\"{}\" makes no sense; install the server anew", path)};
}

Result<Invitation> read_invitation(const std::string& folder) {
  const auto text = read_private_file(invitation_file(folder));
  if (!text) return text.error();
  const auto json = parse_json(*text);
  auto invitation = json ? invitation_from_json(*json) : Result<Invitation>(json.error());
  if (!invitation) return nonsense(invitation_file(folder));
  return invitation;
}

}  // namespace

Result<std::unique_ptr<AgentIdentity>> AgentIdentity::open(const std::string& folder, Timestamp now) {
  std::unique_ptr<AgentIdentity> identity(new AgentIdentity());
  identity->folder_ = folder + "/identity";
  const std::string path = identity_file(identity->folder_);
  const auto text = read_private_file(path);
  if (text) {
    const auto json = parse_json(*text);
    if (!json || json->integer_or("formatVersion", 0) != kFormatVersion) return nonsense(path);
    identity->uid_ = json->string_or("uid", "");
    identity->own_ = {.chain = json->string_or("certificate", ""), .key = json->string_or("key", "")};
    identity->authority_ = json->string_or("authority", "");
    if (identity->uid_.empty() || !der_of_pem(identity->own_.chain) || !public_key_of(identity->own_.key)) {
      return nonsense(path);
    }
    if (identity->enrolled()) {
      // Killed before the token was forgotten.
      if (auto done = remove_private_file(invitation_file(identity->folder_)); !done) return done.error();
      return identity;
    }
  } else if (text.error().code != ErrorCode::kNotFound) {
    return text.error();
  }
  auto invitation = read_invitation(identity->folder_);
  if (!invitation) return invitation.error();
  identity->token_ = std::move(invitation->token);
  if (identity->uid_ == invitation->uid) return identity;
  identity->uid_ = std::move(invitation->uid);
  identity->own_.key = make_key();
  auto certificate = self_signed({.name = identity->uid_,
                                  .address = {},
                                  .use = CertificateUse::kAgent,
                                  .not_before = now,
                                  .not_after = now + kUnsignedLife},
                                 identity->own_.key);
  if (!certificate) return certificate.error();
  identity->own_.chain = *std::move(certificate);
  if (auto saved = identity->save(); !saved) return saved.error();
  return identity;
}

std::string AgentIdentity::certificate() const {
  auto der = der_of_pem(own_.chain);
  return der ? *std::move(der) : std::string();
}

TlsOptions AgentIdentity::tls() const {
  if (!enrolled()) return {.identity = own_, .trust = TrustAnybody{}};
  return {.identity = own_, .trust = TrustAuthority{.pem = authority_, .name = std::string(kReconcilerName)}};
}

Result<Done> AgentIdentity::install(const std::string& certificate, const std::string& authority) {
  if (enrolled() && authority != authority_) {
    return Error{ErrorCode::kUnauthorized, "this agent belongs to another fleet; install its server anew"};
  }
  const auto der = der_of_pem(certificate);
  const auto reading = der ? read_certificate_der(*der) : Result<CertificateReading>(der.error());
  const auto public_key = public_key_of(own_.key);
  if (!reading || !public_key) return Error{ErrorCode::kInvalid, "the certificate cannot be read"};
  if (reading->name != uid_ || reading->public_key != *public_key) {
    return Error{ErrorCode::kInvalid, "the certificate is for another agent or another key"};
  }
  if (auto issued = check_issued(*der, authority, CertificateUse::kAgent); !issued) return issued;
  const std::string own_before = std::exchange(own_.chain, certificate);
  const std::string authority_before = std::exchange(authority_, authority);
  if (auto saved = save(); !saved) {
    own_.chain = own_before;
    authority_ = authority_before;
    return saved;
  }
  token_.clear();
  return remove_private_file(invitation_file(folder_));
}

Result<Done> AgentIdentity::save() const {
  Json json;
  json.set("formatVersion", kFormatVersion)
      .set("uid", uid_)
      .set("key", own_.key)
      .set("certificate", own_.chain)
      .set("authority", authority_);
  return replace_private_file(identity_file(folder_), to_string(json) + "\n");
}

Result<Done> invite(const std::string& folder, const Invitation& invitation) {
  const std::string own = folder + "/identity";
  if (::mkdir(own.c_str(), 0700) != 0 && errno != EEXIST) {
    return Error{ErrorCode::kStorage, fmt::format("\"{}\" cannot be made: {}", own, std::strerror(errno))};
  }
  if (auto removed = remove_private_file(identity_file(own)); !removed) return removed;
  return replace_private_file(invitation_file(own), to_string(to_json(invitation)) + "\n");
}

}  // namespace switchyard
