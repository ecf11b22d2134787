#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reconciler/core/fleet_index.h"
#include "reconciler/core/peer_wishes.h"

// Which servers must know each other, and who can take whose calls (domain.md, "Clusters" and "Drain").
namespace switchyard {

// The peers a server is to have now (PeerWishes): one that is not delivered yet is not in it. Who leaves a cluster is
// heard by the others until it is gone, because its calls count until then. Sorted by purpose, name.
class PeerIndex {
 public:
  explicit PeerIndex(const FleetIndex& fleet);

  std::vector<Peer> peers_of(const DesiredServer& server) const;
  using ByGroup = std::map<std::string, std::vector<Peer>, std::less<>>;
  // Members of clusters that are no longer wanted and still there; sorted by name.
  const ByGroup& leaving() const { return leaving_; }
  std::vector<Peer> leaving_members(const DesiredServer& server) const;
  // The peers of a machine on which nothing but its peers may change now, because the rest of what is wanted of it is
  // held: a dispatcher's destinations and a switch's cluster as above, the others that it knows where they can be
  // reached now. Nothing: what it is differs from what is wanted, so that its peers cannot be told apart from the rest.
  std::optional<std::vector<Peer>> peers_meanwhile(const DesiredServer& server, const ObservedServer& machine) const;
  // The wanted peers of a server, delivered or not; sorted by purpose, name.
  std::vector<PeerWishes::Wish> wishes_of(const DesiredServer& server) const { return wishes_.of(server); }
  const PeerWishes& wishes() const { return wishes_; }
  // Names the group whose members take each other's calls; empty: nobody does.
  static std::string group_of(const DesiredServer& server);
  // The same for a machine that is no longer wanted, from what its agent says of it.
  static std::string group_of(const ObservedServer& machine);
  const std::vector<const Member*>& group(const std::string& name) const;

 private:
  const FleetIndex& fleet_;
  PeerWishes wishes_;
  ByGroup leaving_;
  std::map<std::string, std::vector<const Member*>, std::less<>> groups_;
  std::vector<const Member*> none_;
};

// The resource that a peer is.
Key key_of(const Peer& peer);

// By what peers are sorted.
std::pair<Peer::For, std::string_view> place_of(const Peer& peer);

// The address under which others reach a resource's machine; empty when none of its machines is delivered.
std::string address_of(const Member& member);

// What stands in the way of taking one member of a group out of service.
struct TakeOut {
  enum class Verdict {
    kGo,        // others take its calls (or there are none and nobody else to take them)
    kNoPeer,    // it has calls and nobody else takes them: only waiting helps
    kTooMany,   // as many as maxUnavailable are out already
    kTooSmall,  // the others cannot carry the calls of all
    kUnknown,   // its number of calls is not known
  } verdict = Verdict::kGo;
  bool has_peer = false;
  std::int64_t channels = 0;     // calls on it
  std::int64_t remaining = 0;    // channels of the others in service
  std::int64_t in_use = 0;       // calls of the whole group
  std::vector<std::string> out;  // names of members that are out already
};

// Judges whether `machine` of `member` may go out now, with what was observed. `disregard`: members that will be back
// by then.
TakeOut judge_take_out(const Member& member, const ObservedServer& machine, const PeerIndex& peers,
                       std::int64_t max_unavailable, const std::vector<Key>& disregard);

}  // namespace switchyard
