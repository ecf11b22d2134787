#include "reconciler/render/agent_details.h"

#include <fmt/format.h>

#include "reconciler/render/words.h"

namespace switchyard {
namespace {

// "uri sip:10.0.0.1:5060, flags AP" of an object; lists within it as YAML would have them.
std::string line_of(const Json& value) {
  if (value.is_null()) return "unknown";
  if (value.string() != nullptr) return harmless(*value.string());
  const Json::Object* members = value.object();
  if (members == nullptr) return harmless(to_text(value));
  std::string line;
  for (const auto& [name, member] : *members) {
    if (!line.empty()) line += ", ";
    line += harmless(name) + " " + line_of(member);
  }
  return line.empty() ? "none" : line;
}

}  // namespace

std::string details_text(std::string_view details, Timestamp now, Colour colour) {
  const Json json = details_json(details);
  if (json.object() == nullptr) return {};
  Table table({});
  for (const auto& [name, detail] : *json.object()) {
    const Json* value = detail.find("value");
    const Result<Timestamp> at = parse_timestamp(detail.string_or("at", ""));
    std::string age = at ? ago(*at, now) : "";
    const Json::Array* elements = value == nullptr ? nullptr : value->array();
    if (elements == nullptr) {
      table.add({harmless(name), value == nullptr ? "unknown" : line_of(*value), std::move(age)});
      continue;
    }
    if (elements->empty()) table.add({harmless(name), "none", age});
    bool first = true;
    for (const Json& element : *elements) {
      table.add({first ? harmless(name) : "", line_of(element), first ? age : ""});
      first = false;
    }
  }
  return table.text(colour, "  ");
}

Json details_json(std::string_view details) {
  if (details.empty()) return {};
  Result<Json> json = parse_json(details);
  return json && json->object() != nullptr ? *std::move(json) : Json();
}

}  // namespace switchyard
