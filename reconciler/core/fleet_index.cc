#include "reconciler/core/fleet_index.h"

#include <algorithm>
#include <tuple>

#include "reconciler/core/compare.h"

namespace switchyard {
namespace {

const Declaration* find_declaration(std::span<const Declaration> declarations, const Key& key) {
  const auto at = std::ranges::lower_bound(declarations, key, {}, &Declaration::resource);
  return at != declarations.end() && at->resource == key ? &*at : nullptr;
}

}  // namespace

bool in_scope(std::string_view path, std::span<const std::string> scope) {
  return std::ranges::any_of(scope, [&](const std::string& top) {
    if (!path.starts_with(top)) return false;
    return path.size() == top.size() || top.ends_with('/') || path[top.size()] == '/';
  });
}

bool serving(const ObservedServer& server) {
  return server.phase == Phase::kActive && server.delivered && !server.missing_since &&
         !(server.agent && server.agent->drained);
}

bool is_down(const ObservedServer& server) {
  return server.phase == Phase::kStopped || server.phase == Phase::kExpired;
}

bool runs(const ObservedServer& server) {
  if (server.confirmed_gone) return false;
  switch (server.phase) {
    case Phase::kActive:
    case Phase::kDraining:
    case Phase::kUpdating:
    case Phase::kProvisioning:
    case Phase::kStopped:  // it keeps its place and its price at every provider we know
      return true;
    case Phase::kExpired:
    case Phase::kFailed:
      return false;
  }
  return false;
}

FleetIndex::FleetIndex(const DesiredFleet& desired, std::span<const ObservedAccount> observed,
                       std::span<const Declaration> declarations, std::span<const GivenUp> given_up)
    : desired_(desired), observed_(observed), given_up_(given_up) {
  // Former names lead to their successor as long as nothing new bears them.
  std::map<Key, Key> renamed;
  for (const DesiredServer& server : desired.servers) {
    for (const std::string& old : server.formerly) {
      const Key key{server.key.kind, old};
      if (desired.server(key) == nullptr) renamed.emplace(key, server.key);
    }
  }
  std::vector<std::pair<Key, const ObservedServer*>> ours;
  std::map<std::string_view, const ObservedServer*> formers;  // marked for other fleets, by uid
  for (const ObservedAccount& account : observed) {
    const DesiredAccount* declared = desired.account(account.name);
    for (const ObservedServer& server : account.servers) {
      if (!server.mark || declared == nullptr || server.mark->fleet != declared->fleet) {
        if (server.missing_since || server.confirmed_gone) continue;
        if (server.mark && declared != nullptr) formers.emplace(server.mark->uid, &server);
        std::string why = !server.mark ? "carries no mark" : "is marked for fleet \"" + server.mark->fleet + "\"";
        strangers_.push_back(Stranger{&server, std::move(why)});
        continue;
      }
      const auto successor = renamed.find(server.mark->key);
      ours.emplace_back(successor == renamed.end() ? server.mark->key : successor->second, &server);
    }
  }
  std::ranges::sort(ours, [](const auto& a, const auto& b) {
    return std::tie(a.first.name, a.first.kind, a.second->account, a.second->id) <
           std::tie(b.first.name, b.first.kind, b.second->account, b.second->id);
  });

  wanted_.reserve(desired.servers.size());
  auto machine = ours.begin();
  std::vector<std::pair<Key, std::vector<const ObservedServer*>>> undesired;
  const auto take = [&](const Key& key) {
    std::vector<const ObservedServer*> machines;
    for (; machine != ours.end() && machine->first == key; ++machine) machines.push_back(machine->second);
    return machines;
  };
  for (const DesiredServer& server : desired.servers) {
    while (machine != ours.end() && machine->first < server.key) {
      const Key key = machine->first;
      undesired.emplace_back(key, take(key));
    }
    Member member(server.key);
    member.desired = &server;
    member.declaration = find_declaration(declarations, server.key);
    for (const std::string& old : server.formerly) {
      if (member.declaration == nullptr) member.declaration = find_declaration(declarations, Key{server.key.kind, old});
    }
    choose(member, take(server.key));
    if (member.declaration != nullptr) {
      const auto former = formers.find(member.declaration->uid);
      if (former != formers.end()) member.former = former->second;
    }
    wanted_.push_back(std::move(member));
  }
  while (machine != ours.end()) {
    const Key key = machine->first;
    undesired.emplace_back(key, take(key));
  }

  for (auto& [key, machines] : undesired) {
    const Declaration* declaration = find_declaration(declarations, key);
    Member member(key);
    member.declaration = declaration;
    choose(member, machines);
    const bool ours_to_remove = declaration != nullptr && in_scope(declaration->source_path, desired.scope);
    if (declaration == nullptr) {
      for (const ObservedServer* server : machines) {
        if (server->missing_since || server->confirmed_gone) continue;
        if (std::ranges::find(member.late, server) != member.late.end()) continue;
        strangers_.push_back(Stranger{server, "is marked " + to_string(key) + ", which nothing here declares"});
      }
    }
    if (!ours_to_remove) {
      // What turned up under a uid that was given up is swept away whoever declared it.
      member.current = nullptr;
      member.superseded.clear();
      member.doubles.clear();
    }
    if (ours_to_remove || !member.late.empty()) unwanted_.push_back(std::move(member));
  }
  for (const Declaration& declaration : declarations) {
    if (desired.account(declaration.account) == nullptr && desired.server(declaration.resource) == nullptr &&
        !renamed.contains(declaration.resource) && in_scope(declaration.source_path, desired.scope)) {
      orphans_.push_back(&declaration);
    }
  }
  std::ranges::sort(strangers_, [](const Stranger& a, const Stranger& b) {
    return std::tie(a.server->account, a.server->name, a.server->id) <
           std::tie(b.server->account, b.server->name, b.server->id);
  });
}

void FleetIndex::choose(Member& member, const std::vector<const ObservedServer*>& machines) const {
  const auto given_up = [&](const ObservedServer* server) {
    return std::ranges::binary_search(given_up_, server->mark->uid, {}, &GivenUp::uid);
  };
  std::vector<const ObservedServer*> there;
  for (const ObservedServer* server : machines) {
    if (server->confirmed_gone) {
      member.gone = server;
    } else if (given_up(server)) {
      if (!server->missing_since) member.late.push_back(server);
    } else if (server->missing_since) {
      member.missing = server;
    } else {
      there.push_back(server);
    }
  }
  if (there.empty()) return;
  if (there.size() == 1) {
    member.current = there.front();
    return;
  }
  const std::string known_uid = member.declaration == nullptr ? "" : member.declaration->uid;
  struct Candidate {
    const ObservedServer* server;
    bool fits;
  };
  std::vector<Candidate> candidates;
  for (const ObservedServer* server : there) {
    const ObservedAccount* seen_in = account(server->account);
    const bool fit =
        member.desired == nullptr || fits(desired_, *member.desired, *server,
                                          seen_in == nullptr ? Catalogue{} : seen_in->catalogue.value_or(Catalogue{}));
    candidates.push_back({server, fit});
  }
  // The best first: one that fits, then one in service, then the one the journal knows, then the oldest.
  const auto rank = [&](const Candidate& one) {
    const ObservedServer& server = *one.server;
    return std::make_tuple(!one.fits, server.phase == Phase::kProvisioning || server.phase == Phase::kFailed,
                           server.mark->uid != known_uid, server.created.value_or(Timestamp{}), server.account,
                           server.id);
  };
  std::ranges::sort(candidates, {}, rank);
  // A successor that does not serve yet leaves the old one in place: both are there while the replacement is under way.
  member.current = candidates.front().server;
  for (const Candidate& one : std::span(candidates).subspan(1)) {
    const std::string& uid = one.server->mark->uid;
    const bool same_machine_twice = uid == member.current->mark->uid;
    const bool replaced = member.desired == nullptr || !one.fits || uid == known_uid;
    (same_machine_twice || replaced ? member.superseded : member.doubles).push_back(one.server);
  }
}

const Member* FleetIndex::find(const Key& key) const {
  const auto at = std::ranges::lower_bound(wanted_, key, {}, &Member::key);
  return at != wanted_.end() && at->key == key ? &*at : nullptr;
}

const ObservedAccount* FleetIndex::account(std::string_view name) const {
  const auto at = std::ranges::lower_bound(observed_, name, {}, &ObservedAccount::name);
  return at != observed_.end() && at->name == name ? &*at : nullptr;
}

}  // namespace switchyard
