#include "reconciler/core/membership.h"

#include <algorithm>

namespace switchyard {
namespace {

// Members of a set are named NAME-1, NAME-2, ... Empty: no set has a server of this name.
std::string_view set_of(const Key& server) {
  if (server.kind != Kind::kServer) return {};
  const std::string_view name = server.name;
  const std::size_t dash = name.rfind('-');
  if (dash == std::string_view::npos || dash + 1 == name.size()) return {};
  const bool numbered = std::ranges::all_of(name.substr(dash + 1), [](char c) { return c >= '0' && c <= '9'; });
  return numbered ? name.substr(0, dash) : std::string_view{};
}

// The names of the carriers or certificates that a server uses, sorted: they stand in its fields and secrets, as in
// "carriers.NAME.weight". Of other kinds none.
std::vector<std::string> used_by(const DesiredFleet& desired, const DesiredServer& server, Kind kind) {
  std::vector<std::string> names;
  if (desired.field_source == nullptr || (kind != Kind::kCarrier && kind != Kind::kCertificate)) return names;
  const std::string group = kind == Kind::kCarrier ? "carriers." : "certificates.";
  const auto take = [&](const std::string& path) {
    if (path.starts_with(group))
      names.push_back(path.substr(group.size(), path.find('.', group.size()) - group.size()));
  };
  const std::size_t index = desired.index_of(server);
  for (const Field& field : desired.field_source->fields(index)) take(field.path);
  for (const SecretField& secret : desired.field_source->secrets(index)) take(secret.path);
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool in_force(const ObservedServer* machine, std::string_view path, const std::string& value) {
  if (machine == nullptr || !machine->agent) return false;
  const Result<Json> applied = parse_json(machine->agent->applied);
  return applied.ok() && applied->string_or(path, "") == value;
}

}  // namespace

bool is_meant(const Key& named, const NamedServer& server) {
  if (named == server.key) return true;
  switch (named.kind) {
    case Kind::kAccount:
      return server.account == named.name;
    case Kind::kZone:
      return server.desired != nullptr ? server.desired->zone == named.name
                                       : in_force(server.machine, "spec.zone", named.name);
    case Kind::kCluster:
      if (server.desired != nullptr) {
        return server.desired->cluster == named.name || server.desired->balancer_cluster == named.name;
      }
      return in_force(server.machine, "spec.cluster", named.name) ||
             in_force(server.machine, "spec.balancer.cluster", named.name);
    case Kind::kServerSet:
      return set_of(server.key) == named.name;
    default:  // no server belongs to any other
      return false;
  }
}

std::vector<Key> servers_of(const DesiredFleet& desired, const Key& document) {
  std::vector<Key> found;
  for (const DesiredServer& server : desired.servers) {
    if (is_meant(document, {.key = server.key, .account = server.account, .desired = &server, .machine = nullptr})) {
      found.push_back(server.key);
      continue;
    }
    if (std::ranges::binary_search(used_by(desired, server, document.kind), document.name)) found.push_back(server.key);
  }
  return found;
}

std::map<std::string, std::vector<Key>> servers_by_document(const DesiredFleet& desired, Kind kind) {
  std::map<std::string, std::vector<Key>> found;
  for (const DesiredServer& server : desired.servers) {
    for (const std::string& name : used_by(desired, server, kind)) found[name].push_back(server.key);
    if (kind != Kind::kServerSet) continue;
    if (const std::string_view set = set_of(server.key); !set.empty()) found[std::string(set)].push_back(server.key);
  }
  return found;
}

}  // namespace switchyard
