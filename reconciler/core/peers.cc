#include "reconciler/core/peers.h"

#include <algorithm>

namespace switchyard {
namespace {

// The machine of a resource that others are sent to: its newest one that is delivered.
const ObservedServer* delivered_machine(const Member& member) {
  const auto usable = [](const ObservedServer* server) { return server != nullptr && server->delivered; };
  if (usable(member.current)) return member.current;
  // What only a listing lacks is not gone (law 4): nobody stops sending to it for that.
  if (member.current == nullptr && usable(member.missing)) return member.missing;
  for (const ObservedServer* old : member.superseded) {
    if (usable(old)) return old;
  }
  return nullptr;
}

}  // namespace

std::string address_of(const Member& member) {
  const ObservedServer* machine = delivered_machine(member);
  if (machine == nullptr) return {};
  return machine->ipv4.empty() ? machine->ipv6 : machine->ipv4;
}

Key key_of(const Peer& peer) {
  return Key{peer.purpose == Peer::For::kMedia ? Kind::kRtpServer : Kind::kServer, peer.name};
}

PeerIndex::PeerIndex(const FleetIndex& fleet) : fleet_(fleet) {
  for (const Member& member : fleet.wanted()) {
    if (member.desired->role == Role::kSwitch && member.desired->cluster) {
      switches_by_cluster_[*member.desired->cluster].push_back(&member);
    }
    const std::string name = group_of(*member.desired);
    if (!name.empty()) groups_[name].push_back(&member);
  }
}

std::string PeerIndex::group_of(const DesiredServer& server) {
  switch (server.role) {
    case Role::kSwitch:
      return server.cluster ? "cluster " + *server.cluster : "";
    case Role::kDispatcher:
      return server.balancer_cluster ? "dispatchers of " + *server.balancer_cluster : "";
    case Role::kMedia:
      return "media of " + server.zone;
  }
  return {};
}

std::string PeerIndex::group_of(const ObservedServer& machine) {
  if (!machine.agent || !machine.role) return {};
  const Result<Json> applied = parse_json(machine.agent->applied);
  if (!applied.ok()) return {};
  switch (*machine.role) {
    case Role::kSwitch: {
      const std::string cluster = applied->string_or("spec.cluster", "");
      return cluster.empty() ? "" : "cluster " + cluster;
    }
    case Role::kDispatcher: {
      const std::string cluster = applied->string_or("spec.balancer.cluster", "");
      return cluster.empty() ? "" : "dispatchers of " + cluster;
    }
    case Role::kMedia:
      return "media of " + applied->string_or("spec.zone", "");
  }
  return {};
}

const std::vector<const Member*>& PeerIndex::group(const std::string& name) const {
  const auto at = groups_.find(name);
  return at == groups_.end() ? none_ : at->second;
}

std::vector<const Member*> PeerIndex::wanted_peers_of(const DesiredServer& server) const {
  std::vector<const Member*> peers;
  if (server.role == Role::kDispatcher && server.balancer_cluster) {
    const auto at = switches_by_cluster_.find(*server.balancer_cluster);
    if (at != switches_by_cluster_.end()) peers = at->second;
  }
  if (server.role == Role::kSwitch) {
    for (const std::string& name : server.media) {
      const Member* media = fleet_.find(Key{Kind::kRtpServer, name});
      if (media != nullptr) peers.push_back(media);
    }
  }
  return peers;
}

std::vector<Peer> PeerIndex::peers_of(const DesiredServer& server) const {
  std::vector<Peer> peers;
  for (const Member* member : wanted_peers_of(server)) {
    const std::string address = address_of(*member);
    if (address.empty()) continue;
    const bool destination = server.role == Role::kDispatcher;
    peers.push_back(Peer{.purpose = destination ? Peer::For::kDestination : Peer::For::kMedia,
                         .name = member->key.name,
                         .address = address,
                         .weight = destination ? member->desired->weight : 1});
  }
  return peers;
}

std::optional<std::vector<Peer>> PeerIndex::peers_meanwhile(const DesiredServer& server,
                                                            const ObservedServer& machine) const {
  if (!machine.agent || machine.role != server.role) return std::nullopt;
  if (server.role == Role::kDispatcher) {
    if (group_of(machine) != group_of(server)) return std::nullopt;
    return peers_of(server);
  }
  // Which servers it knows is part of what is held; where they are is not.
  std::vector<Peer> peers = machine.agent->peers;
  for (Peer& peer : peers) {
    const Member* known = fleet_.find(key_of(peer));
    const std::string address = known == nullptr ? "" : address_of(*known);
    if (!address.empty()) peer.address = address;
  }
  return peers;
}

TakeOut judge_take_out(const Member& member, const ObservedServer& machine, const PeerIndex& peers,
                       std::int64_t max_unavailable, const std::vector<Key>& disregard) {
  TakeOut judged;
  // Stopped, expired, failed and undelivered servers carry no calls.
  const bool active =
      machine.phase == Phase::kActive || machine.phase == Phase::kDraining || machine.phase == Phase::kUpdating;
  if (!machine.delivered || !active) return judged;

  bool load_known = true;
  const std::string group =
      member.desired != nullptr ? PeerIndex::group_of(*member.desired) : PeerIndex::group_of(machine);
  for (const Member* other : peers.group(group)) {
    if (other->key == member.key || other->desired->power == Power::kStopped || other->current == nullptr) continue;
    const ObservedServer& peer = *other->current;
    if (serving(peer)) {
      judged.has_peer = true;
      judged.remaining += other->desired->channels;
      load_known = load_known && peer.agent && peer.agent->channels;
      if (peer.agent) judged.in_use += peer.agent->channels.value_or(0);
    } else if (peer.delivered && std::ranges::find(disregard, other->key) == disregard.end()) {
      judged.out.push_back(other->key.name);
    }
  }
  // The successor of a replacement takes the calls of the machine it replaces.
  if (member.desired != nullptr && member.current != nullptr && member.current != &machine &&
      serving(*member.current)) {
    judged.has_peer = true;
    judged.remaining += member.desired->channels;
  }
  if (!machine.agent || !machine.agent->channels) {
    judged.verdict = TakeOut::Verdict::kUnknown;
    return judged;
  }
  judged.channels = *machine.agent->channels;
  judged.in_use += judged.channels;
  if (!judged.has_peer && judged.channels > 0) {
    judged.verdict = TakeOut::Verdict::kNoPeer;
  } else if (static_cast<std::int64_t>(judged.out.size()) >= max_unavailable) {
    judged.verdict = TakeOut::Verdict::kTooMany;
  } else if (judged.has_peer && (!load_known || judged.remaining < judged.in_use)) {
    judged.verdict = TakeOut::Verdict::kTooSmall;
  }
  return judged;
}

}  // namespace switchyard
