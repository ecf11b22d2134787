#include "specs/inheritance.h"

#include <fmt/format.h>

#include "specs/kinds/tables.h"

namespace switchyard {
namespace {

FieldId option(std::string_view path) {
  const KindSchema& schema = schema_of(Kind::kServer);
  return schema.fields[schema.id("spec.options." + std::string(path))].option;
}

FieldId server(std::string_view path) {
  return schema_of(Kind::kServer).id(path);
}

Packed built_in(FieldId option, const Resource* zone) {
  const KindSchema& schema = schema_of(Kind::kServer);
  if (option == option_ids().data_zone && zone != nullptr) {
    const Packed of_zone = zone->find("spec.dataZone");
    if (!of_zone.is_null()) return of_zone;
  }
  return Packed(schema.fields[static_cast<std::size_t>(schema.first_option) + option].fallback);
}

}  // namespace

const OptionIds& option_ids() {
  static const OptionIds ids{
      .fqdn = option("fqdn"),
      .certificates = option("certificates"),
      .tls = option("tls"),
      .webrtc = option("webrtc"),
      .udp = option("ports.udp"),
      .tcp = option("ports.tcp"),
      .tls_ports = option("ports.tls"),
      .capacity_failover = option("capacityFailover"),
      .carriers = option("carriers"),
      .uac_auth = option("uacAuth"),
      .uac_ping = option("uacPing"),
      .uac_location_sharing = option("uacLocationSharing"),
      .transport = option("sipTrace.transport"),
      .collector = option("sipTrace.collector"),
      .any_reg = option("anyReg"),
      .restrict_direct = option("restrictDirect"),
      .auto_upgrade = option("autoUpgrade"),
      .data_zone = option("dataZone"),
      .rtp = option("rtp"),
  };
  return ids;
}

const ServerIds& server_ids() {
  static const ServerIds ids{
      .zone = server("spec.zone"),
      .type = server("spec.type"),
      .alias = server("spec.alias"),
      .cluster = server("spec.cluster"),
      .size = server("spec.size"),
      .channels = server("spec.channels"),
      .cps = server("spec.cps"),
      .weight = server("spec.weight"),
      .power = server("spec.power"),
      .priority = server("spec.priority"),
      .protect = server("spec.protect"),
      .algorithm = server("spec.balancer.algorithm"),
      .balancer_cluster = server("spec.balancer.cluster"),
      .labels = server("metadata.labels"),
      .formerly = server("metadata.formerly"),
  };
  return ids;
}

std::string place_of_option(const Effective& effective, FieldId option) {
  if (effective.layers[option] != Layer::kServer) return "metadata.name";
  const KindSchema& schema = schema_of(Kind::kServer);
  return schema.fields[static_cast<std::size_t>(schema.first_option) + option].path;
}

std::string origin_of_option(const Effective& effective, FieldId option) {
  const std::string_view name = options()[option].path;
  switch (effective.layers[option]) {
    case Layer::kZone:
      return fmt::format(" ({} comes from the defaults of zone \"{}\")", name, effective.zone->name);
    case Layer::kCluster:
      return fmt::format(" ({} comes from the defaults of cluster \"{}\")", name, effective.cluster->name);
    case Layer::kBuiltIn:
    case Layer::kServer:
      return "";
  }
  return "";
}

Inheritance::Inheritance(const Inventory& inventory) : inventory_(inventory) {
  // Every pair of zone and cluster that occurs, so that resolve() only reads. Neighbours mostly share theirs.
  const ServerIds& ids = server_ids();
  std::pair<std::string_view, std::string_view> last{"\n", ""};
  for (const Resource& server : inventory.all(Kind::kServer)) {
    const std::pair names{server.find(ids.zone).text_or(""), server.find(ids.cluster).text_or("")};
    if (names == last) continue;
    last = names;
    const std::pair key{inventory.find(Kind::kZone, names.first), inventory.find(Kind::kCluster, names.second)};
    if (!defaults_.contains(key)) defaults_.emplace(key, merge(key.first, key.second));
  }
}

Inheritance::Defaults Inheritance::merge(const Resource* zone, const Resource* cluster) const {
  const std::size_t count = options().size();
  Defaults merged{.options = std::vector<Packed>(count), .layers = std::vector<Layer>(count, Layer::kBuiltIn)};
  for (FieldId each = 0; each < count; ++each) merged.options[each] = built_in(each, zone);
  const auto lay = [&](const Resource* over, Layer layer) {
    if (over == nullptr) return;
    const KindSchema& schema = schema_of(over->kind);
    std::vector<Packed> values;
    over->spread(values);
    for (FieldId each = 0; each < count; ++each) {
      const Packed value = values[static_cast<std::size_t>(schema.first_option) + each];
      if (!value.exists()) continue;
      merged.options[each] = value.is_null() ? built_in(each, zone) : value;
      merged.layers[each] = value.is_null() ? Layer::kBuiltIn : layer;
    }
  };
  lay(zone, Layer::kZone);
  lay(cluster, Layer::kCluster);
  return merged;
}

void Inheritance::resolve(const Resource& server, Effective& out) const {
  const KindSchema& schema = schema_of(Kind::kServer);
  const ServerIds& ids = server_ids();
  server.spread(out.own);
  out.zone = inventory_.find(Kind::kZone, out.own[ids.zone].text_or(""));
  out.cluster = inventory_.find(Kind::kCluster, out.own[ids.cluster].text_or(""));
  const Defaults& defaults = defaults_.at({out.zone, out.cluster});
  out.options = defaults.options;
  out.layers = defaults.layers;
  for (FieldId id = 0; id < schema.fields.size(); ++id) {
    const Packed value = out.own[id];
    const FieldId option = schema.fields[id].option;
    if (option == kNoField) {
      if (!value.exists() || value.is_null()) out.own[id] = Packed(schema.fields[id].fallback);
    } else if (value.exists()) {
      out.options[option] = value.is_null() ? built_in(option, out.zone) : value;
      out.layers[option] = value.is_null() ? Layer::kBuiltIn : Layer::kServer;
    }
  }
}

}  // namespace switchyard
