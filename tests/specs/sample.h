#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "specs/load.h"

// Specs as texts, without a disk.
namespace switchyard {

using Files = std::vector<std::pair<std::string, std::string>>;  // name -> bytes

SpecSource source_of(const Files& files);
LoadedSpecs load_files(const Files& files, const LoadOptions& options = {});
LoadedSpecs load_text(std::string_view text, const LoadOptions& options = {});

// An Account "main" on the simulator and a Zone "london".
extern const std::string_view kBase;

// A Server document; `spec` holds further lines of its spec, indented by two.
std::string server(std::string_view name, std::string_view spec = "");

// What is wrong, as people see it.
std::string complaints_of(const LoadedSpecs& loaded);

// A field of a server of the fleet; null when it has none of that path.
Json field_of(const LoadedSpecs& loaded, std::string_view server, std::string_view path);

}  // namespace switchyard
