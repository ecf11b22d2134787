#include <fmt/format.h>

#include "reconciler/cli/commands/commands.h"
#include "reconciler/cli/context.h"
#include "reconciler/cli/loading.h"
#include "reconciler/cli/plan_file.h"
#include "reconciler/cli/plan_options.h"
#include "reconciler/cli/planning.h"

namespace switchyard {
namespace {

constexpr int kStale = 5;

std::string question_of(const Plan& plan) {
  return fmt::format("Carry out {}?", counted(static_cast<std::int64_t>(plan.changes.size()), "change"));
}

int stale(Context& context, std::string message) {
  context.fail({ErrorCode::kConflict, std::move(message)});
  return kStale;
}

// Looks at what earlier runs left open, then at the world.
Result<Done> look(Context& context, Session& session) {
  auto& engine = session.engine();
  if (auto done = engine.settle(); !done) return done;
  if (auto done = engine.observe(); !done) return done;
  tell_of_trouble(context, engine.view());
  return Done{};
}

// Opens a session for writing over the specs at `paths`. What goes wrong has been reported.
std::unique_ptr<Session> open_session(Context& context, const Arguments& arguments,
                                      const std::vector<std::string>& paths, const std::string& reason) {
  auto recorder = open_record(context, arguments);
  if (!recorder) {
    context.fail(recorder.error());
    return nullptr;
  }
  auto source = read_source(paths);
  if (*recorder) (*recorder)->remember(source, machine_now());
  auto specs = load_specs(context, std::move(source), open_cache(context).get());
  if (!specs) return nullptr;
  auto engine = engine_options(context, arguments);
  if (engine.reason.empty()) engine.reason = reason;
  auto session = Session::open(context, *std::move(specs),
                               {.access = Session::Access::kReadWrite, .engine = engine, .recorder = *recorder});
  if (!session) {
    context.fail(session.error());
    return nullptr;
  }
  if (const auto cache = open_cache(context)) remember_paths(*cache, (*session)->fleet().scope);
  return *std::move(session);
}

int apply_paths(Context& context, const Arguments& arguments, bool destroy) {
  const auto session = open_session(context, arguments, arguments.list("PATH"), "");
  if (!session) return 1;
  auto options = parse_plan_options(arguments, session->fleet());
  if (!options) return context.fail(options.error());
  options->destroy_all = destroy;
  if (auto done = look(context, *session); !done) return could_not_look(context, done.error());
  if (auto done = check_what_if(*session, *options); !done) return context.fail(done.error());
  const auto view = plan_now(*session, *options, context);
  const auto question = destroy ? fmt::format("Destroy {}? What is destroyed does not come back.",
                                              counted(view.plan.safety.destroys, "server"))
                                : question_of(view.plan);
  return carry_out(context, *session,
                   {.view = view,
                    .options = *options,
                    .scope = Engine::Scope::kFollowUp,
                    .question = question,
                    .auto_approve = arguments.flag("auto-approve")});
}

// A plan is bound to the specs and the state it was made from, and, change by change, to the world (law 9).
int apply_file(Context& context, const Arguments& arguments, const std::string& path, const PlanFile& file) {
  for (const auto* option : {"target", "exclude", "what-if-balance", "max-destroy", "allow-disruption"}) {
    if (!arguments.list(option).empty()) {
      return context.fail(
          {ErrorCode::kInvalid, fmt::format("--{}: \"{}\" is a plan already made; plan again with it", option, path)});
    }
  }
  if (file.state != context.state_path()) {
    return context.fail(
        {ErrorCode::kInvalid, fmt::format("\"{}\" was planned on the state \"{}\", not on \"{}\"; use --state", path,
                                          file.state, context.state_path())});
  }
  const auto session = open_session(context, arguments, file.scope, file.reason);
  if (!session) return 1;
  if (session->fleet().digest != file.plan.desired_digest) {
    return stale(context, fmt::format("the specs have changed since \"{}\" was planned ({}); plan again", path,
                                      to_string(file.written)));
  }
  if (auto done = look(context, *session); !done) return could_not_look(context, done.error());
  if (auto done = check_what_if(*session, file.options); !done) return context.fail(done.error());
  const auto view = with_places(*session, file.plan, context);
  return carry_out(context, *session,
                   {.view = view,
                    .options = file.options,
                    .scope = Engine::Scope::kStrict,
                    .question = question_of(view.plan),
                    .auto_approve = arguments.flag("auto-approve")});
}

int run_apply(Context& context, const Arguments& arguments) {
  install_signal_handlers();
  const auto& paths = arguments.list("PATH");
  if (paths.size() == 1) {
    const auto file = read_plan_file(paths.front());
    if (!file) return context.fail(file.error());
    if (*file) return apply_file(context, arguments, paths.front(), **file);
  }
  return apply_paths(context, arguments, false);
}

int run_destroy(Context& context, const Arguments& arguments) {
  install_signal_handlers();
  return apply_paths(context, arguments, true);
}

std::vector<Option> all_options() {
  auto options = plan_option_table();
  for (auto& option : apply_option_table()) options.push_back(std::move(option));
  options.push_back(record_option());
  return options;
}

std::vector<std::pair<std::string, std::string>> looks_first() {
  return {{"refresh", "what changes the world looks at it first; plan and why can do without"}};
}

}  // namespace

Command apply_command() {
  return {.name = "apply",
          .sentence =
              "Shows the plan, asks, and carries it out until nothing more can be done. Resumes where it was stopped.",
          .example = "switchyard apply fleet/\nswitchyard apply monday.plan --auto-approve",
          .arguments = {{.name = "PATH",
                         .help = "YAML files, folders of them, or one plan file",
                         .takes = Takes::kPath,
                         .least = 1,
                         .most = -1}},
          .options = all_options(),
          .not_taken = looks_first(),
          .run = run_apply};
}

Command destroy_command() {
  return {.name = "destroy",
          .sentence =
              "Lists and removes every server that was declared under the PATHs, except protected ones. Asks first.",
          .example = "switchyard destroy fleet/test.yaml",
          .arguments = {paths_argument()},
          .options = all_options(),
          .not_taken = looks_first(),
          .run = run_destroy};
}

}  // namespace switchyard
