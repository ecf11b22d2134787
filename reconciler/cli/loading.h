#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/cli/context.h"
#include "specs/load.h"
#include "state/store.h"

namespace switchyard {

// The cache beside the state file, or nothing where no file may be made (no such folder, no permission): a plan needs
// none.
std::unique_ptr<CacheFile> open_cache(const Context& context);

// Reads and decodes the specs for a command that plans: a missing secret is an error. Warnings are shown on stderr.
// When there are errors, all of them have been reported, and there is no value. `cache` may be nullptr.
std::optional<LoadedSpecs> load_specs(Context& context, SpecSource source, CacheFile* cache);

// The same for a command that only wants to show what is declared: complaints are not shown, and specs with errors
// count as none.
std::optional<LoadedSpecs> load_if_sound(const std::vector<std::string>& paths, CacheFile* cache);

// The PATHs a command without any works with: --path, else those of the last plan or apply on this state, else ".".
std::vector<std::string> paths_or_last(const Context& context, const Arguments& arguments);
// Remembers them, in the cache: losing them loses nothing.
void remember_paths(CacheFile& cache, const std::vector<std::string>& scope);

}  // namespace switchyard
