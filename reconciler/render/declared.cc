#include <fmt/format.h>

#include <algorithm>

#include "reconciler/core/membership.h"
#include "reconciler/render/description.h"

namespace switchyard {
namespace {

using Pairs = std::vector<std::pair<std::string, Json>>;

Json amount(Money money) {
  return for_people(money);
}

template <class T>
void add_if(Pairs& pairs, std::string name, const std::optional<T>& value) {
  if (value) pairs.emplace_back(std::move(name), Json(*value));
}

Pairs declared_of_account(const DesiredAccount& account) {
  Pairs pairs{{"provider", account.provider}, {"fleet", account.fleet}};
  pairs.emplace_back("endpoint", account.endpoint.empty() ? "the provider's own" : account.endpoint);
  pairs.emplace_back("deposit", fmt::format("{} + {} a server", for_people(account.deposit_base),
                                            for_people(account.deposit_per_server)));
  pairs.emplace_back("reserve", amount(account.reserve));
  if (account.credit_line) pairs.emplace_back("credit line", amount(*account.credit_line));
  if (account.budget) pairs.emplace_back("budget", amount(*account.budget));
  pairs.emplace_back("minimum runway", to_string(account.minimum_runway));
  pairs.emplace_back("concurrency", account.concurrency);
  add_if(pairs, "requests per minute", account.requests_per_minute);
  pairs.emplace_back("destroys at most",
                     fmt::format("{}{}", account.max_destroy.number, account.max_destroy.percent ? "%" : ""));
  return pairs;
}

bool is_declared(const DesiredFleet& desired, const Key& key) {
  return std::ranges::find(desired.documents, key, &std::pair<Key, Source>::first) != desired.documents.end();
}

std::string names_of(const std::vector<Key>& servers) {
  std::string names;
  for (const Key& server : servers) names += (names.empty() ? "" : ", ") + server.name;
  return names.empty() ? "none" : names;
}

Pairs declared_of_zone(const DesiredZone& zone, const DesiredFleet& desired) {
  Pairs pairs{{"account", zone.account}, {"region", zone.region}, {"timezone", zone.timezone}};
  add_if(pairs, "failover", zone.failover);
  const auto servers = std::ranges::count(desired.servers, zone.name, &DesiredServer::zone);
  pairs.emplace_back("servers", static_cast<std::int64_t>(servers));
  return pairs;
}

Pairs declared_of_cluster(const DesiredCluster& cluster, const DesiredFleet& desired) {
  Pairs pairs;
  add_if(pairs, "CPS of all members", cluster.cps);
  add_if(pairs, "channels of all members", cluster.channels);
  pairs.emplace_back("out at a time", cluster.max_unavailable);
  pairs.emplace_back("drain timeout", to_string(cluster.drain_timeout));
  pairs.emplace_back("past it", cluster.on_timeout == DesiredCluster::OnTimeout::kKeep ? "keep" : "release");
  std::vector<Key> members;
  for (const auto& server : desired.servers) {
    if (server.cluster == cluster.name) members.push_back(server.key);
  }
  pairs.emplace_back("members", names_of(members));
  return pairs;
}

Pairs declared_of_server(const DesiredServer& server) {
  Pairs pairs{
      {"type", to_string(server.role)}, {"zone", server.zone}, {"account", server.account}, {"size", server.size}};
  add_if(pairs, "cluster", server.cluster);
  if (!server.alias.empty()) pairs.emplace_back("alias", server.alias);
  pairs.emplace_back("priority", server.priority);
  pairs.emplace_back("protected", server.protect);
  for (const auto& [name, value] : server.labels) pairs.emplace_back("label " + name, value);
  return pairs;
}

}  // namespace

Pairs declared_of(const DesiredFleet& desired, const Key& key) {
  switch (key.kind) {
    case Kind::kAccount:
      if (const auto* account = desired.account(key.name)) return declared_of_account(*account);
      break;
    case Kind::kZone:
      if (const auto* zone = desired.zone(key.name)) return declared_of_zone(*zone, desired);
      break;
    case Kind::kCluster:
      if (const auto* cluster = desired.cluster(key.name)) return declared_of_cluster(*cluster, desired);
      break;
    case Kind::kServer:
    case Kind::kRtpServer:
      if (const auto* server = desired.server(key)) return declared_of_server(*server);
      break;
    case Kind::kServerSet:
      if (is_declared(desired, key)) return {{"members", names_of(servers_of(desired, key))}};
      break;
    default:
      if (is_declared(desired, key)) return {{"used by", names_of(servers_of(desired, key))}};
      break;
  }
  return {};
}

}  // namespace switchyard
