#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "specs/base/result.h"
#include "specs/diagnostic.h"
#include "specs/fleet.h"

namespace switchyard {

// Keeps what a file decoded to under the hash of its bytes and the program's version. May forget at any time.
class DecodeCache {
 public:
  virtual ~DecodeCache() = default;
  virtual std::optional<std::string> get(std::string_view key) = 0;
  virtual void put(std::string_view key, std::string_view value) = 0;
};

// The files of a source as bytes, read and hashed but not yet decoded: enough to know whether anything changed.
struct SpecFile {
  std::string shown;     // as the user named it, joined with the rest: "fleet/london.yaml"
  std::string absolute;  // symlink-free
  std::string hash;      // fast_hash_hex of its bytes
  std::string bytes;     // released once decoded
};

struct SpecSource {
  std::vector<SpecFile> files;     // ordered by `shown`
  std::vector<std::string> scope;  // the PATHs, absolute, symlink-free, sorted
  Diagnostics diagnostics;         // unreadable files, loops of symlinks, a file over the size limit
  // One hash over all shown paths and hashes: the same source gives the same one.
  std::string hash;
};

// Reads every *.yaml and *.yml below the PATHs (recursive; hidden folders skipped; each file once). Starts no threads.
SpecSource read_source(const std::vector<std::string>& paths);

// What the file system says of all that read_source() would read: while it stays, so do the files, unless the newest
// was changed but a moment before they were read.
struct SourceStamp {
  std::string hash;    // over names, kinds, identities, sizes and times of change
  Timestamp newest{};  // the latest change of any of them
};
SourceStamp stamp_of_source(const std::vector<std::string>& paths);

struct LoadOptions {
  DecodeCache* cache = nullptr;  // none: decode everything
  unsigned threads = 1;          // decoder threads; 1 starts none (validate)
  Timestamp now{};               // for certificates that have run out
  enum class Missing { kWarning, kError } missing_secret = Missing::kWarning;  // validate: warning; plan, apply: error
};

struct LoadedSpecs {
  DesiredFleet fleet;  // complete only when there are no errors among the diagnostics
  Diagnostics diagnostics;
  std::unique_ptr<FieldSource> field_source;  // what fleet.field_source points to

  bool ok() const { return !has_errors(diagnostics); }
};

// Decodes, inherits and validates. All that is wrong is reported at once. A source without any document is an error.
LoadedSpecs load(SpecSource source, const LoadOptions& options);

// Where one field of a resource is set, for `why` and for plans shown to people: the server's own document, the
// cluster's or zone's defaults, or the carrier's. Reads and parses that file again. Nothing for a built-in default.
std::optional<Source> find_field_source(const LoadedSpecs& specs, const Key& key, std::string_view field_path);

// Reads a secret. Errors: kNotFound (no such variable or file), kStorage. The message names the place, never the value.
Result<std::string> read_secret(const SecretRef& ref);

// `explain KIND[.field]`: type, default, effect, meaning and the rule's source. Error: kInvalid with a suggestion.
Result<std::string> explain(std::string_view path);
Json explain_json(std::string_view path);

// A JSON Schema (draft 2020-12 vocabulary that editors' YAML support takes) of all kinds, from the same tables.
Json json_schema();

// A document of the language as YAML text, for `export` and `import`: only fields that differ from their defaults.
// `fields` as in base/fields.h with paths below "spec.".
std::string to_yaml(const Key& key, const Fields& fields);

}  // namespace switchyard
