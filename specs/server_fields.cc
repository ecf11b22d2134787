#include "specs/server_fields.h"

#include <fmt/format.h>

#include <algorithm>

#include "specs/kinds/tables.h"

namespace switchyard {
namespace {

// Fields that are no configuration: `power` is an action, the others are words for people or the planner's books.
bool is_configuration(const SchemaField& field) {
  return field.path.starts_with("spec.") && field.path != "spec.power" && field.row->type != Type::kSecret;
}

std::string pack_one(const Json& value) {
  std::string bytes;
  pack(value, bytes);
  return bytes;
}

const std::string& packed_round_robin() {
  static const std::string bytes = pack_one(Json("round-robin"));
  return bytes;
}
const std::string& packed_udp() {
  static const std::string bytes = pack_one(Json("udp"));
  return bytes;
}
const std::string& packed_one_member() {
  static const std::string bytes = pack_one(Json("one"));
  return bytes;
}

// "acme" < "acme-2" as names, "acme-2." < "acme." as paths.
bool path_order(const Resource* a, const Resource* b) {
  return fmt::format("{}.", a->name) < fmt::format("{}.", b->name);
}

void each_label(const Resource& server, std::string& scratch, const ServerFields::Sink& sink) {
  server.find(server.kind == Kind::kServer ? server_ids().labels : schema_of(server.kind).id("metadata.labels"))
      .each_member([&](std::string_view name, Packed value) {
        scratch.assign("metadata.labels.");
        scratch += name;
        sink(scratch, value);
      });
}

}  // namespace

SecretRef secret_ref(Packed place, const std::string& folder) {
  if (const Packed variable = place.find("env"); variable.exists()) {
    return {.from = SecretRef::From::kEnvironment, .place = std::string(variable.text_or(""))};
  }
  std::string path(place.find("file").text_or(""));
  if (!path.starts_with('/') && !folder.empty()) path = folder + "/" + path;
  return {.from = SecretRef::From::kFile, .place = std::move(path)};
}

ServerFields::ServerFields(const Inventory& inventory) : inventory_(inventory) {
  const KindSchema& schema = schema_of(Kind::kServer);
  for (FieldId id = 0; id < schema.fields.size(); ++id) {
    const SchemaField& field = schema.fields[id];
    if (!is_configuration(field)) continue;
    const bool option = field.option != kNoField;
    slots_.push_back({field.path, option ? Slot::From::kOption : Slot::From::kOwn, option ? field.option : id});
  }
  slots_.push_back({"spec.region", Slot::From::kRegion, 0});
  std::ranges::sort(slots_, {}, &Slot::path);
  // What limits all members together is divided by their number where they cannot count together.
  std::map<std::string_view, std::int64_t> switches;
  for (const Resource& server : inventory.all(Kind::kServer)) {
    if (server.find(server_ids().type).text_or("") != "dispatcher") {
      ++switches[server.find(server_ids().cluster).text_or("")];
    }
  }
  for (const Resource& cluster : inventory.all(Kind::kCluster)) {
    const bool limits = cluster.find("spec.limits.cps").exists() || cluster.find("spec.limits.channels").exists();
    if (limits) members_[&cluster] = pack_one(Json(switches[cluster.name]));
    Lines& lines = clusters_[&cluster];
    for (auto& line : taken_from(cluster, "cluster.")) {
      if (line.first.starts_with("cluster.limits.") || line.first.starts_with("cluster.share."))
        lines.push_back(std::move(line));
    }
    if (limits) lines.emplace_back("cluster.members", Packed(members_.at(&cluster)));
    std::ranges::sort(lines, {}, &Lines::value_type::first);
  }
  for (const Resource& carrier : inventory.all(Kind::kCarrier)) {
    carriers_[&carrier] = taken_from(carrier, fmt::format("carriers.{}.", carrier.name));
  }
  for (const Resource& media : inventory.all(Kind::kRtpServer)) {
    if (const Resource* zone = inventory.find(Kind::kZone, media.find("spec.zone").text_or(""))) {
      zone_media_[zone].emplace_back(media.name);
    }
  }
  for (const auto& [zone, names] : zone_media_) {
    zone_rtp_[zone] = pack_one(Json(Json::Array(names.begin(), names.end())));
  }
}

// All that another document says below its spec, defaults filled in, under a prefix of the server's.
ServerFields::Lines ServerFields::taken_from(const Resource& other, const std::string& prefix) const {
  const KindSchema& schema = schema_of(other.kind);
  std::vector<Packed> values;
  other.spread(values);
  Lines lines;
  for (FieldId id = 0; id < schema.fields.size(); ++id) {
    const SchemaField& field = schema.fields[id];
    if (!is_configuration(field) || field.option != kNoField) continue;
    Packed value = values[id].exists() && !values[id].is_null() ? values[id] : Packed(field.fallback);
    if (field.path == "spec.registration.registerOn") {
      const bool registers = !other.find("spec.registration.registrar").text_or("").empty();
      if (!value.exists() && registers) value = Packed(packed_one_member());
    }
    if (value.exists()) lines.emplace_back(prefix + field.path.substr(5), value);
  }
  std::ranges::sort(lines, {}, &Lines::value_type::first);
  return lines;
}

void ServerFields::each(const Resource& server, const Effective& effective, std::string& scratch,
                        const Sink& sink) const {
  if (server.kind == Kind::kRtpServer) return each_of_media(server, scratch, sink);
  const OptionIds& options = option_ids();
  const ServerIds& ids = server_ids();
  if (effective.option(options.carriers).count() > 0) {
    std::vector<const Resource*> carriers;
    effective.option(options.carriers).each([&](Packed name) {
      if (const Resource* carrier = inventory_.find(Kind::kCarrier, name.text_or(""))) carriers.push_back(carrier);
    });
    std::ranges::sort(carriers, path_order);
    for (const Resource* carrier : carriers) {
      for (const auto& [path, value] : carriers_.at(carrier)) sink(path, value);
    }
  }
  if (effective.cluster != nullptr) {
    for (const auto& [path, value] : clusters_.at(effective.cluster)) sink(path, value);
  }
  each_label(server, scratch, sink);
  const bool dispatcher = effective.own[ids.type].text_or("") == "dispatcher";
  for (const Slot& slot : slots_) {
    Packed value;
    std::string names;
    switch (slot.from) {
      case Slot::From::kRegion:
        if (effective.zone != nullptr) value = effective.zone->find("spec.region");
        break;
      case Slot::From::kOwn:
        value = effective.own[slot.id];
        if (slot.id == ids.algorithm && dispatcher && !value.exists()) value = Packed(packed_round_robin());
        break;
      case Slot::From::kOption:
        value = effective.options[slot.id];
        if (slot.id == options.transport) {
          if (!effective.option(options.collector).exists()) continue;
          if (!value.exists()) value = Packed(packed_udp());
        }
        if (slot.id == options.rtp) {
          if (dispatcher) continue;
          if (value.exists()) {
            const std::vector<std::string> resolved = media(server, effective);
            names = pack_one(Json(Json::Array(resolved.begin(), resolved.end())));
            value = Packed(names);
          } else if (const auto of_zone = zone_rtp_.find(effective.zone); of_zone != zone_rtp_.end()) {
            value = Packed(of_zone->second);
          }
        }
        break;
    }
    if (value.exists() && !value.is_null()) sink(slot.path, value);
  }
}

void ServerFields::each_of_media(const Resource& server, std::string& scratch, const Sink& sink) const {
  each_label(server, scratch, sink);
  Lines lines = taken_from(server, "spec.");
  if (const Resource* zone = inventory_.find(Kind::kZone, server.find("spec.zone").text_or(""))) {
    lines.emplace_back("spec.region", zone->find("spec.region"));
    std::ranges::sort(lines, {}, &Lines::value_type::first);
  }
  for (const auto& [path, value] : lines) sink(path, value);
}

std::vector<std::string> ServerFields::media(const Resource& server, const Effective& effective) const {
  if (server.kind != Kind::kServer || effective.own[server_ids().type].text_or("") == "dispatcher") return {};
  const Packed wanted = effective.option(option_ids().rtp);
  if (!wanted.exists()) {
    const auto of_zone = zone_media_.find(effective.zone);
    return of_zone == zone_media_.end() ? std::vector<std::string>{} : of_zone->second;
  }
  std::vector<std::string> names;
  wanted.each([&](Packed name) {
    if (const Resource* media = inventory_.find_media(name.text_or(""))) names.emplace_back(media->name);
  });
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::vector<SecretField> ServerFields::secrets(const Resource& server, const Effective& effective,
                                               const std::function<std::string(const Resource&)>& folder_of) const {
  std::vector<SecretField> secrets;
  if (server.kind != Kind::kServer) return secrets;
  effective.option(option_ids().carriers).each([&](Packed name) {
    const Resource* carrier = inventory_.find(Kind::kCarrier, name.text_or(""));
    if (carrier == nullptr) return;
    const Packed place = carrier->find("spec.registration.password");
    if (!place.exists() || place.is_null()) return;
    secrets.push_back(
        {fmt::format("carriers.{}.registration.password", carrier->name), secret_ref(place, folder_of(*carrier))});
  });
  effective.option(option_ids().certificates).each([&](Packed entry) {
    const Resource* certificate = inventory_.find(Kind::kCertificate, entry.find("name").text_or(""));
    if (certificate == nullptr) return;
    for (const std::string_view part : {"key", "chain"}) {
      const Packed place = certificate->find(fmt::format("spec.{}", part));
      secrets.push_back(
          {fmt::format("certificates.{}.{}", certificate->name, part), secret_ref(place, folder_of(*certificate))});
    }
  });
  std::ranges::sort(secrets, {}, &SecretField::path);
  const auto same_path = [](const SecretField& a, const SecretField& b) { return a.path == b.path; };
  secrets.erase(std::unique(secrets.begin(), secrets.end(), same_path), secrets.end());
  return secrets;
}

}  // namespace switchyard
