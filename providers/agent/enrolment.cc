#include "providers/agent/enrolment.h"

#include <fmt/core.h>
#include <openssl/crypto.h>

#include <algorithm>

#include "specs/base/digest.h"

namespace switchyard {
namespace {

constexpr int kNonceBytes = 32;

// Every part has a fixed length or is hashed to one, so that no two different lists of parts read alike.
std::string proof(std::string_view token, std::string_view whose, const EnrolmentParties& parties,
                  std::string_view about) {
  return hmac_sha256_hex(
      token, fmt::format("switchyard enrolment 1\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n", whose, sha256_hex(parties.uid),
                         parties.reconciler_fingerprint, parties.agent_fingerprint, parties.reconciler_nonce,
                         parties.agent_nonce, about));
}

}  // namespace

std::string reconciler_proof(std::string_view token, const EnrolmentParties& parties) {
  return proof(token, "reconciler", parties, "");
}

std::string agent_proof(std::string_view token, const EnrolmentParties& parties) {
  return proof(token, "agent", parties, "");
}

std::string identity_proof(std::string_view token, const EnrolmentParties& parties, std::string_view certificate,
                           std::string_view authority) {
  return proof(token, "identity", parties, sha256_hex(certificate) + sha256_hex(authority));
}

bool is_proof(std::string_view given, std::string_view expected) {
  return given.size() == expected.size() && CRYPTO_memcmp(given.data(), expected.data(), given.size()) == 0;
}

std::string make_nonce() {
  return random_hex(kNonceBytes);
}

bool is_nonce(std::string_view text) {
  return text.size() == std::size_t{2} * kNonceBytes &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Json to_json(const Invitation& invitation) {
  Json json;
  json.set("formatVersion", 1).set("uid", invitation.uid).set("token", invitation.token);
  return json;
}

Result<Invitation> invitation_from_json(const Json& json) {
  Invitation invitation{.uid = json.string_or("uid", ""), .token = json.string_or("token", "")};
  if (json.integer_or("formatVersion", 0) != 1 || invitation.uid.empty() || invitation.token.empty()) {
    return Error{ErrorCode::kUnreadable, "an invitation makes no sense"};
  }
  return invitation;
}

}  // namespace switchyard
