#pragma once

#include <memory>
#include <string>

#include "providers/agent/certificate.h"
#include "providers/agent/enrolment.h"

namespace switchyard {

// Who an agent is and whom it obeys, kept in FOLDER/identity (0700):
//   identity.json    its key and certificate, and the authority of its fleet once it is enrolled
//   invitation.json  what it is to be enrolled with; removed when that is done
// One file decides: an agent that has an authority is enrolled, and what lies there as an invitation is void. One
// thread at a time.
class AgentIdentity {
 public:
  // A new one, with a key and a certificate that nobody has signed, where there is only an invitation. Errors:
  // kNotFound (neither is there), kUnreadable, kUnauthorized (others may read it), kStorage.
  static Result<std::unique_ptr<AgentIdentity>> open(const std::string& folder, Timestamp now);

  bool enrolled() const { return !authority_.empty(); }
  const std::string& uid() const { return uid_; }
  const std::string& token() const { return token_; }  // a secret; empty once enrolled
  const std::string& authority() const { return authority_; }
  std::string certificate() const;  // DER
  // What the agent's listener shows, and whom it believes: anybody before it is enrolled, the reconciler afterwards.
  TlsOptions tls() const;

  // Takes a certificate for its own key, and the authority that issued it (PEM). Durable when it returns, and the token
  // is forgotten. Errors: kInvalid (for another key or name), kUnauthorized (not issued by that authority, or by
  // another one than before), kStorage.
  Result<Done> install(const std::string& certificate, const std::string& authority);

 private:
  AgentIdentity() = default;
  Result<Done> save() const;

  std::string folder_;  // FOLDER/identity
  std::string uid_;
  std::string token_;
  TlsIdentity own_;
  std::string authority_;
};

// Lays an invitation where the agent of a server will look for it; makes FOLDER/identity. An older identity there is
// removed first: a server that is installed anew is enrolled anew. Error: kStorage.
Result<Done> invite(const std::string& folder, const Invitation& invitation);

}  // namespace switchyard
