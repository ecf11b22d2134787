#include "reconciler/cli/commands/commands.h"
#include "reconciler/cli/completion.h"
#include "reconciler/cli/context.h"
#include "reconciler/cli/words.h"
#include "specs/load.h"

// What the program says about itself: explain, schema, completion, version.
namespace switchyard {
namespace {

int run_explain(Context& context, const Arguments& arguments) {
  const auto path = arguments.argument("KIND[.FIELD]");
  const auto text = explain(path);
  if (!text) return context.fail(text.error());
  if (context.json()) {
    auto json = explain_json(path);
    if (json.find("formatVersion") == nullptr) json.set("formatVersion", 1);
    context.result_json(json);
  } else {
    context.result(text->ends_with('\n') ? *text : *text + "\n");
  }
  return 0;
}

int run_schema(Context& context, const Arguments&) {
  // It is JSON with or without --json. Editors pass over a word that they do not know, but need not be given one.
  auto schema = json_schema();
  if (context.json()) schema.set("formatVersion", 1);
  context.result_json(schema);
  return 0;
}

int run_completion(Context& context, const Arguments& arguments) {
  const auto shell = arguments.argument("SHELL");
  const auto script = completion_script(context.program(), shell);
  if (context.json()) {
    context.result_json(Json(Json::Object{{"formatVersion", 1}, {"shell", shell}, {"script", script}}));
  } else {
    context.result(script);
  }
  return 0;
}

int run_version(Context& context, const Arguments&) {
  if (context.json()) {
    context.result_json(Json(Json::Object{{"formatVersion", 1}, {"version", program_version()}}));
  } else {
    context.result("switchyard " + std::string(program_version()) + "\n");
  }
  return 0;
}

}  // namespace

Command explain_command() {
  return {
      .name = "explain",
      .sentence = "Says what a kind or one of its fields means: type, default, effect of a change, source of the rule.",
      .example = "switchyard explain Server\nswitchyard explain Server.options.uacPing",
      .arguments =
          {{.name = "KIND[.FIELD]", .help = "a kind, or a field of it", .takes = Takes::kText, .words = kind_words()}},
      .run = run_explain};
}

Command schema_command() {
  return {.name = "schema",
          .sentence = "Writes the JSON Schema of the language, for the YAML support of editors.",
          .example = "switchyard schema > switchyard.schema.json",
          .run = run_schema};
}

Command completion_command() {
  return {
      .name = "completion",
      .sentence = "Writes a script that completes commands, options, kinds and actions in a shell.",
      .example = "switchyard completion bash > /etc/bash_completion.d/switchyard",
      .arguments = {{.name = "SHELL", .help = "which shell", .takes = Takes::kWord, .words = {"bash", "zsh", "fish"}}},
      .run = run_completion};
}

Command version_command() {
  return {.name = "version",
          .sentence = "Says which version this is.",
          .example = "switchyard version",
          .run = run_version};
}

}  // namespace switchyard
