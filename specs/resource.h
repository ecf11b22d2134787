#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "specs/base/key.h"
#include "specs/kinds/schema.h"
#include "specs/packed.h"

namespace switchyard {

// One decoded document: only the fields that it sets, packed. Borrows from the bytes of its file.
struct Resource {
  Kind kind;
  std::uint32_t file;      // its place among the files of the source
  std::uint32_t document;  // its place in the file
  std::uint32_t line;      // on which it begins, from 1
  std::string_view name;
  std::string_view fields;
  std::uint32_t member = 0;  // of a ServerSet: 1 to N

  // What it sets a field to: null restores the built-in default; without bytes it says nothing.
  Packed find(FieldId field) const;
  Packed find(std::string_view path) const;
  // The same with the built-in default filled in.
  Packed get(std::string_view path) const;
  // Everything it sets, by FieldId, into an array as long as the kind has fields.
  void spread(std::vector<Packed>& by_field) const;

  Key key() const { return {kind, std::string(name)}; }
};

// Writes the packed form of resources; its bytes are what the cache keeps.
class ResourceWriter {
 public:
  explicit ResourceWriter(std::string& out) : out_(out) {}

  void set(FieldId field, const Json& value);
  void set(FieldId field, Packed value);
  // It is written, but wrong: rules that ask whether it is there are content. Never cached.
  void set_wrong(FieldId field);
  // Ends one resource.
  void finish(Kind kind, std::uint32_t document, std::uint32_t line, std::string_view name);
  void discard() { fields_.clear(); }

 private:
  std::string& out_;
  std::string fields_;
};

// Finds the resources in packed bytes, which must outlive them.
void read_resources(std::string_view bytes, std::uint32_t file, std::vector<Resource>& resources);

}  // namespace switchyard
