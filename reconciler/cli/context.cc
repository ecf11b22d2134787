#include "reconciler/cli/context.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "reconciler/cli/log.h"
#include "reconciler/render/diagnostic_text.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread is started
  return value == nullptr ? std::string() : std::string(value);
}

std::string user_at_host() {
  const auto* entry = ::getpwuid(::getuid());  // NOLINT(concurrency-mt-unsafe): before any thread is started
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format("{}@{}", entry == nullptr ? fmt::format("uid-{}", ::getuid()) : std::string(entry->pw_name),
                     host.data());
}

// The nearest folder upwards that has a ".switchyard", else the current one.
fs::path default_state_path(const fs::path& from) {
  std::error_code ignored;
  for (auto folder = from;; folder = folder.parent_path()) {
    if (fs::is_directory(folder / ".switchyard", ignored)) return folder / ".switchyard" / "state.db";
    if (folder == folder.parent_path()) return from / ".switchyard" / "state.db";
  }
}

}  // namespace

Result<Context> Context::from(const Arguments& global, const Command& program) {
  const bool colourless = global.flag("no-color") || !variable("NO_COLOR").empty() || variable("TERM") == "dumb";
  Context context(Output(colourless ? Colour::kOff : Colour::kOn), program);
  context.json_ = global.flag("json");
  context.lock_timeout_ = global.duration("lock-timeout").value_or(Duration(0));
  set_up_logging(global.text("log-level").value_or("warn"), global.text("log-format").value_or("text"),
                 context.out_.talk_colour());

  std::error_code error;
  if (const auto folder = global.text("directory")) {
    fs::current_path(*folder, error);
    if (error)
      return Error{ErrorCode::kInvalid, fmt::format("cannot change to folder \"{}\": {}", *folder, error.message())};
  }
  const auto here = fs::current_path(error);
  if (error) return Error{ErrorCode::kInvalid, fmt::format("the current folder cannot be read: {}", error.message())};
  auto named = global.text("state").value_or(variable("SWITCHYARD_STATE"));
  const auto path = named.empty() ? default_state_path(here) : fs::path(named);
  context.state_path_ = (here / path).lexically_normal().string();
  context.actor_ = variable("SWITCHYARD_ACTOR");
  if (context.actor_.empty()) context.actor_ = user_at_host();
  return context;
}

std::string Context::state_folder() const {
  return fs::path(state_path_).parent_path().string();
}

void Context::result_json(const Json& json) {
  out_.result(to_pretty_string(json) + "\n");
}

void Context::say(std::string_view line) {
  out_.talk(fmt::format("{}\n", line));
}

int Context::fail(const Error& error, const Diagnostics& diagnostics) {
  show(diagnostics);
  say(fmt::format("{} {}", paint(Paint::kRed, "error:", out_.talk_colour()), error.message));
  if (json_) {
    Json object = Json::Object{{"formatVersion", 1},
                               {"error", Json::Object{{"code", to_string(error.code)}, {"message", error.message}}}};
    if (!diagnostics.empty()) object.set("diagnostics", to_json(diagnostics));
    result_json(object);
  }
  return 1;
}

void Context::show(const Diagnostics& diagnostics) {
  if (!diagnostics.empty()) out_.talk(render_diagnostics(diagnostics, out_.talk_colour()));
}

std::string_view program_version() {
  return SWITCHYARD_VERSION;
}

Json to_json(const Diagnostics& diagnostics) {
  Json::Array items;
  for (const auto& found : diagnostics) {
    items.push_back(Json::Object{{"severity", found.severity == Severity::kError ? "error" : "warning"},
                                 {"file", found.file},
                                 {"line", static_cast<std::int64_t>(found.line)},
                                 {"column", static_cast<std::int64_t>(found.column)},
                                 {"message", found.message},
                                 {"detail", found.detail}});
  }
  return items;
}

}  // namespace switchyard
