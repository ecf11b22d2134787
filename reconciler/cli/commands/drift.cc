#include "reconciler/cli/drift.h"

#include "reconciler/cli/commands/commands.h"
#include "reconciler/cli/context.h"
#include "reconciler/cli/loading.h"
#include "reconciler/cli/plan_options.h"
#include "reconciler/cli/planning.h"

namespace switchyard {
namespace {

constexpr int kDrift = 2;
// Enough of a resource's history to find the last configuration that was sent.
constexpr std::int64_t kJournalEntries = 50;

int run_drift(Context& context, const Arguments& arguments) {
  const auto cache = open_cache(context);
  auto specs = load_specs(context, read_source(arguments.list("PATH")), cache.get());
  if (!specs) return 1;
  const auto options = parse_plan_options(arguments, specs->fleet);
  if (!options) return context.fail(options.error());
  const auto session = Session::open(
      context, *std::move(specs), {.access = Session::Access::kReadOnly, .engine = engine_options(context, arguments)});
  if (!session) return context.fail(session.error());
  auto& engine = (*session)->engine();
  if (auto done = engine.observe(); !done) return could_not_look(context, done.error());
  tell_of_trouble(context, engine.view());
  const auto view = plan_now(**session, *options, context);
  const Journal journal = [&session](const Key& key) {
    auto entries = (*session)->store().intents_of(key, kJournalEntries);
    return entries ? *std::move(entries) : std::vector<std::pair<Intent, std::optional<Outcome>>>();
  };
  const auto drift = drift_of({.plan = view.plan,
                               .desired = (*session)->fleet(),
                               .declarations = engine.view().declarations,
                               .journal = journal});
  if (context.json()) {
    Plan plan = view.plan;
    plan.changes = drift.changes;
    plan.holds = drift.holds;
    const auto json = to_json(plan);
    context.result_json(Json(Json::Object{{"formatVersion", 1},
                                          {"drift", !drift.empty()},
                                          {"observedAt", *json.find("observedAt")},
                                          {"changes", *json.find("changes")},
                                          {"holds", *json.find("holds")},
                                          {"fromSpecs", drift.from_specs}}));
  } else {
    context.result(render_drift(drift, view, context.out().result_colour()));
  }
  return drift.empty() ? 0 : kDrift;
}

}  // namespace

Command drift_command() {
  return {
      .name = "drift",
      .sentence = "Shows what differs from the specs although nobody changed them. Exits with 2 when there is drift.",
      .example = "switchyard drift fleet/",
      .arguments = {paths_argument()},
      .options = plan_option_table(),
      .run = run_drift};
}

}  // namespace switchyard
