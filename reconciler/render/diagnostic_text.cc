#include "reconciler/render/diagnostic_text.h"

#include <algorithm>

namespace switchyard {

std::string render_diagnostics(const Diagnostics& diagnostics, Colour colour) {
  std::string out;
  for (const auto& diagnostic : diagnostics) {
    auto text = to_string(diagnostic);
    const bool error = diagnostic.severity == Severity::kError;
    const std::string word = error ? " error: " : " warning: ";
    // The first such word is the severity: what comes before it is a place.
    if (const auto at = text.find(word); colour == Colour::kOn && at != std::string::npos) {
      text.replace(at, word.size(),
                   " " + paint(error ? Paint::kRed : Paint::kYellow, word.substr(1, word.size() - 2), colour) + " ");
    }
    out += text;
    if (!out.ends_with('\n')) out += '\n';
  }
  return out;
}

std::string count_diagnostics(const Diagnostics& diagnostics) {
  const auto errors = std::ranges::count(diagnostics, Severity::kError, &Diagnostic::severity);
  const auto warnings = static_cast<std::int64_t>(diagnostics.size()) - errors;
  std::string text;
  if (errors > 0) text = counted(errors, "error");
  if (warnings > 0) text += (text.empty() ? "" : ", ") + counted(warnings, "warning");
  return text.empty() ? "nothing to complain about" : text;
}

}  // namespace switchyard
