#include <fmt/format.h>

#include "reconciler/cli/commands/commands.h"
#include "reconciler/cli/context.h"
#include "reconciler/cli/loading.h"
#include "reconciler/render/diagnostic_text.h"

namespace switchyard {
namespace {

int run_validate(Context& context, const Arguments& arguments) {
  auto source = read_source(arguments.list("PATH"));
  const auto files = static_cast<std::int64_t>(source.files.size());
  const auto cache = open_cache(context);
  // One thread, so that an editor or a hook may run it under a tight limit of memory.
  const auto specs = load(
      std::move(source),
      {.cache = cache.get(), .threads = 1, .now = machine_now(), .missing_secret = LoadOptions::Missing::kWarning});
  if (cache) cache->flush();
  context.show(specs.diagnostics);
  const auto documents = static_cast<std::int64_t>(specs.fleet.documents.size());
  if (context.json()) {
    context.result_json(Json(Json::Object{{"formatVersion", 1},
                                          {"valid", specs.ok()},
                                          {"files", files},
                                          {"resources", documents},
                                          {"diagnostics", to_json(specs.diagnostics)}}));
  } else if (specs.ok()) {
    context.result(fmt::format("Valid: {} in {}{}.\n", counted(documents, "resource"), counted(files, "file"),
                               specs.diagnostics.empty() ? "" : ", " + count_diagnostics(specs.diagnostics)));
  } else {
    context.result(fmt::format("Not valid: {} in {}.\n", count_diagnostics(specs.diagnostics), counted(files, "file")));
  }
  return specs.ok() ? 0 : 1;
}

}  // namespace

Command validate_command() {
  return {.name = "validate",
          .sentence = "Checks specs without touching anything, and reports all that is wrong at once.",
          .example = "switchyard validate fleet/",
          .arguments = {paths_argument()},
          .run = run_validate};
}

}  // namespace switchyard
