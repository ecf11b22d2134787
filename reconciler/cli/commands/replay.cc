#include "reconciler/record/replay.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "reconciler/cli/commands/commands.h"
#include "reconciler/cli/context.h"
#include "reconciler/render/words.h"

namespace switchyard {
namespace {

constexpr int kDiffers = 2;

// A folder of its own that goes with it.
class Workspace {
 public:
  static Result<Workspace> make() {
    std::error_code problem;
    const auto parent = std::filesystem::temp_directory_path(problem);
    std::string path = (problem ? std::string("/tmp") : parent.string()) + "/switchyard-replay-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) {
      return Error{ErrorCode::kStorage,
                   fmt::format("no folder can be made in \"{}\": {}; set TMPDIR to another",
                               std::filesystem::path(path).parent_path().string(), std::strerror(errno))};
    }
    return Workspace(std::move(path));
  }
  ~Workspace() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Workspace(Workspace&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Workspace& operator=(Workspace&&) = delete;

  const std::string& path() const { return path_; }

 private:
  explicit Workspace(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

Json as_json(const ReplayReport& report) {
  Json json = Json::Object{{"formatVersion", 1},           {"recordedBy", report.recorded_by},
                           {"program", program_version()}, {"parts", report.parts},
                           {"steps", report.steps},        {"plans", report.plans},
                           {"calls", report.calls},        {"cutShort", report.cut_short},
                           {"same", !report.parting}};
  if (report.parting) {
    Json parting = Json::Object{{"line", report.parting->line}, {"text", report.parting->text}};
    if (const auto& found = report.parting->difference) {
      parting.set("path", found->path);
      parting.set("recorded", found->recorded);
      parting.set("now", found->now);
    }
    json.set("parting", std::move(parting));
  }
  return json;
}

std::string as_text(const ReplayReport& report, const std::string& path) {
  std::string out;
  if (const auto& parting = report.parting) {
    out += fmt::format("{}:{}: this program does something else\n  {}\n", path, parting->line, parting->text);
    if (const auto& found = parting->difference) {
      out += fmt::format("  {}\n    recorded  {}\n    now       {}\n", found->path, to_string(found->recorded),
                         to_string(found->now));
    }
  }
  out += fmt::format("Replayed {}, {} and {}, recorded by {}{}: {}\n", counted(report.steps, "step"),
                     counted(report.plans, "plan"), counted(report.calls, "call"), report.recorded_by,
                     report.cut_short ? ", until the record was cut short" : "",
                     report.parting ? "it parts from the record." : "the same decisions.");
  return out;
}

int run_replay(Context& context, const Arguments& arguments) {
  const auto path = arguments.list("FILE").front();
  const auto workspace = Workspace::make();
  if (!workspace) return context.fail(workspace.error());
  std::function<void(const ReplayStep&)> show;
  if (arguments.flag("steps") && !context.json()) {
    show = [&context](const ReplayStep& step) {
      context.result(fmt::format("{:>6}  {}  {}\n", step.line, to_string(step.at), step.text));
    };
  }
  const auto report = replay(path, workspace->path(), show);
  if (!report) return context.fail(report.error());
  if (context.json()) {
    context.result_json(as_json(*report));
  } else {
    context.result(as_text(*report, path));
  }
  return report->parting ? kDiffers : 0;
}

}  // namespace

Command replay_command() {
  return {.name = "replay",
          .sentence = "Decides again what --record saw, on any machine, and says where this program differs.",
          .example = "switchyard apply fleet/ --record monday.record\nswitchyard replay monday.record --steps",
          .arguments = {{.name = "FILE", .help = "what --record wrote", .takes = Takes::kPath, .least = 1, .most = 1}},
          .options = {{.name = "steps", .help = "show every step"}},
          .run = run_replay};
}

}  // namespace switchyard
