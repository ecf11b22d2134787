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

// The change of a server's peers ("destinations" of a dispatcher, "media" of a switch), or nothing. `coming` names
// wanted peers that this plan brings into service and whose address is known only then.
std::optional<FieldChange> compare_peers(const DesiredServer& wanted, const Member& member, std::vector<Peer> peers,
                                         const std::vector<std::string>& coming);

// The worst effect of some field changes.
Effect worst_effect(const std::vector<FieldChange>& fields);

}  // namespace switchyard
