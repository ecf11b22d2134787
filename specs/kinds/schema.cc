#include "specs/kinds/schema.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "specs/base/digest.h"
#include "specs/base/json.h"
#include "specs/kinds/tables.h"
#include "specs/packed.h"
#include "specs/scalar.h"

namespace switchyard {
namespace {

SchemaNode& grow(SchemaNode& root, std::string_view path) {
  SchemaNode* at = &root;
  std::size_t from = 0;
  while (from <= path.size()) {
    const std::size_t dot = std::min(path.find('.', from), path.size());
    const std::string_view name = path.substr(from, dot - from);
    auto found = std::ranges::find(at->children, name, &SchemaNode::name);
    if (found == at->children.end()) {
      at->children.push_back(
          {.name = std::string(name), .path = std::string(path.substr(0, dot)), .meaning = {}, .children = {}});
      found = at->children.end() - 1;
    }
    at = &*found;
    from = dot + 1;
  }
  return *at;
}

void unfold(KindSchema& schema, std::span<const FieldRow> rows, const std::string& prefix) {
  const bool in_options = rows.data() == options().data();
  if (in_options) schema.first_option = static_cast<FieldId>(schema.fields.size());
  for (const FieldRow& row : rows) {
    const std::string path = prefix + std::string(row.path);
    if (row.type == Type::kOptions || row.type == Type::kServerSpec) {
      grow(schema.root, path).meaning = row.meaning;
      unfold(schema, row.type == Type::kOptions ? options() : server_rows(), path + ".");
      continue;
    }
    const auto id = static_cast<FieldId>(schema.fields.size());
    SchemaNode& node = grow(schema.root, path);
    node.field = id;
    node.meaning = row.meaning;
    const auto option = in_options ? static_cast<FieldId>(&row - rows.data()) : kNoField;
    schema.fields.push_back({path, &row, option, path.starts_with("spec.template."), pack_fallback(row)});
  }
}

KindSchema unfold(Kind kind) {
  KindSchema schema{.kind = kind, .fields = {}, .root = {}};
  unfold(schema, common_rows(), "");
  unfold(schema, rows_of(kind), kind == Kind::kServer ? "spec." : "");
  return schema;
}

}  // namespace

const SchemaNode* SchemaNode::child(std::string_view wanted) const {
  const auto found = std::ranges::find(children, wanted, &SchemaNode::name);
  return found == children.end() ? nullptr : &*found;
}

const SchemaNode* KindSchema::node(std::string_view path) const {
  const SchemaNode* at = &root;
  std::size_t from = 0;
  while (at != nullptr && from <= path.size()) {
    const std::size_t dot = std::min(path.find('.', from), path.size());
    at = at->child(path.substr(from, dot - from));
    from = dot + 1;
  }
  return at;
}

FieldId KindSchema::id(std::string_view path) const {
  const SchemaNode* found = node(path);
  return found == nullptr ? kNoField : found->field;
}

const KindSchema& schema_of(Kind kind) {
  static const auto schemas = [] {
    std::array<KindSchema, kKinds.size()> all;
    for (const Kind each : all_kinds()) all[static_cast<std::size_t>(each)] = unfold(each);
    return all;
  }();
  return schemas[static_cast<std::size_t>(kind)];
}

const std::string& schema_fingerprint() {
  static const std::string fingerprint = [] {
    std::string text;
    for (const Kind kind : all_kinds()) {
      for (const SchemaField& field : schema_of(kind).fields) {
        text += field.path;
        const FieldRow& row = *field.row;
        text += '|' + std::to_string(static_cast<int>(row.type)) + '|' + std::to_string(static_cast<int>(row.many)) +
                '|' + std::to_string(row.low) + '|' + std::to_string(row.high) + '|' +
                std::to_string(row.required ? 1 : 0);
        for (const std::string_view word : row.words) text += '|' + std::string(word);
        for (const FieldRow& member : row.members) text += '|' + std::string(member.path);
        text += '\n';
      }
    }
    return fast_hash_hex(text);
  }();
  return fingerprint;
}

}  // namespace switchyard
