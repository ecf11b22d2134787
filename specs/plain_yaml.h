#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "specs/document.h"
#include "specs/source_text.h"

namespace switchyard {

// Reads the plain part of YAML, in which nearly all specs are written, twenty times as fast as the library: block maps
// and lists, flow collections on one line, scalars on one line, comments. It hands on whole documents that are right
// beyond doubt and stops before the first that is not, for the library to read and to complain about. `take` says
// whether it wants more.
struct PlainYaml {
  std::uint32_t documents = 0;           // handed on
  std::uint32_t number = 0;              // of the next document
  std::optional<std::uint32_t> stopped;  // the line from which the library reads on; nothing: all is read
};
PlainYaml read_plain_yaml(const SourceText& text, const YamlLimits& limits, Document& document,
                          const std::function<bool(const Document&, std::uint32_t)>& take);

}  // namespace switchyard
