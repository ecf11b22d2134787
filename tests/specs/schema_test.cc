// The JSON Schema and the decoder come from the same tables; here they are held against each other.
#include <gtest/gtest.h>

#include <regex>

#include "specs/decode.h"
#include "specs/document.h"
#include "specs/kinds/schema.h"
#include "specs/kinds/tables.h"
#include "specs/scalar.h"
#include "tests/specs/sample.h"

namespace switchyard {
namespace {

// As much of JSON Schema as ours uses. Gives the first breach, or nothing.
class Validator {
 public:
  explicit Validator(const Json& root) : root_(root) {}

  std::string check(const Json& schema, const Json& value, const std::string& at) const {
    if (const Json* reference = schema.find("$ref"))
      return check(*root_.find("$defs")->find(reference->string()->substr(8)), value, at);
    if (const Json* options = schema.find("oneOf")) {
      int fits = 0;
      for (const Json& option : *options->array()) fits += check(option, value, at).empty() ? 1 : 0;
      return fits == 1 ? "" : at + ": fits " + std::to_string(fits) + " of oneOf";
    }
    if (const Json* options = schema.find("anyOf")) {
      std::string first;
      for (const Json& option : *options->array()) {
        const std::string breach = check(option, value, at);
        if (breach.empty()) return "";
        if (first.empty()) first = breach;
      }
      return first;
    }
    if (const Json* only = schema.find("const")) return value == *only ? "" : at + ": not the constant";
    if (const Json* words = schema.find("enum")) {
      for (const Json& word : *words->array()) {
        if (word == value) return "";
      }
      return at + ": not in enum";
    }
    const std::string type = schema.string_or("type", "");
    if (type == "boolean") return value.boolean() != nullptr ? "" : at + ": not a boolean";
    if (type == "null") return value.is_null() ? "" : at + ": not null";
    if (type == "integer") return check_integer(schema, value, at);
    if (type == "string") return check_string(schema, value, at);
    if (type == "array") return check_array(schema, value, at);
    if (type == "object") return check_object(schema, value, at);
    return at + ": a schema of no type";
  }

