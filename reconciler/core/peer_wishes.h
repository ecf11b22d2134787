#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "specs/fleet.h"
#include "state/model/observation.h"

namespace switchyard {

// Which servers are to know which others, from what the YAML says alone: a dispatcher the switches of its cluster; a
// switch its media servers, all other members of its cluster where that shares something (a bus takes no word from a
// stranger), the one that it names when it is full, and with restrictDirect the dispatchers that may send it calls.
class PeerWishes {
 public:
  explicit PeerWishes(const DesiredFleet& desired);

  struct Wish {
    Peer::For purpose;
    const DesiredServer* server;
  };
  // Sorted by purpose, name.
  std::vector<Wish> of(const DesiredServer& server) const;
  // A switch whose cluster shares something.
  bool on_bus(const DesiredServer& server) const;

  // The field under which a plan shows the peers of one purpose: "destinations", "media", "members", "failover",
  // "dispatchers".
  static std::string_view path_of(Peer::For purpose);
  // Whether a changed field is one of those.
  static bool is_path(std::string_view path);
  // Its server is waited for when it comes, and told before it leaves: calls and media go there.
  static bool carries_traffic(Peer::For purpose);
  // Its server is made before the one that is to know it. Of a bus that is the first member alone: whoever waited for
  // all others would wait for itself. The rest is told live.
  bool is_made_first(const Wish& wish) const;

 private:
  using Group = std::vector<const DesiredServer*>;

  const DesiredFleet& desired_;
  std::map<std::string, Group, std::less<>> switches_;     // by cluster; by name
  std::map<std::string, Group, std::less<>> dispatchers_;  // by the cluster whose switches get their calls; by name
};

// What others are told of a peer.
Peer peer_of(const PeerWishes::Wish& wish, std::string address);

}  // namespace switchyard
