#pragma once

#include <string>
#include <string_view>

#include "specs/base/json.h"

// How an agent and the reconciler of its fleet come to know each other: each proves a token that only the two have,
// over the fingerprints of both certificates of the very connection. README.md has the messages, and why nobody in
// between can take part. Pure.
namespace switchyard {

struct EnrolmentParties {
  std::string uid;                     // of the server
  std::string reconciler_fingerprint;  // as each side saw it on the connection
  std::string agent_fingerprint;
  std::string reconciler_nonce;
  std::string agent_nonce;
};

std::string reconciler_proof(std::string_view token, const EnrolmentParties& parties);
std::string agent_proof(std::string_view token, const EnrolmentParties& parties);
// Over what the agent is given at the end: its certificate and the authority's, PEM.
std::string identity_proof(std::string_view token, const EnrolmentParties& parties, std::string_view certificate,
                           std::string_view authority);

// Takes as long whatever differs.
bool is_proof(std::string_view given, std::string_view expected);

std::string make_nonce();
bool is_nonce(std::string_view text);

// What an agent is given when its server is made, as a file of its own (identity.h).
struct Invitation {
  std::string uid;
  std::string token;  // a secret

  friend bool operator==(const Invitation&, const Invitation&) = default;
};
Json to_json(const Invitation& invitation);
Result<Invitation> invitation_from_json(const Json& json);  // kUnreadable

}  // namespace switchyard
