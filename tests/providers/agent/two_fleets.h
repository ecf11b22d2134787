#pragma once

#include <chrono>
#include <string>

#include "providers/agent/authority.h"
#include "state/machine_clock.h"
#include "tests/support/scratch_folder.h"

// Authorities and certificates, as the tests of agents need them.
namespace switchyard {

// A fleet's authority in a folder of its own.
class SmallAuthority {
 public:
  SmallAuthority() : authority_(*Authority::open_or_make(folder_.path().string(), machine_now())) {}

  std::string folder() const { return folder_.path().string(); }
  const Authority& authority() const { return authority_; }

  TlsIdentity reconciler(Timestamp made = machine_now()) const { return *authority_.issue_reconciler(made); }
  // An agent's, with the key that fits.
  TlsIdentity agent(const std::string& uid, Timestamp made = machine_now()) const {
    TlsIdentity identity{.chain = {}, .key = make_key()};
    const std::string shown = *der_of_pem(*self_signed({.name = uid,
                                                        .address = {},
                                                        .use = CertificateUse::kAgent,
                                                        .not_before = made,
                                                        .not_after = made + std::chrono::hours(1)},
                                                       identity.key));
    identity.chain = *authority_.issue_agent(uid, "127.0.0.1", shown, made);
    return identity;
  }
  // Believes this fleet's reconciler; or, at the other end, the agent of this name.
  TlsTrust trust(const std::string& name = std::string(kReconcilerName)) const {
    return TrustAuthority{.pem = authority_.certificate(), .name = name};
  }

 private:
  ScratchFolder folder_;
  Authority authority_;
};

// Long enough ago that everything issued then has expired.
inline Timestamp years_ago() {
  return machine_now() - std::chrono::hours(24 * 365 * 3);
}

}  // namespace switchyard
