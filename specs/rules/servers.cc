#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "specs/kinds/tables.h"
#include "specs/rules/rules.h"
#include "specs/suggest.h"

namespace switchyard {
namespace {

constexpr std::int64_t kSoundChannels = 1000;
constexpr std::int64_t kSoundCps = 100;

void check_size(const Inventory& inventory, const Resource& server, Complaints& complaints) {
  const Resource* zone = inventory.find(Kind::kZone, server.find("spec.zone").text_or(""));
  const Resource* account =
      zone == nullptr ? nullptr : inventory.find(Kind::kAccount, zone->find("spec.account").text_or(""));
  const std::string_view size = server.find("spec.size").text_or("");
  if (account == nullptr || size.empty()) return;
  const std::span<const std::string_view> sizes = known_sizes(account->find("spec.provider").text_or(""));
  if (sizes.empty() || std::ranges::find(sizes, size) != sizes.end()) return;
  const std::vector<std::string_view> words(sizes.begin(), sizes.end());
  const std::string hint = did_you_mean(size, words);
  complaints.error(server, "spec.size", "unknown size",
                   fmt::format("account \"{}\" offers no size \"{}\"{}", account->name, size,
                               hint.empty() ? fmt::format("; it has {}", one_of(words)) : hint));
}

// The rules of one server after inheritance.
class ServerCheck {
 public:
  ServerCheck(const Inventory& inventory, Complaints& complaints);
  void check(const Resource& server, const Effective& effective);

 private:
  void check_limits();
  void check_balancer();
  void check_ports();
  void check_failover();
  void check_location();
  void check_experimental();
  void check_trace();

  bool on(FieldId option) const { return effective_->option(option).boolean_or(false); }
  std::string place(FieldId option) const { return place_of_option(*effective_, option); }
  std::string origin(FieldId option) const { return origin_of_option(*effective_, option); }

