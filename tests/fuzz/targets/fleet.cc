// A file of specs, loaded to a desired fleet.
//
// It becomes the same fleet in every order and through the cache, and what is wrong with it is said harmlessly.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "specs/base/digest.h"
#include "specs/decode.h"
#include "specs/load.h"
#include "specs/source_text.h"
#include "tests/fuzz/target.h"

namespace switchyard::fuzz {
namespace {

class MapCache : public DecodeCache {
 public:
  std::optional<std::string> get(std::string_view key) override {
    const auto found = entries_.find(key);
    return found == entries_.end() ? std::nullopt : std::optional(found->second);
  }
  void put(std::string_view key, std::string_view value) override {
    entries_.insert_or_assign(std::string(key), std::string(value));
  }

 private:
  std::map<std::string, std::string, std::less<>> entries_;
};

SpecSource source_of(const std::vector<std::string>& files) {
  SpecSource source;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string name = fmt::format("{:04}.yaml", i);
    source.files.push_back(
        {.shown = name, .absolute = "/nowhere/" + name, .hash = fast_hash_hex(files[i]), .bytes = files[i]});
  }
  source.scope = {"/nowhere"};
  return source;
}

LoadedSpecs loaded(const std::vector<std::string>& files, DecodeCache* cache = nullptr) {
  const Timestamp now{std::chrono::sys_days(std::chrono::year(2026) / 11 / 23)};
  return load(source_of(files), {.cache = cache, .now = now});
}

// The documents of a file, each as a file of its own, last first; nothing when they cannot be told apart by their lines
// alone.
std::vector<std::string> apart(std::string_view bytes, std::uint32_t documents) {
  std::vector<std::string> files;
  constexpr std::string_view kMarker = "\n---\n";
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find(kMarker), bytes.size());
    files.push_back(std::string(bytes.substr(0, end)) + (end < bytes.size() ? "\n" : ""));
    bytes.remove_prefix(std::min(end + kMarker.size(), bytes.size()));
  }
  std::uint32_t found = 0;
  for (const std::string& file : files) {
    const DecodedFile decoded = decode_file(SourceText("x.yaml", file));
    if (!decoded.clean() || decoded.documents > 1) return {};
    found += decoded.documents;
  }
  std::erase_if(files, [](const std::string& file) { return decode_file(SourceText("x.yaml", file)).documents == 0; });
  std::ranges::reverse(files);
  return found == documents ? files : std::vector<std::string>{};
}

// All but where things stand.
std::string outline(const LoadedSpecs& specs) {
  std::string out = specs.fleet.digest;
  for (const DesiredServer& server : specs.fleet.servers) {
    out += fmt::format("\n{} {} {} {} {} {}", to_string(server.key), server.zone, server.size, server.priority,
                       fmt::join(server.media, ","), server.digest);
    for (const auto& [name, value] : server.labels) out += fmt::format(" {}={}", name, value);
  }
  for (const auto& [key, source] : specs.fleet.documents) out += "\n" + to_string(key);
  return out;
}

void check(const LoadedSpecs& specs) {
  for (const Diagnostic& found : specs.diagnostics) {
    promise(found.line >= 1 && found.column >= 1 && found.width >= 1, "a complaint stands at a place");
    promise_harmless(to_string(found), "a complaint");
  }
  if (!specs.ok()) return;
  promise(std::ranges::is_sorted(specs.fleet.servers, {}, &DesiredServer::key), "servers are sorted by key");
  for (std::size_t i = 0; i < specs.fleet.servers.size(); ++i) {
    const Fields fields = specs.field_source->fields(i);
    promise(std::ranges::is_sorted(fields, {}, &Field::path), "fields are sorted by path");
    promise_same(digest_of(fields), specs.fleet.servers[i].digest, "a server's digest is that of its fields");
    const Result<Fields> back = fields_from_json(to_json(fields));
    promise(back.ok() && *back == fields, "fields survive their JSON form");
  }
}

}  // namespace

void fleet(std::string_view bytes) {
  const std::string text(bytes);
  const LoadedSpecs specs = loaded({text});
  check(specs);
  MapCache cache;
  const LoadedSpecs filling = loaded({text}, &cache);
  const LoadedSpecs filled = loaded({text}, &cache);
  promise(specs.diagnostics == filling.diagnostics && specs.diagnostics == filled.diagnostics,
          "the cache changes no complaint");
  if (!specs.ok()) return;
  promise(specs.fleet.servers == filled.fleet.servers, "the cache changes no server");
  promise_same(outline(specs), outline(filled), "the cache changes no fleet");
  const std::vector<std::string> files = apart(bytes, decode_file(SourceText("x.yaml", text)).documents);
  if (files.empty()) return;
  const LoadedSpecs other = loaded(files);
  promise(other.ok(), "documents that are sound in one file are sound in several");
  promise_same(outline(specs), outline(other), "the order of files and documents changes nothing");
}

}  // namespace switchyard::fuzz
