#include "specs/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>

namespace switchyard {

bool has_errors(const Diagnostics& diagnostics) {
  return std::ranges::any_of(diagnostics, [](const Diagnostic& each) { return each.severity == Severity::kError; });
}

std::string to_string(const Diagnostic& diagnostic) {
  const std::string_view word = diagnostic.severity == Severity::kError ? "error" : "warning";
  std::string text =
      fmt::format("{}:{}:{}: {}: {}\n", diagnostic.file, diagnostic.line, diagnostic.column, word, diagnostic.message);
  if (diagnostic.text.empty()) {
    if (!diagnostic.detail.empty()) text += fmt::format("     | {}\n", diagnostic.detail);
    return text;
  }
  const auto indent = static_cast<std::size_t>(std::max(diagnostic.column - 1, 0));
  const auto width = static_cast<std::size_t>(std::max(diagnostic.width, 1));
  text += fmt::format("{:>4} | {}\n", diagnostic.line, diagnostic.text);
  text += fmt::format("     | {}^{}{}{}\n", std::string(indent, ' '), std::string(width - 1, '~'),
                      diagnostic.detail.empty() ? "" : " ", diagnostic.detail);
  return text;
}

}  // namespace switchyard
