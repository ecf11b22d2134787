#include "reconciler/core/peers.h"

#include <algorithm>
#include <iterator>
#include <utility>

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

std::pair<Peer::For, std::string_view> place_of(const Peer& peer) {
  return {peer.purpose, peer.name};
}

std::string address_of(const Member& member) {
  const ObservedServer* machine = delivered_machine(member);
  if (machine == nullptr) return {};
  return machine->ipv4.empty() ? machine->ipv6 : machine->ipv4;
}

Key key_of(const Peer& peer) {
  return Key{peer.purpose == Peer::For::kMedia ? Kind::kRtpServer : Kind::kServer, peer.name};
}

PeerIndex::PeerIndex(const FleetIndex& fleet) : fleet_(fleet), wishes_(fleet.desired()) {
  for (const Member& member : fleet.wanted()) {
    const std::string name = group_of(*member.desired);
    if (!name.empty()) groups_[name].push_back(&member);
  }
  for (const Member& member : fleet.unwanted()) {
    const ObservedServer* machine = member.current;
    if (machine == nullptr || !machine->delivered || machine->role != Role::kSwitch) continue;
    const std::string name = group_of(*machine);
    const std::string& address = machine->ipv4.empty() ? machine->ipv6 : machine->ipv4;
    if (name.empty() || address.empty()) continue;
    leaving_[name].push_back(
        Peer{.purpose = Peer::For::kMember, .name = member.key.name, .address = address, .weight = 1});
  }
}

std::vector<Peer> PeerIndex::leaving_members(const DesiredServer& server) const {
  if (!wishes_.on_bus(server)) return {};
  const auto at = leaving_.find(group_of(server));
  return at == leaving_.end() ? std::vector<Peer>{} : at->second;
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

std::vector<Peer> PeerIndex::peers_of(const DesiredServer& server) const {
  std::vector<Peer> peers;
  for (const PeerWishes::Wish& wish : wishes_.of(server)) {
    std::string address = address_of(fleet_.member(*wish.server));
    if (!address.empty()) peers.push_back(peer_of(wish, std::move(address)));
  }
  const std::vector<Peer> leaving = leaving_members(server);
  if (leaving.empty()) return peers;
  peers.insert(peers.end(), leaving.begin(), leaving.end());
  std::ranges::sort(peers, {}, place_of);
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
  if (group_of(machine) != group_of(server)) return peers;
  // Who else is in its cluster is the others' doing: they come and go, and it must hear them.
  const auto is_member = [](const Peer& peer) { return peer.purpose == Peer::For::kMember; };
  std::erase_if(peers, is_member);
  std::ranges::copy_if(peers_of(server), std::back_inserter(peers), is_member);
  std::ranges::sort(peers, {}, place_of);
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
  // Who is out already, without calls, is not one more: two of them would hold each other for ever.
  const bool is_out = machine.agent->drained && judged.channels == 0;
  if (!judged.has_peer && judged.channels > 0) {
    judged.verdict = TakeOut::Verdict::kNoPeer;
  } else if (!is_out && static_cast<std::int64_t>(judged.out.size()) >= max_unavailable) {
    judged.verdict = TakeOut::Verdict::kTooMany;
  } else if (judged.has_peer && (!load_known || judged.remaining < judged.in_use)) {
    judged.verdict = TakeOut::Verdict::kTooSmall;
  }
  return judged;
}

}  // namespace switchyard
