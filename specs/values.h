#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "specs/base/json.h"
#include "specs/diagnostic.h"
#include "specs/document.h"
#include "specs/kinds/schema.h"
#include "specs/source_text.h"

namespace switchyard {

// Reads the value of one field out of a document, in the form that the whole program uses: sets sorted, defaults of
// objects in lists filled in, durations in milliseconds. What is wrong goes to the complaints.
class ValueReader {
 public:
  ValueReader(const SourceText& text, Diagnostics& complaints) : text_(text), complaints_(complaints) {}

  // Nothing when the value is wrong. A null (where one is allowed) restores the built-in default.
  std::optional<Json> read(const SchemaField& field, Node key, Node value);

 private:
  std::optional<Json> read_one(const FieldRow& row, Node value);
  std::optional<Json> read_list(const FieldRow& row, Node value);
  std::optional<Json> read_object(const FieldRow& row, Node value);
  std::optional<Json> read_secret_place(const FieldRow& row, Node value);
  std::optional<Json> read_text_map(const SchemaField& field, Node value);
  std::nullopt_t error(Place at, std::string message, std::string detail);

  const SourceText& text_;
  Diagnostics& complaints_;
  bool in_template_ = false;
};

}  // namespace switchyard
