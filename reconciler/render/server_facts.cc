#include "reconciler/render/server_facts.h"

#include <fmt/format.h>

#include <vector>

namespace switchyard {
namespace {

std::string status_of(const DesiredServer* desired, const ObservedServer* observed, std::span<const Override> overrides,
                      Timestamp now) {
  std::string status = "wanted";
  std::optional<Key> key;
  if (desired != nullptr) key = desired->key;
  if (observed != nullptr) {
    status = to_string(observed->phase);
    if (observed->mark) {
      key = observed->mark->key;
    } else {
      status += ", not ours";
    }
    if (observed->agent && observed->agent->drained) status += ", drained";
    if (observed->confirmed_gone) {
      status = "gone";
    } else if (observed->missing_since) {
      status = "missing for " + for_people(now - *observed->missing_since);
    }
  }
  if (!key) return status;
  for (const auto& held : overrides) {
    if (held.resource == *key) status += fmt::format(", {} by hand", to_string(held.what));
  }
  return status;
}

// Which of two servers of one name is meant: one that is there before one that is gone, then the newer.
bool better(const ObservedServer& a, const ObservedServer& b) {
  if (a.confirmed_gone != b.confirmed_gone) return b.confirmed_gone;
  return a.created > b.created;
}

}  // namespace

ServerFacts facts_of(const DesiredServer* desired, const ObservedServer* observed, std::span<const Override> overrides,
                     Timestamp now) {
  ServerFacts facts;
  if (desired != nullptr) {
    facts.alias = desired->alias;
    facts.zone = desired->zone;
    facts.cluster = desired->cluster.value_or("");
    facts.type = to_string(desired->role);
    facts.channels = desired->channels;
    if (desired->role != Role::kMedia) facts.cps = desired->cps;
  }
  if (observed != nullptr) {
    if (observed->role) facts.type = to_string(*observed->role);
    if (observed->agent) {
      facts.channels_in_use = observed->agent->channels;
      facts.cps_now = observed->agent->cps;
      if (const auto applied = parse_json(observed->agent->applied)) {
        const auto take = [&](std::string_view path, std::string& into) {
          if (const auto* value = applied->find(path); value != nullptr && value->string() != nullptr) {
            into = *value->string();
          }
        };
        take("spec.alias", facts.alias);
        take("spec.zone", facts.zone);
        take("spec.cluster", facts.cluster);
        for (const auto* path : {"spec.channels", "spec.maxSessions"}) {
          if (const auto* value = applied->find(path); value != nullptr && value->integer() != nullptr) {
            facts.channels = *value->integer();
          }
        }
        if (const auto* value = applied->find("spec.cps"); value != nullptr && value->integer() != nullptr) {
          facts.cps = *value->integer();
        }
      }
    }
  }
  facts.status = status_of(desired, observed, overrides, now);
  return facts;
}

std::map<Key, const ObservedServer*> observed_by_mark(std::span<const ObservedAccount> accounts) {
  std::map<Key, const ObservedServer*> found;
  for (const auto& account : accounts) {
    for (const auto& server : account.servers) {
      if (!server.mark) continue;
      const auto [at, fresh] = found.emplace(server.mark->key, &server);
      if (!fresh && better(server, *at->second)) at->second = &server;
    }
  }
  return found;
}

const ObservedServer* find_observed(std::span<const ObservedAccount> accounts, const Key& key) {
  const ObservedServer* found = nullptr;
  for (const auto& account : accounts) {
    for (const auto& server : account.servers) {
      if (!server.mark || server.mark->key != key) continue;
      if (found == nullptr || better(server, *found)) found = &server;
    }
  }
  return found;
}

std::string latency_text(std::int64_t microseconds) {
  return fmt::format("{}.{} ms", microseconds / 1000, microseconds % 1000 / 100);
}

}  // namespace switchyard
