#include <fmt/format.h>

#include <filesystem>

#include "reconciler/cli/commands/commands.h"
#include "reconciler/cli/context.h"
#include "reconciler/cli/loading.h"
#include "reconciler/cli/log.h"
#include "reconciler/cli/plan_file.h"
#include "reconciler/cli/plan_memo.h"
#include "reconciler/cli/plan_options.h"
#include "reconciler/cli/planning.h"
#include "reconciler/render/plan_text.h"

namespace switchyard {
namespace {

// The options as they were typed: enough to tell two plans apart, before any account's currency is known.
Json typed_options(const Arguments& arguments) {
  Json json = Json::Object{{"json", arguments.flag("json")}};  // which has no lines of fields
  for (const auto& option : plan_option_table()) {
    Json::Array values;
    for (const auto& value : arguments.list(option.name)) values.push_back(value);
    json.set(option.name, std::move(values));
  }
  return json;
}

int show(Context& context, const Arguments& arguments, const PlanView& view, Timestamp now) {
  const auto& plan = view.plan;
  if (context.json()) {
    context.result_json(to_json(plan));
  } else {
    context.result(render_plan(view, now, context.out().result_colour()));
  }
  if (!arguments.flag("detailed-exitcode")) return 0;
  if (!plan.changes.empty()) return 2;
  return plan.holds.empty() ? 0 : 3;
}

int run_plan(Context& context, const Arguments& arguments) {
  auto source = read_source(arguments.list("PATH"));
  const bool refresh = arguments.flag("refresh");
  const auto out = arguments.text("out");
  const auto cache = open_cache(context);
  std::optional<PlanMemo> memo;
  if (!refresh && !out && cache && !has_errors(source.diagnostics)) {
    const auto store = Store::open(context.state_path(), Store::Mode::kReadOnly);
    if (!store) return context.fail(store.error());
    if (const auto generation = (*store)->generation()) {
      memo.emplace(*cache, context, source, *generation, typed_options(arguments));
    }
  }
  if (memo) {
    if (const auto remembered = memo->recall()) {
      log_info("took a remembered plan");
      context.show(remembered->warnings);
      return show(context, arguments, remembered->view, remembered->now);
    }
  }

  auto specs = load_specs(context, std::move(source), cache.get());
  if (!specs) return 1;
  const auto options = parse_plan_options(arguments, specs->fleet);
  if (!options) return context.fail(options.error());
  const auto warnings = specs->diagnostics;
  auto session = Session::open(context, *std::move(specs),
                               {.access = Session::Access::kReadOnly, .engine = engine_options(context, arguments)});
  if (!session) return context.fail(session.error());
  auto& engine = (*session)->engine();
  if (refresh) {
    if (auto done = engine.observe(); !done) return could_not_look(context, done.error());
    tell_of_trouble(context, engine.view());
  }
  const PlanMemo::Remembered planned{
      .view = plan_now(**session, *options, context), .now = engine.now(), .warnings = warnings};
  if (memo) memo->remember(planned, (*session)->specs(), (*session)->embedded());
  if (cache) remember_paths(*cache, (*session)->fleet().scope);
  if (out) {
    const PlanFile file{.program = std::string(program_version()),
                        .written = machine_now(),
                        .state = context.state_path(),
                        .scope = (*session)->fleet().scope,
                        .options = *options,
                        .reason = arguments.text("reason").value_or(""),
                        .plan = planned.view.plan};
    if (auto done = write_plan_file(*out, file); !done) return context.fail(done.error());
    context.say(fmt::format("The plan is kept in \"{}\"; \"switchyard apply {}\" carries it out.", *out, *out));
  }
  return show(context, arguments, planned.view, planned.now);
}

}  // namespace

Command plan_command() {
  auto options = plan_option_table();
  options.push_back(
      {.name = "refresh", .help = "plan from what was last observed, without looking", .on_by_default = true});
  options.push_back({.name = "out", .help = "keep the plan, for apply", .takes = Takes::kPath, .value = "FILE"});
  options.push_back({.name = "detailed-exitcode", .help = "exit with 2 for changes, 3 for holds only"});
  return {.name = "plan",
          .sentence = "Shows what would change, in which order, what is held and what it costs. Changes nothing.",
          .example = "switchyard plan fleet/\nswitchyard plan fleet/ --target zone=london --out monday.plan",
          .arguments = {paths_argument()},
          .options = std::move(options),
          .run = run_plan};
}

}  // namespace switchyard
