#include "reconciler/core/compare.h"

#include <algorithm>

#include "specs/effects.h"

namespace switchyard {
namespace {

bool was_called(const std::vector<std::string>& formerly, const Json& before) {
  const std::string* name = before.string();
  return name != nullptr && std::ranges::find(formerly, *name) != formerly.end();
}

// A server, zone or cluster that only changed its name is the same one: nothing happens to service.
Effect effect_of(const DesiredFleet& desired, const DesiredServer& wanted, const Catalogue& catalogue,
                 const FieldChange& field) {
  if (field.path == "metadata.name" && was_called(wanted.formerly, field.before)) return Effect::kLive;
  if (field.path == "spec.zone") {
    const DesiredZone* zone = desired.zone(wanted.zone);
    if (zone != nullptr && was_called(zone->formerly, field.before)) return Effect::kLive;
  }
  if (field.path == "spec.cluster" && wanted.cluster) {
    const DesiredCluster* cluster = desired.cluster(*wanted.cluster);
    if (cluster != nullptr && was_called(cluster->formerly, field.before)) return Effect::kLive;
  }
  if (field.path == "spec.size") return catalogue.resize_is_live ? Effect::kLive : Effect::kReboot;
  const Effect effect = effect_of_change(field.path, field.before, field.after);
  // Without an agent a configuration is applied by install, which reboots (domain.md).
  if (!catalogue.agents && effect < Effect::kReboot) return Effect::kReboot;
  return effect;
}

Json peer_text(const Peer& peer, bool known) {
  std::string text = peer.name + " " + (known ? peer.address : "(known after create)");
  if (peer.weight != 1) text += " weight " + std::to_string(peer.weight);
  return Json(std::move(text));
}

}  // namespace

std::vector<FieldChange> compare_fields(const DesiredFleet& desired, const DesiredServer& wanted, const Member& member,
                                        const Catalogue& catalogue, const Fingerprints& fingerprints) {
  std::vector<FieldChange> changes;
  const ObservedServer& machine = *member.current;
  const auto add = [&](std::string path, Json before, Json after) {
    changes.push_back(FieldChange{std::move(path), std::move(before), std::move(after), Effect::kLive});
  };
  if (machine.account != wanted.account) add("spec.account", machine.account, wanted.account);
  if (!machine.region.empty() && machine.region != wanted.region) add("spec.region", machine.region, wanted.region);
  if (!machine.size.empty() && machine.size != wanted.size) add("spec.size", machine.size, wanted.size);
  if (machine.role && *machine.role != wanted.role) {
    add("spec.type", to_string(*machine.role), to_string(wanted.role));
  }
  if (machine.mark && machine.mark->key != wanted.key) add("metadata.name", machine.mark->key.name, wanted.key.name);
  const auto said_already = [&](const std::string& path) {
    return std::ranges::find(changes, path, &FieldChange::path) != changes.end();
  };

  if (machine.agent && machine.agent->applied_digest != wanted.digest) {
    const Fields after = desired.field_source->fields(desired.index_of(wanted));
    Result<Json> text = parse_json(machine.agent->applied);
    Result<Fields> before = text.ok() ? fields_from_json(*text) : Result<Fields>(text.error());
    // A report that cannot be read tells nothing: all is sent again.
    const Fields none;
    const Fields& applied = before.ok() ? *before : none;
    auto old = applied.begin();
    auto now = after.begin();
    while (old != applied.end() || now != after.end()) {
      const bool only_old = now == after.end() || (old != applied.end() && old->path < now->path);
      const bool only_new = old == applied.end() || (now != after.end() && now->path < old->path);
      const std::string& path = only_old ? old->path : now->path;
      const Json was = only_new ? Json() : old->value;
      const Json is = only_old ? Json() : now->value;
      if (was != is && !said_already(path)) add(path, was, is);
      if (!only_new) ++old;
      if (!only_old) ++now;
    }
  }
  if (machine.agent) {
    for (const auto& [path, known] : machine.agent->fingerprints) {
      const auto wanted_one = fingerprints.find({wanted.key, path});
      // A fingerprint that cannot be compared is unknown, never a change (law 10).
      if (wanted_one == fingerprints.end() || wanted_one->second == known) continue;
      add(path, "fingerprint " + known.substr(0, 12), "fingerprint " + wanted_one->second.substr(0, 12));
    }
  }
  for (FieldChange& change : changes) change.effect = effect_of(desired, wanted, catalogue, change);
  // What only the agent's copy of a provider's word says wrong is put right without touching service.
  for (FieldChange& change : changes) {
    const bool size = change.path == "spec.size" && machine.size == wanted.size;
    const bool region = change.path == "spec.region" && machine.region == wanted.region;
    const bool type = change.path == "spec.type" && machine.role == wanted.role;
    if (size || region || type) change.effect = Effect::kLive;
  }
  std::ranges::sort(changes, {}, &FieldChange::path);
  return changes;
}

bool fits(const DesiredFleet& desired, const DesiredServer& wanted, const ObservedServer& machine,
          const Catalogue& catalogue) {
  Member member(wanted.key);
  member.desired = &wanted;
  member.current = &machine;
  return worst_effect(compare_fields(desired, wanted, member, catalogue, {})) != Effect::kReplace;
}

std::vector<FieldChange> compare_peers(const Member& member, const std::vector<Peer>& peers,
                                       const std::vector<PeerWishes::Wish>& coming) {
  std::vector<FieldChange> changes;
  if (member.current == nullptr || !member.current->agent) return changes;
  const std::vector<Peer>& applied = member.current->agent->peers;
  if (coming.empty() && applied == peers) return changes;
  const auto is_coming = [&coming](const Peer& peer) {
    return std::ranges::any_of(coming, [&peer](const PeerWishes::Wish& wish) {
      return wish.purpose == peer.purpose && wish.server->key.name == peer.name;
    });
  };
  std::vector<Peer> then = peers;
  for (const PeerWishes::Wish& wish : coming) {
    const Peer peer = peer_of(wish, {});
    if (!std::ranges::any_of(peers, [&](const Peer& known) { return place_of(known) == place_of(peer); }))
      then.push_back(peer);
  }
  std::ranges::sort(then, {}, place_of);
  for (const Peer::For purpose :
       {Peer::For::kDestination, Peer::For::kDispatcher, Peer::For::kFailover, Peer::For::kMedia, Peer::For::kMember}) {
    Json before{Json::Array{}};
    Json after{Json::Array{}};
    for (const Peer& peer : applied) {
      if (peer.purpose == purpose) before.push_back(peer_text(peer, true));
    }
    for (const Peer& peer : then) {
      if (peer.purpose == purpose) after.push_back(peer_text(peer, !is_coming(peer)));
    }
    if (before == after) continue;
    changes.push_back({.path = std::string(PeerWishes::path_of(purpose)),
                       .before = std::move(before),
                       .after = std::move(after),
                       .effect = Effect::kLive});
  }
  return changes;
}

Effect worst_effect(const std::vector<FieldChange>& fields) {
  Effect worst = Effect::kLive;
  for (const FieldChange& field : fields) worst = std::max(worst, field.effect);
  return worst;
}

}  // namespace switchyard
