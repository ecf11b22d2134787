#pragma once

#include <fstream>
#include <optional>
#include <string>

#include "specs/base/json.h"

namespace switchyard {

// Reads a record line by line, with one line to look ahead.
class RecordReader {
 public:
  // Errors: kNotFound, kUnreadable (no record), kTooNew.
  static Result<RecordReader> open(const std::string& path);

  const std::string& program() const { return program_; }
  // The next line; nullptr at the end, or where a line cannot be read (then trouble() says why).
  const Json* peek() const { return next_ ? &*next_ : nullptr; }
  // Its number in the file, from 1.
  std::int64_t line() const { return line_; }
  Json take();
  const std::optional<Error>& trouble() const { return trouble_; }
  // Whether the last line has no end, as when its writer was killed.
  bool cut_short() const { return cut_short_; }

 private:
  RecordReader() = default;
  void advance();

  std::ifstream file_;
  std::string program_;
  std::optional<Json> next_;
  std::int64_t line_ = 0;
  std::optional<Error> trouble_;
  bool cut_short_ = false;
};

}  // namespace switchyard
