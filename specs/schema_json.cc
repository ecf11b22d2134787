#include <fmt/format.h>

#include "specs/kinds/schema.h"
#include "specs/kinds/tables.h"
#include "specs/load.h"
#include "specs/scalar.h"

namespace switchyard {
namespace {

constexpr std::string_view kLabelPattern = "^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$";
constexpr std::string_view kNamePattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";

Json text(std::string_view pattern = "") {
  Json json;
  json.set("type", Json("string"));
  if (!pattern.empty()) json.set("pattern", Json(pattern));
  return json;
}

Json whole(std::int64_t low, std::int64_t high) {
  Json json;
  json.set("type", Json("integer")).set("minimum", Json(low));
  if (high != INT64_MAX) json.set("maximum", Json(high));
  return json;
}

Json either(Json a, Json b) {
  Json json;
  return json.set("anyOf", Json(Json::Array{std::move(a), std::move(b)}));
}

Json one_of_words(std::span<const std::string_view> words) {
  Json::Array names;
  for (const std::string_view word : words) names.emplace_back(word);
  Json json;
  return json.set("enum", Json(std::move(names)));
}

Json closed_object(Json properties, Json::Array required) {
  Json json;
  json.set("type", Json("object")).set("properties", std::move(properties)).set("additionalProperties", Json(false));
  if (!required.empty()) json.set("required", Json(std::move(required)));
  return json;
}

Json secret() {
  Json env;
  env.set("env", text("^[A-Za-z_][A-Za-z0-9_]*$"));
  Json file;
  file.set("file", text());
  return either(closed_object(std::move(env), {Json("env")}), closed_object(std::move(file), {Json("file")}));
}

Json schema_of_row(const FieldRow& row);

Json schema_of_one(const FieldRow& row) {
  switch (row.type) {
    case Type::kBoolean: {
      Json json;
      return json.set("type", Json("boolean"));
    }
    case Type::kInteger:
      return whole(row.low, row.high);
    case Type::kDuration:
      return text("^([0-9]+(ms|s|m|h|d))+$");
    case Type::kMoney:
      return either(whole(0, 999'999'999'999), text("^(0|[1-9][0-9]*)(\\.[0-9]+)?$"));
    case Type::kCountOrPercent:
      return either(whole(row.low, row.high), text("^(100|[1-9]?[0-9])%$"));
    case Type::kText: {
      Json json = text();
      json.set("minLength", Json(1));
      if (row.high > 0) json.set("maxLength", Json(row.high));
      return json;
    }
    case Type::kName:
    case Type::kReference:
      return text(kNamePattern);
    case Type::kWord:
      return one_of_words(row.words);
    case Type::kToken:
      return text("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$");
    case Type::kHostname:
      return text("^[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+$");
    case Type::kDomain:
      return text("^(\\*\\.)?[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+$");
    case Type::kHostPort:
      return text(row.low == 1 ? "^.+:[0-9]+$" : "^.+$");
    case Type::kUrl:
      return text("^https?://[^ ?#@]+$");
    case Type::kSipUri:
      return text("^sips?:[^ <>\"]+$");
    case Type::kCurrency:
      return text("^[A-Z]{3}$");
    case Type::kTimezone:
      return text("^[A-Za-z][A-Za-z0-9_+/-]*$");
    case Type::kSecret:
      return secret();
    case Type::kTextMap: {
      Json names;
      names.set("pattern", Json(kLabelPattern));
      Json json;
      return json.set("type", Json("object"))
          .set("propertyNames", std::move(names))
          .set("additionalProperties", text());
    }
    case Type::kObject: {
      Json properties{Json::Object{}};
      Json::Array required;
      for (const FieldRow& member : row.members) {
        properties.set(member.path, schema_of_row(member));
        if (member.required) required.emplace_back(member.path);
      }
      return closed_object(std::move(properties), std::move(required));
    }
    case Type::kOptions:
    case Type::kServerSpec:
      break;
  }
  return {};
}

// In a template, texts may hold ${name} and ${index}.
Json loosened(const FieldRow& row, Json json) {
  if (!is_text(row.type)) return json;
  return either(std::move(json), text("\\$\\{(name|index)\\}"));
}

Json schema_of_row(const FieldRow& row) {
  Json json = schema_of_one(row);
  if (row.many != Many::kOne) {
    Json list;
    list.set("type", Json("array")).set("items", std::move(json));
    if (row.type != Type::kObject) list.set("uniqueItems", Json(true));
    if (row.required) list.set("minItems", Json(1));
    json = std::move(list);
  }
  json.set("description", Json(fmt::format("{}. Rule: {}", row.meaning, row.rule)));
  return json;
}

Json nullable(Json json) {
  Json nothing;
  nothing.set("type", Json("null"));
  return either(std::move(json), std::move(nothing));
}

Json schema_of_field(const KindSchema& schema, const SchemaField& field) {
  const FieldRow& row = *field.row;
  if (field.path == "kind") {
    Json json;
    return json.set("const", Json(to_string(schema.kind))).set("description", Json(row.meaning));
  }
  Json json = schema_of_row(row);
  if (field.in_template && row.many == Many::kOne) json = loosened(row, std::move(json));
  if (field.in_template && row.many != Many::kOne && is_text(row.type)) {
    FieldRow any = row;
    any.type = Type::kText;
    any.high = 0;
    json = schema_of_row(any);
  }
  if (!row.required) json = nullable(std::move(json));
  return json;
}

bool has_required(const KindSchema& schema, const SchemaNode& node) {
  if (node.field != kNoField) return schema.fields[node.field].row->required && node.path != "spec.template.spec.zone";
  for (const SchemaNode& child : node.children) {
    if (has_required(schema, child)) return true;
  }
  return false;
}

Json schema_of_group(const KindSchema& schema, const SchemaNode& group) {
  Json properties{Json::Object{}};
  Json::Array required;
  for (const SchemaNode& child : group.children) {
    properties.set(child.name, child.field != kNoField ? schema_of_field(schema, schema.fields[child.field])
                                                       : schema_of_group(schema, child));
    if (has_required(schema, child)) required.emplace_back(child.name);
  }
  const bool needed = !required.empty();
  Json json = closed_object(std::move(properties), std::move(required));
  if (!group.meaning.empty()) json.set("description", Json(group.meaning));
  return needed ? std::move(json) : nullable(std::move(json));
}

}  // namespace

Json json_schema() {
  Json definitions{Json::Object{}};
  Json::Array kinds;
  for (const Kind kind : all_kinds()) {
    const std::string_view name = to_string(kind);
    Json schema = schema_of_group(schema_of(kind), schema_of(kind).root);
    schema.set("title", Json(name)).set("description", Json(meaning_of(kind)));
    definitions.set(name, std::move(schema));
    Json reference;
    kinds.push_back(reference.set("$ref", Json(fmt::format("#/$defs/{}", name))));
  }
  Json json;
  json.set("$schema", Json("https://json-schema.org/draft/2020-12/schema"))
      .set("title", Json("Switchyard, switchyard/v1"));
  return json.set("oneOf", Json(std::move(kinds))).set("$defs", std::move(definitions));
}

}  // namespace switchyard
