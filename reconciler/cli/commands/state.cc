#include <fmt/format.h>

#include <filesystem>

#include "providers/agent/authority.h"
#include "reconciler/cli/commands/commands.h"
#include "reconciler/cli/context.h"
#include "state/store.h"

namespace switchyard {
namespace {

using Level = DoctorReport::Line::Level;

std::string_view word_of(Level level) {
  switch (level) {
    case Level::kGood:
      return "good";
    case Level::kNote:
      return "note";
    case Level::kBad:
      return "bad";
  }
  return {};
}

Paint paint_of(Level level) {
  switch (level) {
    case Level::kGood:
      return Paint::kGreen;
    case Level::kNote:
      return Paint::kYellow;
    case Level::kBad:
      return Paint::kRed;
  }
  return Paint::kPlain;
}

// An absent state reads as an empty one; doctor and backup are asked about one that is there.
Result<std::unique_ptr<Store>> open_existing(const Context& context) {
  std::error_code ignored;
  if (!std::filesystem::exists(context.state_path(), ignored)) {
    return Error{ErrorCode::kNotFound,
                 fmt::format("there is no state at \"{}\"; name one with --state", context.state_path())};
  }
  return Store::open(context.state_path(), Store::Mode::kReadOnly);
}

int run_doctor(Context& context, const Arguments&) {
  const auto store = open_existing(context);
  if (!store) return context.fail(store.error());
  const auto report = (*store)->doctor();
  if (!report) return context.fail(report.error());
  if (context.json()) {
    Json::Array lines;
    for (const auto& line : report->lines) {
      lines.push_back(Json::Object{{"level", word_of(line.level)}, {"text", line.text}});
    }
    context.result_json(Json(Json::Object{{"formatVersion", 1},
                                          {"state", context.state_path()},
                                          {"healthy", report->healthy()},
                                          {"findings", std::move(lines)}}));
  } else {
    Table table({});
    for (const auto& line : report->lines) {
      table.add({paint(paint_of(line.level), word_of(line.level), context.out().result_colour()), line.text});
    }
    context.result(table.text(context.out().result_colour()));
  }
  return report->healthy() ? 0 : 1;
}

int run_backup(Context& context, const Arguments& arguments) {
  const auto to = arguments.argument("FILE");
  const auto store = open_existing(context);
  if (!store) return context.fail(store.error());
  if (auto done = (*store)->backup(to); !done) return context.fail(done.error());
  const auto authority = Authority::back_up(context.state_folder(), to);
  if (!authority) return context.fail(authority.error());
  if (context.json()) {
    Json::Array files;
    for (const std::string& file : *authority) files.push_back(file);
    context.result_json(Json(Json::Object{
        {"formatVersion", 1}, {"state", context.state_path()}, {"backup", to}, {"authority", std::move(files)}}));
  } else {
    context.result(fmt::format("\"{}\" is a copy of \"{}\".\n", to, context.state_path()));
    for (const std::string& file : *authority) {
      context.result(fmt::format("\"{}\" belongs to it: the authority that agents obey.\n", file));
    }
  }
  return 0;
}

}  // namespace

Command state_command() {
  return {
      .name = "state",
      .sentence = "Examines the state file, or copies it.",
      .example = "switchyard state doctor\nswitchyard state backup state-monday.db",
      .commands = {
          {.name = "doctor",
           .sentence = "Checks the state file: integrity, lock, open intents, what a crash left.",
           .example = "switchyard state doctor",
           .run = run_doctor},
          {.name = "backup",
           .sentence =
               "Writes a consistent copy of the state file and of the fleet's authority, while others may use them.",
           .example = "switchyard state backup state-monday.db",
           .arguments = {{.name = "FILE", .help = "where the copy goes; it must not exist yet", .takes = Takes::kPath}},
           .run = run_backup}}};
}

}  // namespace switchyard
