#include <fmt/format.h>

#include "reconciler/cli/clock.h"
#include "reconciler/cli/commands/commands.h"
#include "reconciler/cli/context.h"
#include "reconciler/cli/loading.h"
#include "reconciler/cli/words.h"
#include "reconciler/render/listing.h"
#include "state/store.h"

namespace switchyard {
namespace {

// Whether the state alone can answer: what was observed.
bool is_observed(Kind kind) {
  return kind == Kind::kServer || kind == Kind::kRtpServer || kind == Kind::kAccount;
}

int run_get(Context& context, const Arguments& arguments) {
  const auto kind = *parse_kind_word(arguments.argument("KIND"));
  std::optional<std::string> name;
  if (const auto given = arguments.argument("NAME"); !given.empty()) name = given;

  const auto store = Store::open(context.state_path(), Store::Mode::kReadOnly);
  if (!store) return context.fail(store.error());
  const auto observed = (*store)->observed();
  if (!observed) return context.fail(observed.error());
  const auto now = engine_clock(context, *observed);
  const auto overrides = (*store)->overrides(now);
  if (!overrides) return context.fail(overrides.error());

  std::optional<LoadedSpecs> specs;
  if (!arguments.list("path").empty() || !is_observed(kind)) {
    const auto cache = open_cache(context);
    specs = load_specs(context, read_source(paths_or_last(context, arguments)), cache.get());
    if (!specs) return 1;
  } else if (kind == Kind::kAccount) {
    // What was observed does not say whose cloud it is.
    const auto cache = open_cache(context);
    specs = load_if_sound(paths_or_last(context, arguments), cache.get());
  }
  const auto listing = list_resources(
      {.desired = specs ? &specs->fleet : nullptr, .observed = *observed, .overrides = *overrides, .now = now}, kind,
      name);
  if (name && listing.rows.empty()) {
    const auto all = list_resources(
        {.desired = specs ? &specs->fleet : nullptr, .observed = *observed, .overrides = *overrides, .now = now}, kind,
        {});
    std::vector<std::string> names;
    for (const auto& row : all.rows) names.push_back(row.front().text);
    return context.fail({ErrorCode::kNotFound,
                         fmt::format("there is no {} \"{}\"{}", to_string(kind), *name, did_you_mean(*name, names))});
  }
  if (context.json()) {
    context.result_json(Json(Json::Object{
        {"formatVersion", 1}, {"kind", to_string(kind)}, {"now", to_string(now)}, {"items", listing.json()}}));
  } else if (listing.rows.empty()) {
    context.say(fmt::format("No {} is known yet; \"switchyard plan\" shows what is wanted.", to_string(kind)));
  } else {
    context.result(listing.text(context.out().result_colour()));
  }
  return 0;
}

}  // namespace

Command get_command() {
  return {.name = "get",
          .sentence =
              "Lists what was last observed: servers with address, calls, cost and latencies, accounts, and the rest.",
          .example = "switchyard get servers\nswitchyard get Cluster core --path fleet/",
          .arguments = {{.name = "KIND", .help = "a kind, such as servers", .takes = Takes::kKind},
                        {.name = "NAME", .help = "only this one", .takes = Takes::kText, .least = 0}},
          .options = {path_option()},
          .run = run_get};
}

}  // namespace switchyard
