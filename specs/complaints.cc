#include "specs/complaints.h"

#include <fmt/format.h>

namespace switchyard {

std::string Complaint::mention(const Resource& other) {
  return fmt::format("\x01{}\x02{}\x03", other.file, other.line);
}

void Complaints::add(Severity severity, const Resource& about, std::string_view path, std::string message,
                     std::string detail) {
  std::string at(path);
  if (about.member > 0 && at.starts_with("spec.")) at = "spec.template." + at;
  if (about.member > 0 || about.kind == Kind::kServerSet) {
    if (!of_sets_.emplace(about.file, about.document, at, message).second) return;
  }
  complaints_.push_back({severity, about.file, about.document, std::move(at), std::move(message), std::move(detail)});
}

}  // namespace switchyard
