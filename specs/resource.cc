#include "specs/resource.h"

namespace switchyard {

Packed Resource::find(FieldId field) const {
  Unpacker from(fields);
  while (!from.done()) {
    const std::uint64_t id = from.number();
    const Packed value = Packed::read(from);
    if (id == field) return value;
  }
  return {};
}

Packed Resource::find(std::string_view path) const {
  return find(schema_of(kind).id(path));
}

Packed Resource::get(std::string_view path) const {
  const KindSchema& schema = schema_of(kind);
  const FieldId id = schema.id(path);
  const Packed own = find(id);
  if (own.exists() && !own.is_null()) return own;
  return id == kNoField ? Packed() : Packed(schema.fields[id].fallback);
}

void Resource::spread(std::vector<Packed>& by_field) const {
  by_field.assign(schema_of(kind).fields.size(), Packed());
  Unpacker from(fields);
  while (!from.done()) {
    const std::uint64_t id = from.number();
    const Packed value = Packed::read(from);
    if (id < by_field.size()) by_field[id] = value;
  }
}

void ResourceWriter::set(FieldId field, const Json& value) {
  pack_number(field, fields_);
  pack(value, fields_);
}

void ResourceWriter::set(FieldId field, Packed value) {
  pack_number(field, fields_);
  fields_ += value.bytes();
}

void ResourceWriter::set_wrong(FieldId field) {
  pack_number(field, fields_);
  fields_ += 'x';
}

void ResourceWriter::finish(Kind kind, std::uint32_t document, std::uint32_t line, std::string_view name) {
  pack_number(static_cast<std::uint64_t>(kind), out_);
  pack_number(document, out_);
  pack_number(line, out_);
  pack_text(name, out_);
  pack_text(fields_, out_);
  fields_.clear();
}

void read_resources(std::string_view bytes, std::uint32_t file, std::vector<Resource>& resources) {
  Unpacker from(bytes);
  while (!from.done()) {
    const auto kind = static_cast<Kind>(from.number());
    const auto document = static_cast<std::uint32_t>(from.number());
    const auto line = static_cast<std::uint32_t>(from.number());
    const std::string_view name = from.text();
    const std::string_view fields = from.text();
    resources.push_back(
        {.kind = kind, .file = file, .document = document, .line = line, .name = name, .fields = fields});
  }
}

}  // namespace switchyard