 private:
  static std::string check_integer(const Json& schema, const Json& value, const std::string& at) {
    if (value.integer() == nullptr) return at + ": not an integer";
    const bool fits = *value.integer() >= schema.integer_or("minimum", INT64_MIN) &&
                      *value.integer() <= schema.integer_or("maximum", INT64_MAX);
    return fits ? "" : at + ": out of range";
  }
  static std::string check_string(const Json& schema, const Json& value, const std::string& at) {
    if (value.string() == nullptr) return at + ": not a string";
    const std::string pattern = schema.string_or("pattern", "");
    const bool fits =
        pattern.empty() || std::regex_search(*value.string(), std::regex(pattern, std::regex::ECMAScript));
    return fits ? "" : at + ": \"" + *value.string() + "\" does not match " + pattern;
  }
  std::string check_array(const Json& schema, const Json& value, const std::string& at) const {
    if (value.array() == nullptr) return at + ": not an array";
    if (static_cast<std::int64_t>(value.array()->size()) < schema.integer_or("minItems", 0)) return at + ": too short";
    for (const Json& element : *value.array()) {
      if (const std::string breach = check(*schema.find("items"), element, at + "[]"); !breach.empty()) return breach;
    }
    return "";
  }
  std::string check_object(const Json& schema, const Json& value, const std::string& at) const {
    if (value.object() == nullptr) return at + ": not an object";
    if (const Json* required = schema.find("required")) {
      for (const Json& name : *required->array()) {
        if (value.find(*name.string()) == nullptr) return at + ": lacks " + *name.string();
      }
    }
    const Json* properties = schema.find("properties");
    for (const auto& [name, member] : *value.object()) {
      const Json* known = properties == nullptr ? nullptr : properties->find(name);
      const Json* others = schema.find("additionalProperties");
      if (known == nullptr && others != nullptr && others->object() != nullptr) known = others;
      if (known == nullptr) return at + ": unknown " + name;
      if (const std::string breach = check(*known, member, at + "." + name); !breach.empty()) return breach;
    }
    return "";
  }
  const Json& root_;
};

// What an editor's YAML support makes of a text: the core schema of YAML 1.2.
Json json_of(Node node) {
  switch (node.type()) {
    case Node::Type::kNull:
      return {};
    case Node::Type::kScalar: {
      const std::string text(node.text());
      if (node.quoted()) return Json(text);
      if (text == "true") return Json(true);
      if (text == "false") return Json(false);
      if (std::regex_match(text, std::regex("-?(0|[1-9][0-9]{0,17})"))) return Json(std::int64_t{std::stoll(text)});
      return Json(text);
    }
    case Node::Type::kList: {
      Json::Array array;
      for (Node at = node.first(); at.exists(); at = at.next()) array.push_back(json_of(at));
      return Json(std::move(array));
    }
    case Node::Type::kMap: {
      Json object{Json::Object{}};
      for (Node key = node.first(); key.exists(); key = key.next().next()) object.set(key.text(), json_of(key.next()));
      return object;
    }
  }
  return {};
}

std::vector<Json> documents_of(std::string_view yaml) {
  std::vector<Json> documents;
  Diagnostics complaints;
  const SourceText text("x.yaml", yaml);
  parse_yaml(text, {}, complaints,
             [&](const Document& document, std::uint32_t) { documents.push_back(json_of(document.root())); });
  return documents;
}

// A value of a field as YAML writes it.
std::string sample_of(const FieldRow& row) {
  const auto one = [&]() -> std::string {
    switch (row.type) {
      case Type::kBoolean:
        return "true";
      case Type::kInteger:
        return std::to_string(row.low);
      case Type::kDuration:
        return "1h30m";
      case Type::kMoney:
        return "\"12.50\"";
      case Type::kCountOrPercent:
        return "\"10%\"";
      case Type::kText:
        return "\"Some text\"";
      case Type::kName:
      case Type::kReference:
        return "some-name";
      case Type::kWord:
        return "\"" + std::string(row.words.back()) + "\"";
      case Type::kToken:
        return "s-1vcpu-2gb";
      case Type::kHostname:
        return "sip.example.net";
      case Type::kDomain:
        return "\"*.example.net\"";
      case Type::kHostPort:
        return "\"[2001:db8::9]:9060\"";
      case Type::kUrl:
        return "\"http://127.0.0.1:9180\"";
      case Type::kSipUri:
        return "\"sip:gw1.carrier.example\"";
      case Type::kCurrency:
        return "EUR";
      case Type::kTimezone:
        return "Europe/London";
      case Type::kSecret:
        return "{env: SOME_VARIABLE}";
      case Type::kTextMap:
        return "{tier: gold}";
      case Type::kObject: {
        std::string members;
        for (const FieldRow& member : row.members)
          members += (members.empty() ? "" : ", ") + std::string(member.path) + ": " + sample_of(member);
        return "{" + members + "}";
      }
      case Type::kOptions:
      case Type::kServerSpec:
        break;
    }
    return "";
  };
  return row.many == Many::kOne ? one() : "[" + one() + "]";
}

std::string sample_of(const KindSchema& schema, const SchemaNode& group, int depth) {
  std::string text;
  for (const SchemaNode& child : group.children) {
    const std::string indent(static_cast<std::size_t>(depth) * 2, ' ');
    if (child.field == kNoField) {
      text += indent + child.name + ":\n" + sample_of(schema, child, depth + 1);
    } else {
      const std::string value =
          child.path == "kind" ? std::string(to_string(schema.kind)) : sample_of(*schema.fields[child.field].row);
      text += indent + child.name + ": " + value + "\n";
    }
  }
  return text;
}

TEST(JsonSchema, ADocumentWithEveryFieldPassesBothTheSchemaAndTheDecoder) {
  const Json schema = json_schema();
  for (const Kind kind : all_kinds()) {
    const std::string yaml = sample_of(schema_of(kind), schema_of(kind).root, 0);
    const std::vector<Json> documents = documents_of(yaml);
    ASSERT_EQ(documents.size(), 1U) << yaml;
    EXPECT_EQ(Validator(schema).check(schema, documents[0], std::string(to_string(kind))), "") << yaml;
    const DecodedFile decoded = decode_file(SourceText("x.yaml", yaml));
    std::string complaints;
    for (const Diagnostic& complaint : decoded.complaints) complaints += to_string(complaint);
    EXPECT_EQ(complaints, "") << yaml;
  }
}

TEST(JsonSchema, WhatTheDecoderRefusesTheSchemaRefuses) {
  const Json schema = json_schema();
  const std::string good = server("a").substr(4);
  for (const auto& [from, to] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"kind: Server", "kind: Sever"},
           {"apiVersion: switchyard/v1", "apiVersion: switchyard/v2"},
           {"zone: london", "zone: [london]"},
           {"zone: london", "zone: london\n  cps: 0"},
           {"zone: london", "zone: london\n  cps: \"5\""},
           {"zone: london", "zone: london\n  chanels: 5"},
           {"zone: london", "zone: london\n  type: swich"},
           {"zone: london", "zone: london\n  protect: yes"},
           {"zone: london", "zone: london\n  options: {ports: {udp: [70000]}}"},
           {"zone: london", "zone: london\n  options: {certificates: [{type: server}]}"},
           {"  zone: london\n", ""},
           {"name: a", "name: A_b"}}) {
    std::string bad = good;
    bad.replace(bad.find(from), from.size(), to);
    const std::vector<Json> documents = documents_of(bad);
    ASSERT_EQ(documents.size(), 1U) << bad;
    EXPECT_NE(Validator(schema).check(schema, documents[0], "Server"), "") << bad;
    EXPECT_FALSE(decode_file(SourceText("x.yaml", bad)).complaints.empty()) << bad;
  }
  EXPECT_EQ(Validator(schema).check(schema, documents_of(good).at(0), "Server"), "");
}

TEST(JsonSchema, TakesPlaceholdersInATemplate) {
  const Json schema = json_schema();
  const std::string yaml =
      "apiVersion: switchyard/v1\nkind: ServerSet\nmetadata: {name: edge}\nspec:\n  replicas: 2\n  zones: [london]\n  "
      "template:\n    spec:\n"
      "      size: s-1vcpu-2gb\n      alias: Edge ${index}\n      options: {fqdn: \"${name}.example.net\", "
      "capacityFailover: \"edge-${index}\"}\n";
  EXPECT_EQ(Validator(schema).check(schema, documents_of(yaml).at(0), "ServerSet"), "");
  EXPECT_TRUE(decode_file(SourceText("x.yaml", yaml)).complaints.empty());
}

TEST(JsonSchema, DescribesEveryField) {
  const std::string text = to_string(json_schema());
  for (const Kind kind : all_kinds()) {
    for (const SchemaField& field : schema_of(kind).fields) {
      if (field.path == "kind") continue;
      EXPECT_NE(text.find(to_string(Json(field.row->rule)).substr(1, field.row->rule.size() - 1)), std::string::npos)
          << field.path;
    }
  }
}

}  // namespace
}  // namespace switchyard
