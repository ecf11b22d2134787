#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "reconciler/core/peers.h"
#include "reconciler/core/plan.h"

namespace switchyard {

using Fingerprints = std::map<std::pair<Key, std::string>, std::string>;

// What differs between a wanted server and its machine, sorted by path; empty when nothing does. Peers are compared
// apart. Takes a copy of nothing when the digests agree, so that comparing a large fleet that is as it should be costs
// little.
std::vector<FieldChange> compare_fields(const DesiredFleet& desired, const DesiredServer& wanted, const Member& member,
                                        const Catalogue& catalogue, const Fingerprints& fingerprints);

// Whether a machine is what its document wants, or can be made so: one that is not is replaced, never changed.
bool fits(const DesiredFleet& desired, const DesiredServer& wanted, const ObservedServer& machine,
          const Catalogue& catalogue);

// What changes of a server's peers, a field for each purpose (PeerWishes::path_of), sorted by path. `coming`: wanted
// ones that this plan brings into service and whose address is known only then; sorted by purpose, name.
std::vector<FieldChange> compare_peers(const Member& member, const std::vector<Peer>& peers,
                                       const std::vector<PeerWishes::Wish>& coming);

// The worst effect of some field changes.
Effect worst_effect(const std::vector<FieldChange>& fields);

}  // namespace switchyard
