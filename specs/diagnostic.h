#pragma once

#include <string>
#include <vector>

namespace switchyard {

enum class Severity { kError, kWarning };

// One complaint about the specs. Lines and columns count from 1; a column counts characters, not bytes.
struct Diagnostic {
  Severity severity;
  std::string file;  // as the user named it
  int line;
  int column;
  int width;            // how many characters the caret underlines, at least 1
  std::string message;  // "unknown region"
  std::string detail;   // stands behind the caret: `account "main" offers no region "lon9"; did you mean "lon1"?`
  std::string text;     // the source line, without its end; empty when the complaint is about the whole file

  friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

// All that was found wrong, ordered by file, line, column.
using Diagnostics = std::vector<Diagnostic>;

bool has_errors(const Diagnostics& diagnostics);

// As compilers print them:
//   fleet.yaml:7:13: error: unknown region
//      7 |     region: lon9
//        |             ^~~~ account "main" offers no region "lon9"; did you mean "lon1"?
std::string to_string(const Diagnostic& diagnostic);

}  // namespace switchyard
