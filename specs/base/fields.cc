#include "specs/base/fields.h"

#include <algorithm>

#include "specs/base/digest.h"

namespace switchyard {

const Json* find_field(const Fields& fields, std::string_view path) {
  const auto at = std::ranges::lower_bound(fields, path, {}, &Field::path);
  return at != fields.end() && at->path == path ? &at->value : nullptr;
}

void set_field(Fields& fields, std::string_view path, Json value) {
  const auto at = std::ranges::lower_bound(fields, path, {}, &Field::path);
  if (at != fields.end() && at->path == path) {
    at->value = std::move(value);
  } else {
    fields.insert(at, Field{std::string(path), std::move(value)});
  }
}

std::string digest_of(const Fields& fields) {
  std::string text;
  text.reserve(fields.size() * 40);
  for (const Field& field : fields) {
    text += field.path;
    text += '=';
    text += to_string(field.value);
    text += '\n';
  }
  return fast_hash_hex(text);
}

Json to_json(const Fields& fields) {
  Json::Object members;
  members.reserve(fields.size());
  for (const Field& field : fields) members.emplace_back(field.path, field.value);
  return Json(std::move(members));
}

Result<Fields> fields_from_json(const Json& json) {
  const Json::Object* members = json.object();
  if (members == nullptr) return Error{ErrorCode::kUnreadable, "a configuration is not an object"};
  Fields fields;
  fields.reserve(members->size());
  for (const auto& [path, value] : *members) fields.push_back(Field{path, value});
  std::ranges::sort(fields, {}, &Field::path);
  if (std::ranges::adjacent_find(fields, {}, &Field::path) != fields.end()) {
    return Error{ErrorCode::kUnreadable, "a configuration names a field twice"};
  }
  return fields;
}

}  // namespace switchyard
