#pragma once

#include <map>
#include <string>
#include <vector>

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

// The declared servers that change where a document changes, sorted: those of an account, zone, cluster or set; those
// that use a carrier or certificate.
std::vector<Key> servers_of(const DesiredFleet& desired, const Key& document);

// The same of all sets, carriers or certificates at once, by their names; those without servers are left out.
std::map<std::string, std::vector<Key>> servers_by_document(const DesiredFleet& desired, Kind kind);

}  // namespace switchyard
