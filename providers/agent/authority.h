#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "providers/agent/certificate.h"

namespace switchyard {

// The fleet's certificate authority: two files beside the state, `ca.key` and `ca.pem` (0600), made at first need and
// never written again. Copying both back restores it. Times are the machine's clock; a certificate begins a day before
// it is made, so that clocks may differ by that much. A value: any thread may use a copy.
class Authority {
 public:
  // Errors: kNotFound (neither file is there), kUnreadable (one is missing or they do not fit: restore both from a
  // backup), kUnauthorized (others may read the key), kStorage.
  static Result<Authority> open(const std::string& folder);
  // Makes what is missing; of two who do so at once, both get the same one. Errors: as above, without kNotFound.
  static Result<Authority> open_or_make(const std::string& folder, Timestamp now);

  // Copies both files, as TO.ca.key and TO.ca.pem, and gives their names; none where there is no authority. Never over
  // another file. Errors: kInvalid (something is there), and as open.
  static Result<std::vector<std::string>> back_up(const std::string& folder, const std::string& to);

  const std::string& certificate() const { return own_.chain; }  // PEM

  // Who the reconciler is, with a key of its own, for 7 days.
  Result<TlsIdentity> issue_reconciler(Timestamp now) const;
  // For the agent of server `uid` that has the key of the certificate `shown` (DER), for a year. PEM. Errors: kInvalid,
  // kUnreadable (`shown`).
  Result<std::string> issue_agent(const std::string& uid, const std::string& address, std::string_view shown,
                                  Timestamp now) const;
  // What the agent of a new server is given, once, to know this fleet by. Follows from the key and the uid, so that it
  // is stored nowhere. A secret.
  std::string enrolment_token(std::string_view uid) const;

 private:
  explicit Authority(TlsIdentity own) : own_(std::move(own)) {}
  TlsIdentity own_;
};

// Whether an agent's certificate is to be renewed now: after a third of its year, so that an absence of eight months
// locks nobody out.
bool agent_renewal_due(Timestamp not_after, Timestamp now);
bool reconciler_renewal_due(Timestamp not_after, Timestamp now);

}  // namespace switchyard
