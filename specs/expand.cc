#include "specs/expand.h"

#include <fmt/format.h>

#include <algorithm>

#include "specs/kinds/tables.h"
#include "specs/scalar.h"
#include "specs/syntax.h"

namespace switchyard {
namespace {

// One field of the template, as a member has it.
struct TemplateField {
  FieldId field;  // of Server
  const FieldRow* row;
  Packed value;
  bool has_placeholder;
};

bool has_placeholder(Packed value) {
  return value.bytes().find("${") != std::string_view::npos;
}

// Fills a value's texts in. What a text became is checked as if it had been written so.
Json filled(const FieldRow& row, const Json& value, const Resource& member, std::string_view path,
            Complaints& complaints) {
  if (const std::string* text = value.string()) {
    const Result<std::string> out = fill_in(*text, member.name, std::to_string(member.member));
    if (!out.ok()) return value;
    const Reading reading = is_text(row.type) ? read_scalar(row, *out, true) : Reading{.value = Json(*out)};
    if (!reading.ok())
      complaints.error(member, path, reading.message,
                       fmt::format("\"{}\" becomes \"{}\": {}", shown(*text), shown(*out), reading.detail));
    return Json(*out);
  }
  if (const Json::Array* array = value.array()) {
    Json::Array out;
    for (const Json& element : *array) out.push_back(filled(row, element, member, path, complaints));
    return Json(std::move(out));
  }
  if (const Json::Object* object = value.object()) {
    Json::Object out;
    for (const auto& [name, given] : *object) {
      const auto at = std::ranges::find(row.members, name, &FieldRow::path);
      out.emplace_back(name, filled(at == row.members.end() ? row : *at, given, member, path, complaints));
    }
    return Json(std::move(out));
  }
  return value;
}

// The labels of the set, and over them those of the template.
Json labels_of(const Resource& set) {
  Json::Object labels;
  for (const std::string_view path : {"metadata.labels", "spec.template.metadata.labels"}) {
    set.find(path).each_member([&](std::string_view name, Packed value) {
      const auto at = std::ranges::find(labels, name, &Json::Member::first);
      if (at == labels.end()) {
        labels.emplace_back(name, value.unpack());
      } else {
        at->second = value.unpack();
      }
    });
  }
  std::ranges::sort(labels, {}, &Json::Member::first);
  return Json(std::move(labels));
}

std::vector<TemplateField> fields_of(const Resource& set) {
  constexpr std::string_view kTemplate = "spec.template.";
  const KindSchema& from = schema_of(Kind::kServerSet);
  const KindSchema& to = schema_of(Kind::kServer);
  std::vector<Packed> values;
  set.spread(values);
  std::vector<TemplateField> fields;
  for (FieldId id = 0; id < from.fields.size(); ++id) {
    const std::string_view path = from.fields[id].path;
    if (!values[id].exists() || !path.starts_with("spec.template.spec.")) continue;
    const FieldId field = to.id(path.substr(kTemplate.size()));
    fields.push_back({field, to.fields[field].row, values[id], has_placeholder(values[id])});
  }
  return fields;
}

}  // namespace

std::string expand_set(const Resource& set, Complaints& complaints) {
  const KindSchema& schema = schema_of(Kind::kServer);
  const FieldId zone_field = schema.id("spec.zone");
  const FieldId labels_field = schema.id("metadata.labels");
  const FieldId formerly_field = schema.id("metadata.formerly");

  std::vector<std::string_view> zones;
  set.find("spec.zones").each([&](Packed zone) { zones.push_back(zone.text_or("")); });
  const Packed template_zone = set.find("spec.template.spec.zone");
  if (zones.empty() && template_zone.text_or("").empty()) {
    complaints.error(set, "spec", "zones is missing",
                     "a ServerSet has spec.zones, or spec.template.spec.zone for all its members");
  }
  if (!zones.empty() && template_zone.exists()) {
    complaints.error(set, "spec.template.spec.zone", "two answers to one question",
                     "spec.zones says already where the members stand; remove one of them");
  }

  const std::vector<TemplateField> fields = fields_of(set);
  const Json labels = labels_of(set);
  const Packed formerly = set.find("metadata.formerly");
  const FieldRow label_row{
      .path = "labels", .type = Type::kTextMap, .meaning = "", .rule = "", .effect = EffectRule::kLive};

  std::string out;
  ResourceWriter writer(out);
  const std::int64_t replicas = set.find("spec.replicas").integer_or(0);
  for (std::int64_t index = 1; index <= replicas; ++index) {
    const std::string name = fmt::format("{}-{}", set.name, index);
    Resource member = set;
    member.kind = Kind::kServer;
    member.name = name;
    member.member = static_cast<std::uint32_t>(index);
    if (const std::string problem = check_name(name); !problem.empty()) {
      complaints.error(set, "metadata.name", "invalid name",
                       fmt::format("its member would be \"{}\": {}", name, problem));
      break;
    }
    for (const TemplateField& field : fields) {
      if (field.has_placeholder) {
        writer.set(field.field,
                   filled(*field.row, field.value.unpack(), member, schema.fields[field.field].path, complaints));
      } else {
        writer.set(field.field, field.value);
      }
    }
    if (!zones.empty() && !template_zone.exists()) {
      writer.set(zone_field, Json(zones[static_cast<std::size_t>(index - 1) % zones.size()]));
    }
    if (!labels.object()->empty())
      writer.set(labels_field, filled(label_row, labels, member, "metadata.labels", complaints));
    if (formerly.exists()) {
      Json::Array names;
      formerly.each([&](Packed old) { names.push_back(Json(fmt::format("{}-{}", old.text_or(""), index))); });
      writer.set(formerly_field, Json(std::move(names)));
    }
    writer.finish(Kind::kServer, set.document, set.line, name);
  }
  return out;
}

}  // namespace switchyard
