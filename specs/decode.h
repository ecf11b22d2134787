#pragma once

#include <cstdint>
#include <string>

#include "specs/diagnostic.h"
#include "specs/document.h"
#include "specs/source_text.h"

namespace switchyard {

// What one file holds: its resources in packed form (resource.h), and everything that is wrong with it by itself.
struct DecodedFile {
  std::string resources;
  std::uint32_t documents = 0;  // with content
  bool lost = false;       // a document could not be told by kind and name: what refers to it is not complained about
  Diagnostics complaints;  // in the order of the file

  bool clean() const { return complaints.empty() && !lost; }
};

// Decodes against the tables of specs/kinds. Looks at nothing but the bytes, so that the result may be cached under
// their hash. Thread-safe.
DecodedFile decode_file(const SourceText& text);

// Where a path ("spec.options.certificates[0].domains[1]") stands in a document: the value, or the key of the deepest
// part that is written.
Place find_place(const Document& document, std::string_view path);
// Whether all of the path is written.
bool has_path(const Document& document, std::string_view path);

}  // namespace switchyard
