#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "specs/kinds/schema.h"
#include "specs/kinds/tables.h"
#include "specs/load.h"
#include "specs/packed.h"
#include "specs/scalar.h"
#include "specs/syntax.h"

namespace switchyard {
namespace {

// Whether text reads back the same without quotes, in YAML 1.1 and 1.2, in a block and in a flow.
bool is_plain(std::string_view text) {
  if (text.empty() || looks_like_other_than_text(text)) return false;
  const auto word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  if (!word(text.front())) return false;
  return std::ranges::all_of(text, [&](char c) { return word(c) || c == '-' || c == '_' || c == '.' || c == '/'; });
}

std::string scalar(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = std::max<std::size_t>(utf8_length(text, at), 1);
    const auto byte = static_cast<unsigned char>(text[at]);
    if (text[at] == '"' || text[at] == '\\') {
      out += '\\';
      out += text[at];
    } else if (length == 1 && is_control(text, at)) {
      out += fmt::format("\\x{:02x}", byte);
    } else if (is_control(text, at)) {  // C1: two bytes, one character
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at + 1]));
    } else {
      out += text.substr(at, length);
    }
    at += length;
  }
  return out + '"';
}

std::string flow(const Json& value) {
  if (const bool* boolean = value.boolean()) return *boolean ? "true" : "false";
  if (const std::int64_t* integer = value.integer()) return fmt::format("{}", *integer);
  if (const std::string* text = value.string()) return scalar(*text);
  if (const Json::Decimal* decimal = value.decimal()) return scalar(decimal->text);
  std::string out;
  if (const Json::Array* array = value.array()) {
    for (const Json& element : *array) out += (out.empty() ? "" : ", ") + flow(element);
    return "[" + out + "]";
  }
  if (const Json::Object* object = value.object()) {
    for (const auto& [name, member] : *object) out += (out.empty() ? "" : ", ") + scalar(name) + ": " + flow(member);
    return "{" + out + "}";
  }
  return "null";
}

// One field as it is written, at its place in the tree of the kind.
struct Written {
  std::vector<std::string> keys;  // metadata, labels, tier
  std::string value;
};

void write_group(const std::vector<Written>& fields, std::size_t first, std::size_t last, std::size_t level,
                 std::string& out) {
  for (std::size_t at = first; at < last;) {
    const std::string& key = fields[at].keys[level];
    std::size_t end = at + 1;
    while (end < last && fields[end].keys.size() > level && fields[end].keys[level] == key) ++end;
    out.append(level * 2, ' ');
    out += scalar(key) + ":";
    if (fields[at].keys.size() == level + 1) {
      out += " " + fields[at].value + "\n";
    } else {
      out += "\n";
      write_group(fields, at, end, level + 1, out);
    }
    at = end;
  }
}

// Members that say what they would be anyway are left out.
Json without_defaults(const FieldRow& row, const Json& value) {
  if (value.array() == nullptr || row.members.empty()) return value;
  Json::Array out;
  for (const Json& element : *value.array()) {
    Json::Object kept;
    for (const FieldRow& member : row.members) {
      const Json* given = element.find(member.path);
      if (given == nullptr) continue;
      const std::string fallback = pack_fallback(member);
      if (!fallback.empty() && Packed(fallback).unpack() == *given) continue;
      kept.emplace_back(member.path, *given);
    }
    out.push_back(Json(std::move(kept)));
  }
  return Json(std::move(out));
}

std::string value_text(const FieldRow& row, const Json& value) {
  if (row.type == Type::kDuration && value.integer() != nullptr) return to_string(Duration(*value.integer()));
  // Money reads back in quotes only, where it has a point.
  if (row.type == Type::kMoney && value.string() != nullptr) return "\"" + *value.string() + "\"";
  return flow(without_defaults(row, value));
}

}  // namespace

std::string to_yaml(const Key& key, const Fields& fields) {
  const KindSchema& schema = schema_of(key.kind);
  std::vector<Written> written;
  for (const Field& field : fields) {
    if (!field.path.starts_with("metadata.labels.")) continue;
    written.push_back({{"metadata", "labels", field.path.substr(16)},
                       scalar(field.value.string() == nullptr ? "" : *field.value.string())});
  }
  for (const SchemaField& known : schema.fields) {
    if (!known.path.starts_with("spec.")) continue;
    const Json* value = find_field(fields, known.path);
    if (value == nullptr || value->is_null()) continue;
    if (!known.row->required && !known.fallback.empty() && Packed(known.fallback).unpack() == *value) continue;
    Written line{{}, value_text(*known.row, *value)};
    std::size_t from = 0;
    while (from <= known.path.size()) {
      const std::size_t dot = std::min(known.path.find('.', from), known.path.size());
      line.keys.push_back(known.path.substr(from, dot - from));
      from = dot + 1;
    }
    written.push_back(std::move(line));
  }
  std::string out = fmt::format("apiVersion: switchyard/v1\nkind: {}\n", to_string(key.kind));
  const auto spec = std::ranges::find_if(written, [](const Written& line) { return line.keys.front() == "spec"; });
  const auto labels = static_cast<std::size_t>(spec - written.begin());
  out += fmt::format("metadata:\n  name: {}\n", scalar(key.name));
  if (labels > 0) {
    out += "  labels:\n";
    for (std::size_t i = 0; i < labels; ++i)
      out += fmt::format("    {}: {}\n", scalar(written[i].keys[2]), written[i].value);
  }
  if (labels == written.size()) return out + "spec: {}\n";
  write_group(written, labels, written.size(), 0, out);
  return out;
}

}  // namespace switchyard
