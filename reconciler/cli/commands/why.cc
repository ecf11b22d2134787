#include "reconciler/render/why.h"

#include <fmt/format.h>

#include <limits>

#include "reconciler/cli/commands/commands.h"
#include "reconciler/cli/context.h"
#include "reconciler/cli/loading.h"
#include "reconciler/cli/planning.h"
#include "reconciler/cli/words.h"

namespace switchyard {
namespace {

int run_why(Context& context, const Arguments& arguments) {
  const auto key = *parse_key(arguments.argument("KIND/NAME"));
  const auto cache = open_cache(context);
  auto specs = load_specs(context, read_source(paths_or_last(context, arguments)), cache.get());
  if (!specs) return 1;
  const auto session = Session::open(context, *std::move(specs),
                                     {.access = Session::Access::kReadOnly, .engine = engine_options(context)});
  if (!session) return context.fail(session.error());
  auto& engine = (*session)->engine();
  if (arguments.flag("refresh")) {
    if (auto done = engine.observe(); !done) return could_not_look(context, done.error());
  }
  const auto& world = engine.view();
  // The whole fleet is planned (money and order depend on all of it), and only this resource is looked up in its file.
  const auto lookup = [&](const Key& of, std::string_view path) {
    return of == key ? find_field_source((*session)->specs(), of, path) : std::optional<Source>();
  };
  const auto view =
      view_of(engine.plan({}), (*session)->fleet(), world.accounts, lookup, std::numeric_limits<std::size_t>::max());
  const auto answer = why({.view = view,
                           .desired = (*session)->fleet(),
                           .observed = world.accounts,
                           .open_intents = world.open_intents,
                           .attempts = world.attempts,
                           .overrides = world.overrides,
                           .declarations = world.declarations,
                           .now = engine.now()},
                          key);
  if (answer.verdict == Why::Verdict::kUnknown) {
    std::vector<std::string> names;
    for (const auto& [document, source] : (*session)->fleet().documents) names.push_back(to_string(document));
    for (const auto& server : (*session)->fleet().servers) names.push_back(to_string(server.key));
    return context.fail({ErrorCode::kNotFound, answer.headline + did_you_mean(to_string(key), names)});
  }
  if (context.json()) {
    context.result_json(to_json(answer, key));
  } else {
    context.result(render_why(answer, context.out().result_colour()));
  }
  return 0;
}

}  // namespace

Command why_command() {
  return {
      .name = "why",
      .sentence =
          "Says why a resource changes, is held, or stays as it is, down to a line of the specs and an observation.",
      .example = "switchyard why Server/lon-9",
      .arguments = {{.name = "KIND/NAME", .help = "the resource", .takes = Takes::kResource}},
      .options = {path_option(),
                  {.name = "refresh",
                   .help = "answer from what was last observed, without looking",
                   .on_by_default = true}},
      .run = run_why};
}

}  // namespace switchyard
