#include "reconciler/cli/plan_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "reconciler/cli/plan_options.h"

namespace switchyard {
namespace {

constexpr std::string_view kMember = "switchyardPlan";
constexpr std::int64_t kVersion = 1;

Error storage(const std::string& path, std::string_view what) {
  return {ErrorCode::kStorage, fmt::format("cannot {} the plan file \"{}\": {}", what, path, std::strerror(errno))};
}

Result<Done> write_whole(const std::string& path, std::string_view text) {
  const auto draft = fmt::format("{}.{}.tmp", path, ::getpid());
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return storage(path, "make");
  bool fine = true;
  while (fine && !text.empty()) {
    const auto written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    fine = written >= 0;
    if (fine) text.remove_prefix(static_cast<std::size_t>(written));
  }
  fine = fine && ::fsync(file) == 0;
  const int number = errno;
  ::close(file);
  errno = number;
  if (fine && std::rename(draft.c_str(), path.c_str()) == 0) return Done{};
  const auto error = storage(path, "write");
  ::unlink(draft.c_str());
  return error;
}

Result<PlanFile> file_from_json(const Json& json, const std::string& path) {
  const auto unreadable = [&path](std::string_view why) {
    return Error{ErrorCode::kUnreadable, fmt::format("the plan file \"{}\" cannot be read: {}; plan again", path, why)};
  };
  const auto version = json.integer_or(kMember, 0);
  if (version > kVersion) {
    return Error{ErrorCode::kTooNew,
                 fmt::format("the plan file \"{}\" has format {}, this program reads {}; use the program "
                             "that wrote it (version {})",
                             path, version, kVersion, json.string_or("program", "unknown"))};
  }
  const auto* options_json = json.find("options");
  const auto* plan_json = json.find("plan");
  const auto* scope = json.find("scope");
  const auto written = parse_timestamp(json.string_or("written", ""));
  if (version != kVersion || options_json == nullptr || plan_json == nullptr || scope == nullptr ||
      scope->array() == nullptr || !written) {
    return unreadable("a member is missing");
  }
  auto options = plan_options_from_json(*options_json);
  if (!options) return unreadable(options.error().message);
  auto plan = plan_from_json(*plan_json);
  if (!plan) return unreadable(plan.error().message);
  PlanFile file{.program = json.string_or("program", ""),
                .written = *written,
                .state = json.string_or("state", ""),
                .scope = {},
                .options = *std::move(options),
                .reason = json.string_or("reason", ""),
                .plan = *std::move(plan)};
  for (const auto& item : *scope->array()) {
    if (item.string() == nullptr) return unreadable("a path is no text");
    file.scope.push_back(*item.string());
  }
  return file;
}

}  // namespace

Result<Done> write_plan_file(const std::string& path, const PlanFile& file) {
  Json::Array scope;
  for (const auto& place : file.scope) scope.push_back(place);
  const Json json =
      Json::Object{{std::string(kMember), kVersion},     {"formatVersion", 1},    {"program", file.program},
                   {"written", to_string(file.written)}, {"state", file.state},   {"scope", std::move(scope)},
                   {"options", to_json(file.options)},   {"reason", file.reason}, {"plan", to_json(file.plan)}};
  return write_whole(path, to_pretty_string(json) + "\n");
}

Result<std::optional<PlanFile>> read_plan_file(const std::string& path) {
  std::error_code ignored;
  const auto extension = std::filesystem::path(path).extension();
  if (extension == ".yaml" || extension == ".yml" || !std::filesystem::is_regular_file(path, ignored)) {
    return std::optional<PlanFile>();
  }
  std::ifstream stream(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  const auto json = parse_json(text);
  if (!json || json->find(kMember) == nullptr) return std::optional<PlanFile>();
  auto file = file_from_json(*json, path);
  if (!file) return file.error();
  return std::optional(*std::move(file));
}

}  // namespace switchyard
