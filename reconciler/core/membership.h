#pragma once

#include <string>

#include "specs/fleet.h"
#include "state/model/observation.h"

namespace switchyard {

// A server as it is told from others: what is wanted of it and what is known of its machine, as far as there is either.
struct NamedServer {
  const Key& key;
  const std::string& account;
  const DesiredServer* desired;   // nullptr: no longer wanted
  const ObservedServer* machine;  // nullptr: not there
};

// Whether a server is meant where a person names a resource: the server itself, or the account, zone, cluster or set
// that it belongs to. What is no longer wanted belongs to what its agent says.
bool is_meant(const Key& named, const NamedServer& server);

}  // namespace switchyard
