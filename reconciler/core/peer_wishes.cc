#include "reconciler/core/peer_wishes.h"

#include <algorithm>
#include <array>
#include <utility>

namespace switchyard {
namespace {

constexpr std::array<std::pair<Peer::For, std::string_view>, 5> kPaths{{
    {Peer::For::kDestination, "destinations"},
    {Peer::For::kMedia, "media"},
    {Peer::For::kMember, "members"},
    {Peer::For::kFailover, "failover"},
    {Peer::For::kDispatcher, "dispatchers"},
}};

}  // namespace

std::string_view PeerWishes::path_of(Peer::For purpose) {
  return std::ranges::find(kPaths, purpose, &std::pair<Peer::For, std::string_view>::first)->second;
}

bool PeerWishes::is_path(std::string_view path) {
  return std::ranges::find(kPaths, path, &std::pair<Peer::For, std::string_view>::second) != kPaths.end();
}

bool PeerWishes::carries_traffic(Peer::For purpose) {
  return purpose == Peer::For::kDestination || purpose == Peer::For::kMedia;
}

bool PeerWishes::is_made_first(const Wish& wish) const {
  if (wish.purpose != Peer::For::kMember) return carries_traffic(wish.purpose);
  return switches_.at(*wish.server->cluster).front() == wish.server;
}

bool PeerWishes::on_bus(const DesiredServer& server) const {
  if (server.role != Role::kSwitch || !server.cluster) return false;
  const DesiredCluster* cluster = desired_.cluster(*server.cluster);
  return cluster != nullptr && cluster->shares;
}

PeerWishes::PeerWishes(const DesiredFleet& desired) : desired_(desired) {
  for (const DesiredServer& server : desired.servers) {
    if (server.role == Role::kSwitch && server.cluster) switches_[*server.cluster].push_back(&server);
    if (server.role == Role::kDispatcher && server.balancer_cluster) {
      dispatchers_[*server.balancer_cluster].push_back(&server);
    }
  }
}

std::vector<PeerWishes::Wish> PeerWishes::of(const DesiredServer& server) const {
  std::vector<Wish> wishes;
  const auto add_group = [&wishes](const auto& groups, const std::string& name, Peer::For purpose) {
    const auto group = groups.find(name);
    if (group == groups.end()) return;
    for (const DesiredServer* member : group->second) wishes.push_back({.purpose = purpose, .server = member});
  };
  if (server.role == Role::kDispatcher && server.balancer_cluster) {
    add_group(switches_, *server.balancer_cluster, Peer::For::kDestination);
  }
  if (server.role != Role::kSwitch) return wishes;
  for (const std::string& name : server.media) {
    const DesiredServer* media = desired_.server(Key{Kind::kRtpServer, name});
    if (media != nullptr) wishes.push_back({.purpose = Peer::For::kMedia, .server = media});
  }
  if (!server.cluster) return wishes;
  if (on_bus(server)) {
    for (const DesiredServer* member : switches_.at(*server.cluster)) {
      if (member != &server) wishes.push_back({.purpose = Peer::For::kMember, .server = member});
    }
  }
  if (server.failover) {
    const DesiredServer* failover = desired_.server(Key{Kind::kServer, *server.failover});
    if (failover != nullptr) wishes.push_back({.purpose = Peer::For::kFailover, .server = failover});
  }
  if (server.restrict_direct) add_group(dispatchers_, *server.cluster, Peer::For::kDispatcher);
  return wishes;
}

Peer peer_of(const PeerWishes::Wish& wish, std::string address) {
  return Peer{.purpose = wish.purpose,
              .name = wish.server->key.name,
              .address = std::move(address),
              .weight = wish.purpose == Peer::For::kDestination ? wish.server->weight : 1};
}

}  // namespace switchyard
