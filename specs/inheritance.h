#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "specs/inventory.h"
#include "specs/resource.h"

namespace switchyard {

// Which document an option's value comes from, the strongest last.
enum class Layer : std::uint8_t { kBuiltIn, kZone, kCluster, kServer };

// What a server is told after inheritance. Values without bytes are unset.
struct Effective {
  const Resource* zone = nullptr;     // nothing: dangling
  const Resource* cluster = nullptr;  // nothing: in none
  std::vector<Packed> own;            // by FieldId of Server; options are not filled in here
  std::vector<Packed> options;        // by place in options()
  std::vector<Layer> layers;          // of each option

  Packed option(FieldId id) const { return options[id]; }
};

// Places in options() and fields of Server that the program itself asks for.
struct OptionIds {
  FieldId fqdn, certificates, tls, webrtc, udp, tcp, tls_ports, capacity_failover, carriers, uac_auth, uac_ping;
  FieldId uac_location_sharing, transport, collector, any_reg, restrict_direct, auto_upgrade, data_zone, rtp;
};
struct ServerIds {
  FieldId zone, type, alias, cluster, size, channels, cps, weight, power, priority, protect, algorithm,
      balancer_cluster;
  FieldId labels, formerly;
};
const OptionIds& option_ids();
const ServerIds& server_ids();

// Where a complaint about an option stands: at the server where it says so itself, else at its name; and then which
// defaults say it: ` (tls comes from the defaults of zone "london")`, or nothing.
std::string place_of_option(const Effective& effective, FieldId option);
std::string origin_of_option(const Effective& effective, FieldId option);

// Zone defaults < cluster defaults < server: maps merge by key, lists and scalars replace, null restores the built-in
// default. Fixed once made; any thread may ask.
class Inheritance {
 public:
  explicit Inheritance(const Inventory& inventory);
  // For a Server; `out` is used again from one call to the next.
  void resolve(const Resource& server, Effective& out) const;

 private:
  struct Defaults {
    std::vector<Packed> options;
    std::vector<Layer> layers;
  };
  Defaults merge(const Resource* zone, const Resource* cluster) const;

  const Inventory& inventory_;
  std::map<std::pair<const Resource*, const Resource*>, Defaults> defaults_;
};

}  // namespace switchyard
