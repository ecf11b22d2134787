#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "specs/diagnostic.h"

namespace switchyard {

// A place in a file as parsers count: lines from 0, columns in bytes from 0.
struct Place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t width = 1;  // bytes to underline

  friend auto operator<=>(const Place&, const Place&) = default;
};

// The bytes of one file, to point into. Borrowed.
class SourceText {
 public:
  // A byte order mark is left out: columns count from behind it.
  SourceText(std::string_view file, std::string_view bytes)
      : file_(file), bytes_(bytes.starts_with("\xEF\xBB\xBF") ? bytes.substr(3) : bytes) {}

  std::string_view bytes() const { return bytes_; }
  const std::string& file() const { return file_; }
  std::string_view line(std::uint32_t number) const;
  std::size_t offset_of(std::uint32_t line) const;

  // A complaint about a place; columns and width become characters.
  Diagnostic complain(Severity severity, Place place, std::string message, std::string detail) const;
  // A complaint about the whole file, at 1:1.
  static Diagnostic complain_of_file(Severity severity, std::string file, std::string message, std::string detail);

  // What makes the bytes unfit for a YAML reader: not UTF-8, control characters, UTF-16. Nothing when
  // all is well.
  std::optional<Diagnostic> unreadable() const;

 private:
  void index_lines() const;

  std::string file_;
  std::string_view bytes_;
  mutable std::vector<std::size_t> lines_;  // offsets, found when first asked for
};

}  // namespace switchyard
