#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "specs/base/key.h"
#include "specs/kinds/field.h"

// The tables of a kind, unfolded: every field with its whole path, as a tree to walk a document along.
namespace switchyard {

using FieldId = std::uint16_t;
inline constexpr FieldId kNoField = 0xFFFF;

struct SchemaField {
  std::string path;  // "spec.options.tls"
  const FieldRow* row;
  FieldId option;        // its place among options(), or kNoField
  bool in_template;      // below spec.template of a ServerSet
  std::string fallback;  // the built-in default, packed; empty: none
};

struct SchemaNode {
  std::string name;                  // "options"
  std::string path;                  // "spec.options"
  std::string_view meaning;          // of a group, where a row gives one
  FieldId field = kNoField;          // a leaf
  std::vector<SchemaNode> children;  // in the order of the rows

  const SchemaNode* child(std::string_view wanted) const;
};

struct KindSchema {
  Kind kind;
  std::vector<SchemaField> fields;  // by FieldId
  SchemaNode root;
  FieldId first_option = kNoField;  // FieldId of options()[0]

  // The field at a whole path, or kNoField.
  FieldId id(std::string_view path) const;
  const SchemaNode* node(std::string_view path) const;
};

// Unfolded once, never changed; any thread may ask.
const KindSchema& schema_of(Kind kind);

// Changes with every change of the tables: part of the decode cache's key.
const std::string& schema_fingerprint();

}  // namespace switchyard
