#include "reconciler/core/membership.h"

#include <algorithm>

namespace switchyard {
namespace {

// Members of a set are named NAME-1, NAME-2, ...
bool is_member_of(const std::string& set, const Key& server) {
  const std::string& name = server.name;
  if (server.kind != Kind::kServer || !name.starts_with(set + "-")) return false;
  const std::string_view rest = std::string_view(name).substr(set.size() + 1);
  return !rest.empty() && std::ranges::all_of(rest, [](char c) { return c >= '0' && c <= '9'; });
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
      return is_member_of(named.name, server.key);
    case Kind::kServer:
    case Kind::kRtpServer:
    case Kind::kCarrier:
    case Kind::kCertificate:
      return false;
  }
  return false;
}

}  // namespace switchyard
