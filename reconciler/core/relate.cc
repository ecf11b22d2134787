#include <algorithm>
#include <iterator>

#include "reconciler/core/planner.h"

// What drafts mean for each other (domain.md, "Clusters"): media servers before the switches that use them, switches
// before the dispatchers that send them calls; a switch enters its dispatchers' list last and leaves it first.
namespace switchyard {
namespace {

std::string peers_reason(const std::vector<FieldChange>& differences) {
  std::string words;
  for (const FieldChange& difference : differences) {
    if (!words.empty()) words += &difference == &differences.back() ? " and " : ", ";
    words += difference.path;
  }
  return words + (words == "failover" ? " differs" : " differ");
}

}  // namespace

// Among creates the order is one of good manners: one that fails does not stop the others, it is only not yet a peer.
void Planner::relate_creates() {
  std::map<Key, std::size_t> creates;
  for (std::size_t i = 0; i < drafts_.size(); ++i) {
    if (drafts_[i].goes() && drafts_[i].change.action == Action::kCreate)
      creates.emplace(drafts_[i].change.resource, i);
  }
  for (const auto& [key, i] : creates) {
    for (const PeerWishes::Wish& peer : peers_.wishes_of(*drafts_[i].member->desired)) {
      if (!peers_.wishes().is_made_first(peer)) continue;
      const auto before = creates.find(peer.server->key);
      if (before != creates.end()) drafts_[i].after_end.push_back(before->second);
    }
  }
}

// Whether a machine can be given other peers and keep all else: a configuration is whole, so the secrets that are in
// force on it must be known.
bool Planner::rest_can_stay(const Member& member) const {
  return std::ranges::all_of(member.current->agent->fingerprints, [&](const auto& in_force) {
    const auto wanted = in_.fingerprints.find({member.key, in_force.first});
    return wanted != in_.fingerprints.end() && wanted->second == in_force.second;
  });
}

// A server whose peers change is told so once those that come are there. One whose update or replacement is held goes
// on serving as it is, and is told all the same: calls go to the new servers, and what leaves may leave.
void Planner::relate_peers() {
  // What brings a peer into service: its create, or the first half of its replacement.
  std::map<Key, std::size_t> bringing;
  for (std::size_t i = 0; i < drafts_.size(); ++i) {
    const Action action = drafts_[i].change.action;
    if (drafts_[i].goes() && (action == Action::kCreate || action == Action::kReplace)) {
      bringing.emplace(drafts_[i].change.resource, i);
    }
  }
  for (const Member& member : fleet_.wanted()) {
    if (!decided_.contains(member.key) || member.current == nullptr || !member.current->agent) continue;
    const ObservedServer& machine = *member.current;
    if (!machine.delivered || machine.phase == Phase::kUpdating || member.desired->power == Power::kStopped) continue;
    if (std::ranges::find(under_way_, member.key) != under_way_.end()) continue;
    const std::vector<PeerWishes::Wish> wishes = peers_.wishes_of(*member.desired);
    if (wishes.empty() && machine.agent->peers.empty()) continue;
    std::optional<std::size_t> update;
    std::optional<std::size_t> revival;
    bool replaced = false;
    bool held = false;
    const auto [from, to] = by_resource_.equal_range(member.key);
    for (auto at = from; at != to; ++at) {
      const Draft& made = drafts_[at->second];
      const Action action = made.change.action;
      if (action == Action::kUpdate) update = at->second;
      if (action == Action::kStart || action == Action::kReactivate) revival = at->second;
      if (action == Action::kReplace) replaced = true;
      if (action == Action::kUpdate || action == Action::kReplace) held = held || made.hold.has_value();
    }
    if (replaced && !held) continue;  // its successor is made with the peers of that time
    const bool down = is_down(machine);
    if (down && (!revival || !drafts_[*revival].goes())) continue;

    std::optional<std::vector<Peer>> peers =
        held ? peers_.peers_meanwhile(*member.desired, machine) : peers_.peers_of(*member.desired);
    if (!peers || (held && !rest_can_stay(member))) continue;
    std::vector<PeerWishes::Wish> coming;
    std::vector<std::size_t> waits;
    const auto comes = [&](const PeerWishes::Wish& peer) {
      // The others are told when those are there: nothing waits for it, and so nothing waits in a ring.
      if (peer.server == nullptr || !PeerWishes::carries_traffic(peer.purpose)) return;
      const auto brought = bringing.find(peer.server->key);
      if (brought == bringing.end()) return;
      coming.push_back(peer);
      waits.push_back(brought->second);
    };
    if (held && member.desired->role == Role::kSwitch) {
      for (const Peer& peer : *peers) comes({.purpose = peer.purpose, .server = desired_.server(key_of(peer))});
    } else {
      for (const PeerWishes::Wish& peer : wishes) comes(peer);
    }
    std::vector<FieldChange> differences = compare_peers(member, *peers, coming);
    if (differences.empty()) continue;
    if (held || !update) {
      Draft made = draft(member, Action::kUpdate, &machine, peers_reason(differences));
      if (revival) made.after.push_back(*revival);
      update = add(std::move(made));
      // What keeps everything away from the machine is said once.
      if (held && drafts_[*update].hold) drafts_[*update].dropped = true;
    }
    std::vector<FieldChange>& fields = drafts_[*update].change.fields;
    std::ranges::move(differences, std::back_inserter(fields));
    std::ranges::sort(fields, {}, &FieldChange::path);
    // Only what this plan brings is waited for: one that is short of money keeps no other out of service.
    for (const std::size_t wait : waits) drafts_[*update].after.push_back(wait);
  }
}

// A server leaves only after those that send it calls or media were told.
void Planner::relate_removals_to_peers() {
  std::multimap<std::pair<std::string, std::string>, const Member*> knows;  // (name, address) -> who knows it
  bool any = false;
  for (const Draft& made : drafts_) any = any || made.change.action == Action::kDelete;
  if (!any) return;
  for (const Member& member : fleet_.wanted()) {
    if (member.current == nullptr || !member.current->agent) continue;
    for (const Peer& peer : member.current->agent->peers) {
      if (PeerWishes::carries_traffic(peer.purpose)) knows.emplace(std::pair(peer.name, peer.address), &member);
    }
  }
  for (std::size_t i = 0; i < drafts_.size(); ++i) {
    Draft& removal = drafts_[i];
    if (removal.change.action != Action::kDelete || removal.machine == nullptr) continue;
    const ObservedServer& machine = *removal.machine;
    const std::string address = machine.ipv4.empty() ? machine.ipv6 : machine.ipv4;
    // Private addresses repeat between accounts: who is sent to is the successor then.
    const Member* stays = removal.member;
    if (stays != nullptr && stays->current != nullptr && stays->current != &machine && address_of(*stays) == address) {
      continue;
    }
    const std::string& name = machine.mark ? machine.mark->key.name : removal.change.resource.name;
    const auto [from, to] = knows.equal_range(std::pair(name, address));
    for (auto at = from; at != to; ++at) {
      const Member& observer = *at->second;
      std::optional<std::size_t> told;
      bool leaves_too = false;
      const auto [first, last] = by_resource_.equal_range(observer.key);
      for (auto other = first; other != last; ++other) {
        const Change& change = drafts_[other->second].change;
        if (change.action == Action::kDelete && drafts_[other->second].machine == observer.current) {
          leaves_too = true;
          // A dispatcher goes before the switches it sends calls to; a media server after the switches that use it.
          removal.after.push_back(other->second);
        }
        const auto lists = [](const FieldChange& field) { return PeerWishes::is_path(field.path); };
        const bool tells = change.action == Action::kUpdate && !drafts_[other->second].dropped &&
                           std::ranges::any_of(change.fields, lists);
        if (tells) told = other->second;
      }
      const bool down = is_down(*observer.current);
      if (leaves_too || down) continue;
      if (told) {
        removal.after.push_back(*told);
      } else {
        hold(removal, Gate::kDependency,
             to_string(observer.key) + " still sends to it, and this plan does not change that; plan both");
      }
    }
  }
}

}  // namespace switchyard
