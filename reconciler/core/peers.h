#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/core/fleet_index.h"

// Which servers must know each other, and who can take whose calls (domain.md, "Clusters" and "Drain").
namespace switchyard {

// The peers a server is to have now: a dispatcher's destinations are the delivered switches of its cluster, a switch's
// media servers those it names. A wanted one that is not delivered yet is not in it. Sorted by purpose, name.
class PeerIndex {
 public:
  explicit PeerIndex(const FleetIndex& fleet);

  std::vector<Peer> peers_of(const DesiredServer& server) const;
  // The peers of a machine on which nothing but its peers may change now, because the rest of what is wanted of it is
  // held: a dispatcher's destinations as above, those a switch knows where they can be reached now. Nothing: what
  // it is differs from what is wanted, so that its peers cannot be told apart from the rest.
  std::optional<std::vector<Peer>> peers_meanwhile(const DesiredServer& server, const ObservedServer& machine) const;
  // The wanted peers of a server, delivered or not; sorted by key.
  std::vector<const Member*> wanted_peers_of(const DesiredServer& server) const;
  // Names the group whose members take each other's calls; empty: nobody does.
  static std::string group_of(const DesiredServer& server);
  // The same for a machine that is no longer wanted, from what its agent says of it.
  static std::string group_of(const ObservedServer& machine);
  const std::vector<const Member*>& group(const std::string& name) const;

 private:
  const FleetIndex& fleet_;
  std::map<std::string, std::vector<const Member*>, std::less<>> switches_by_cluster_;
  std::map<std::string, std::vector<const Member*>, std::less<>> groups_;
  std::vector<const Member*> none_;
};

// The resource that a peer is.
Key key_of(const Peer& peer);

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