  const Inventory& inventory_;
  Complaints& complaints_;
  std::set<std::string_view> clusters_with_switches_;
  const Resource* server_ = nullptr;
  const Effective* effective_ = nullptr;
};

ServerCheck::ServerCheck(const Inventory& inventory, Complaints& complaints)
    : inventory_(inventory), complaints_(complaints) {
  const ServerIds& ids = server_ids();
  for (const Resource& server : inventory.all(Kind::kServer)) {
    const std::string_view cluster = server.find(ids.cluster).text_or("");
    if (!cluster.empty() && server.find(ids.type).text_or("switch") == "switch")
      clusters_with_switches_.insert(cluster);
  }
}

void ServerCheck::check(const Resource& server, const Effective& effective) {
  server_ = &server;
  effective_ = &effective;
  check_limits();
  check_balancer();
  check_ports();
  check_failover();
  check_location();
  check_experimental();
  check_trace();
}

void ServerCheck::check_limits() {
  const std::int64_t channels = effective_->own[server_ids().channels].integer_or(0);
  const std::int64_t cps = effective_->own[server_ids().cps].integer_or(0);
  if (channels > kSoundChannels) {
    complaints_.warn(*server_, "spec.channels", "more channels than is sound",
                     fmt::format("one server carries {} at most, half of that in normal use", kSoundChannels));
  }
  if (cps > kSoundCps) {
    complaints_.warn(*server_, "spec.cps", "more calls a second than is sound",
                     fmt::format("one server takes {} at most, half of that in normal use", kSoundCps));
  }
}

void ServerCheck::check_balancer() {
  const ServerIds& ids = server_ids();
  const bool dispatcher = effective_->own[ids.type].text_or("") == "dispatcher";
  const std::string_view cluster = effective_->own[ids.balancer_cluster].text_or("");
  if (!dispatcher) {
    for (const FieldId id : {ids.algorithm, ids.balancer_cluster}) {
      if (!effective_->own[id].exists()) continue;
      complaints_.error(*server_, "spec.balancer", "a balancer on a switch",
                        "only a dispatcher spreads calls; write type: dispatcher, or remove balancer");
      return;
    }
  } else if (!effective_->own[ids.balancer_cluster].exists()) {
    complaints_.error(*server_, "spec.balancer", "cluster is missing",
                      "a dispatcher says whose switches get the calls; write balancer: {cluster: NAME}");
  } else if (inventory_.find(Kind::kCluster, cluster) != nullptr && !clusters_with_switches_.contains(cluster) &&
             !inventory_.lost()) {
    complaints_.error(*server_, "spec.balancer.cluster", "a cluster without a switch",
                      fmt::format("no switch says cluster: {}; calls would have nowhere to go", cluster));
  }
}

void ServerCheck::check_ports() {
  const OptionIds& ids = option_ids();
  const auto check = [&](FieldId option, const std::set<std::int64_t>& standard, std::string_view what,
                         std::set<std::int64_t>& taken) {
    effective_->option(option).each([&](Packed port) {
      const std::int64_t number = port.integer_or(0);
      if (standard.contains(number)) {
        complaints_.error(*server_, place(option), "a standard port",
                          fmt::format("{} is open anyway{}; ports names further ones{}", number, what, origin(option)));
      } else if (!taken.insert(number).second) {
        complaints_.error(
            *server_, place(option), "one port twice",
            fmt::format("{} is a TCP port and a TLS port, which share one transport{}", number, origin(option)));
      }
    });
  };
  std::set<std::int64_t> udp;
  std::set<std::int64_t> tcp;
  check(ids.udp, {5060}, " for UDP", udp);
  check(ids.tcp, {5060, 5061}, " for TCP or TLS", tcp);
  check(ids.tls_ports, {5060, 5061}, " for TCP or TLS", tcp);
}

void ServerCheck::check_failover() {
  const FieldId option = option_ids().capacity_failover;
  const std::string_view other = effective_->option(option).text_or("");
  if (other.empty()) return;
  const Resource* peer = inventory_.find(Kind::kServer, other);
  if (peer == nullptr) return;
  const std::string_view cluster = effective_->own[server_ids().cluster].text_or("");
  if (other == server_->name) {
    complaints_.error(*server_, place(option), "its own failover",
                      fmt::format("\"{}\" names itself; name another server of its cluster{}", other, origin(option)));
  } else if (!effective_->own[server_ids().cluster].exists()) {
    complaints_.error(*server_, place(option), "a failover without a cluster",
                      fmt::format("\"{}\" is in no cluster; only members of one share what a 302 relies on{}",
                                  server_->name, origin(option)));
  } else if (peer->find(server_ids().cluster).text_or("") != cluster) {
    complaints_.error(*server_, place(option), "a failover outside the cluster",
                      fmt::format("\"{}\" is not in cluster \"{}\"{}", other, cluster, origin(option)));
  }
}

void ServerCheck::check_location() {
  const OptionIds& ids = option_ids();
  const bool clustered = effective_->cluster != nullptr;
  if (on(ids.uac_location_sharing) && clustered) {
    complaints_.warn(*server_, place(ids.uac_location_sharing), "superfluous sharing",
                     fmt::format("cluster \"{}\" shares registrations already; every server would ask every second{}",
                                 effective_->cluster->name, origin(ids.uac_location_sharing)));
  }
  const bool shared =
      on(ids.uac_location_sharing) || (clustered && effective_->cluster->get("spec.share.locations").boolean_or(true));
  if (!on(ids.uac_ping) && !on(ids.any_reg) && !shared) {
    complaints_.warn(*server_, place(ids.uac_ping), "clients behind NAT will be lost",
                     fmt::format("without pings their mappings close; leave uacPing on, or use anyReg or sharing{}",
                                 origin(ids.uac_ping)));
  }
}

void ServerCheck::check_experimental() {
  const FieldId option = option_ids().any_reg;
  if (on(option))
    complaints_.warn(*server_, place(option), "an experimental option",
                     fmt::format("anyReg may change or go{}", origin(option)));
}

void ServerCheck::check_trace() {
  const OptionIds& ids = option_ids();
  if (!effective_->option(ids.transport).exists() || effective_->option(ids.collector).exists()) return;
  complaints_.error(
      *server_, place(ids.transport), "collector is missing",
      fmt::format("a transport alone sends nothing; write sipTrace: {{collector: host:port}}, or null for none{}",
                  origin(ids.transport)));
}

}  // namespace

void check_servers(const Inventory& inventory, const Inheritance& inheritance, Complaints& complaints) {
  ServerCheck check(inventory, complaints);
  Effective effective;
  for (const Resource& server : inventory.all(Kind::kServer)) {
    inheritance.resolve(server, effective);
    check.check(server, effective);
    check_size(inventory, server, complaints);
  }
  for (const Resource& media : inventory.all(Kind::kRtpServer)) check_size(inventory, media, complaints);
}

}  // namespace switchyard
