#include "reconciler/cli/loading.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>
#include <utility>

#include "reconciler/render/diagnostic_text.h"

namespace switchyard {
namespace {

constexpr std::string_view kLastPaths = "last-paths";

LoadOptions options_of(CacheFile* cache, LoadOptions::Missing missing) {
  return {.cache = cache,
          .threads = std::clamp(std::thread::hardware_concurrency(), 1U, 8U),
          .now = machine_now(),
          .missing_secret = missing};
}

// Relative where it lies below the current folder, so that lines are shown as short as they were typed.
std::string as_people_would_type(const std::string& absolute) {
  std::error_code failed;
  const auto here = std::filesystem::canonical(".", failed);
  if (failed) return absolute;
  const auto relative = std::filesystem::path(absolute).lexically_relative(here).string();
  return relative.empty() || relative.starts_with("..") ? absolute : relative;
}

}  // namespace

std::unique_ptr<CacheFile> open_cache(const Context& context) {
  const auto folder = context.state_folder();
  if (::access(folder.c_str(), W_OK | X_OK) != 0) return nullptr;
  return std::make_unique<CacheFile>(context.state_path() + ".cache", program_version());
}

std::optional<LoadedSpecs> load_specs(Context& context, SpecSource source, CacheFile* cache) {
  auto specs = load(std::move(source), options_of(cache, LoadOptions::Missing::kError));
  if (cache != nullptr) cache->flush();
  if (specs.ok()) {
    context.show(specs.diagnostics);
    return specs;
  }
  context.fail({ErrorCode::kInvalid, fmt::format("the specs are not sound: {}", count_diagnostics(specs.diagnostics))},
               specs.diagnostics);
  return std::nullopt;
}

std::optional<LoadedSpecs> load_if_sound(const std::vector<std::string>& paths, CacheFile* cache) {
  auto specs = load(read_source(paths), options_of(cache, LoadOptions::Missing::kWarning));
  if (cache != nullptr) cache->flush();
  if (!specs.ok()) return std::nullopt;
  return specs;
}

std::vector<std::string> paths_or_last(const Context& context, const Arguments& arguments) {
  if (const auto& given = arguments.list("path"); !given.empty()) return given;
  if (const auto cache = open_cache(context)) {
    if (const auto text = cache->get(kLastPaths)) {
      const auto json = parse_json(*text);
      std::vector<std::string> paths;
      if (json && json->array() != nullptr) {
        for (const auto& path : *json->array()) {
          std::error_code ignored;
          if (path.string() != nullptr && std::filesystem::exists(*path.string(), ignored)) {
            paths.push_back(as_people_would_type(*path.string()));
          }
        }
      }
      if (!paths.empty()) return paths;
    }
  }
  return {"."};
}

void remember_paths(CacheFile& cache, const std::vector<std::string>& scope) {
  Json::Array paths;
  for (const auto& path : scope) paths.push_back(path);
  const auto text = to_string(Json(std::move(paths)));
  if (cache.get(kLastPaths) == text) return;
  cache.put(kLastPaths, text);
  cache.flush();
}

}  // namespace switchyard
