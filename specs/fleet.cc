#include "specs/fleet.h"

#include <algorithm>

namespace switchyard {
namespace {

template <class T>
const T* find_by_name(const std::vector<T>& sorted, std::string_view name) {
  const auto at = std::ranges::lower_bound(sorted, name, {}, [](const T& each) { return std::string_view(each.name); });
  return at != sorted.end() && at->name == name ? &*at : nullptr;
}

}  // namespace

const DesiredAccount* DesiredFleet::account(std::string_view name) const {
  return find_by_name(accounts, name);
}
const DesiredZone* DesiredFleet::zone(std::string_view name) const {
  return find_by_name(zones, name);
}
const DesiredCluster* DesiredFleet::cluster(std::string_view name) const {
  return find_by_name(clusters, name);
}

const DesiredServer* DesiredFleet::server(const Key& key) const {
  const auto at = std::ranges::lower_bound(servers, key, {}, &DesiredServer::key);
  return at != servers.end() && at->key == key ? &*at : nullptr;
}

}  // namespace switchyard
