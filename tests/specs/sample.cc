#include "tests/specs/sample.h"

#include <fmt/format.h>

#include "specs/base/digest.h"

namespace switchyard {

const std::string_view kBase = R"(apiVersion: switchyard/v1
kind: Account
metadata: {name: main}
spec: {provider: sim}
---
apiVersion: switchyard/v1
kind: Zone
metadata: {name: london}
spec: {account: main, region: lon1}
)";

SpecSource source_of(const Files& files) {
  SpecSource source;
  for (const auto& [name, bytes] : files) {
    source.files.push_back(
        {.shown = name, .absolute = "/nowhere/" + name, .hash = fast_hash_hex(bytes), .bytes = bytes});
    source.scope.push_back("/nowhere/" + name);
  }
  return source;
}

LoadedSpecs load_files(const Files& files, const LoadOptions& options) {
  return load(source_of(files), options);
}

LoadedSpecs load_text(std::string_view text, const LoadOptions& options) {
  return load_files({{"fleet.yaml", std::string(text)}}, options);
}

std::string server(std::string_view name, std::string_view spec) {
  return fmt::format(
      "---\napiVersion: switchyard/v1\nkind: Server\nmetadata: {{name: {}}}\nspec:\n  zone: london\n  size: "
      "s-1vcpu-2gb\n{}",
      name, spec);
}

std::string complaints_of(const LoadedSpecs& loaded) {
  std::string text;
  for (const Diagnostic& diagnostic : loaded.diagnostics) text += to_string(diagnostic);
  return text;
}

Json field_of(const LoadedSpecs& loaded, std::string_view server, std::string_view path) {
  const Key key{Kind::kServer, std::string(server)};
  const DesiredServer* found = loaded.fleet.server(key);
  if (found == nullptr) found = loaded.fleet.server({Kind::kRtpServer, std::string(server)});
  if (found == nullptr) return Json("no such server");
  const Fields fields = loaded.field_source->fields(loaded.fleet.index_of(*found));
  const Json* value = find_field(fields, path);
  return value == nullptr ? Json() : *value;
}

}  // namespace switchyard
