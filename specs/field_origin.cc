#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "specs/assemble.h"
#include "specs/decode.h"
#include "specs/kinds/tables.h"
#include "specs/load.h"
#include "specs/source_text.h"

namespace switchyard {
namespace {

// Where a path stands in a resource's document; nothing when it is not written there.
std::optional<Source> written_at(const Specs& specs, const Resource& resource, std::string_view path) {
  const FileName& file = specs.files()[resource.file];
  std::ifstream stream(file.absolute, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  const SourceText text(file.shown, bytes);
  std::optional<Source> found;
  Diagnostics ignored;
  parse_yaml(text, YamlLimits{}, ignored, [&](const Document& document, std::uint32_t at) {
    if (at != resource.document || !has_path(document, path)) return;
    found = Source{.file = file.shown, .line = static_cast<int>(find_place(document, path).line) + 1};
  });
  return found;
}

// A field of a server's spec, through the layers: its own document, then the defaults.
std::optional<Source> of_server(const Specs& specs, const Resource& server, std::string_view path) {
  const KindSchema& schema = schema_of(server.kind);
  const FieldId id = schema.id(path.starts_with("metadata.labels.") ? "metadata.labels" : path);
  if (id == kNoField) return std::nullopt;
  if (const Packed own = server.find(id); own.exists()) {
    if (own.is_null()) return std::nullopt;
    if (server.member == 0) return written_at(specs, server, path);
    const Resource* set = nullptr;
    for (const Resource& each : specs.inventory().all(Kind::kServerSet)) {
      if (each.file == server.file && each.document == server.document) set = &each;
    }
    if (set == nullptr) return std::nullopt;
    if (path == "spec.zone" && set->find("spec.zones").exists()) return written_at(specs, *set, "spec.zones");
    if (auto in_template = written_at(specs, *set, fmt::format("spec.template.{}", path))) return in_template;
    return written_at(specs, *set, path);  // labels of the set
  }
  const FieldId option = schema.fields[id].option;
  if (option == kNoField) return std::nullopt;
  Effective effective;
  specs.inheritance().resolve(server, effective);
  const std::string in_defaults = fmt::format("spec.defaults.{}", options()[option].path);
  switch (effective.layers[option]) {
    case Layer::kCluster:
      return written_at(specs, *effective.cluster, in_defaults);
    case Layer::kZone:
      return written_at(specs, *effective.zone, in_defaults);
    case Layer::kBuiltIn:
      if (option == option_ids().data_zone && effective.zone != nullptr)
        return written_at(specs, *effective.zone, "spec.dataZone");
      return std::nullopt;
    case Layer::kServer:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Source> find_field_source(const LoadedSpecs& loaded, const Key& key, std::string_view field_path) {
  const auto* specs = dynamic_cast<const Specs*>(loaded.field_source.get());
  if (specs == nullptr) return std::nullopt;
  const Inventory& inventory = specs->inventory();
  const Resource* resource = inventory.find(key.kind, key.name);
  if (resource == nullptr) return std::nullopt;
  if (key.kind != Kind::kServer && key.kind != Kind::kRtpServer) return written_at(*specs, *resource, field_path);

  const auto taken = [&](Kind kind, std::string_view prefix) -> std::optional<Source> {
    // Names of carriers and certificates are DNS labels: they end at the first dot.
    const std::string_view rest = field_path.substr(prefix.size());
    const std::size_t dot = rest.find('.');
    const Resource* other = inventory.find(kind, rest.substr(0, dot));
    if (other == nullptr || dot == std::string_view::npos) return std::nullopt;
    return written_at(*specs, *other, fmt::format("spec{}", rest.substr(dot)));
  };
  if (field_path.starts_with("carriers.")) return taken(Kind::kCarrier, "carriers.");
  if (field_path.starts_with("certificates.")) return taken(Kind::kCertificate, "certificates.");
  if (field_path.starts_with("cluster.")) {
    const Resource* cluster = inventory.find(Kind::kCluster, resource->find("spec.cluster").text_or(""));
    return cluster == nullptr ? std::nullopt
                              : written_at(*specs, *cluster, fmt::format("spec.{}", field_path.substr(8)));
  }
  if (field_path == "spec.region") {
    const Resource* zone = inventory.find(Kind::kZone, resource->find("spec.zone").text_or(""));
    return zone == nullptr ? std::nullopt : written_at(*specs, *zone, "spec.region");
  }
  return of_server(*specs, *resource, field_path);
}

}  // namespace switchyard
