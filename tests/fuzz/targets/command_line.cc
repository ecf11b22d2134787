// Words, parsed against the tables of all commands.
//
// One a line. What is understood can be written out in full and is then understood alike; what is not gets one harmless
// line that ends in where to look.
#include "reconciler/cli/commands/commands.h"
#include "reconciler/cli/parse.h"
#include "reconciler/cli/plan_options.h"
#include "specs/fleet.h"
#include "tests/fuzz/target.h"

namespace switchyard::fuzz {
namespace {

// Made once: building the tables takes longer than most inputs.
const Command& program() {
  static const Command whole = whole_program();
  return whole;
}

bool find_path(const Command& above, const Command* wanted, std::vector<const Command*>& path) {
  for (const Command& child : above.commands) {
    path.push_back(&child);
    if (&child == wanted || find_path(child, wanted, path)) return true;
    path.pop_back();
  }
  return false;
}

void add_options(const std::vector<Option>& options, const Arguments& given, std::vector<std::string>& words) {
  for (const Option& option : options) {
    if (option.takes == Takes::kNothing) {
      words.push_back("--" + option.name + (given.flag(option.name) ? "=true" : "=false"));
      continue;
    }
    for (const std::string& value : given.list(option.name)) words.push_back("--" + option.name + "=" + value);
  }
}

// Everything that was given, in full: "plan --json=true --target=Server/a -- fleet".
std::vector<std::string> written_out(const Invocation& invocation) {
  std::vector<const Command*> path;
  promise(find_path(program(), invocation.command, path), "what was chosen is a command of the program");
  std::vector<std::string> words;
  for (const Command* command : path) {
    words.push_back(command->name);
    add_options(command->options, invocation.arguments, words);
  }
  add_options(global_options(), invocation.arguments, words);
  words.emplace_back("--");
  for (const Argument& argument : invocation.command->arguments) {
    for (const std::string& value : invocation.arguments.list(argument.name)) words.push_back(value);
  }
  return words;
}

void check_values(const Invocation& invocation, const std::vector<Option>& options) {
  for (const Option& option : options) {
    if (option.takes == Takes::kInteger) {
      const auto number = invocation.arguments.integer(option.name);
      promise(!number || *number >= 0, "a whole number is 0 or more");
    }
    if (option.takes == Takes::kDuration) {
      const auto span = invocation.arguments.duration(option.name);
      promise(!span || *span >= Duration(0), "a duration is not negative");
    }
    if (!option.repeatable && option.takes != Takes::kNothing) {
      promise(invocation.arguments.list(option.name).size() <= 1, "an option that does not repeat has one value");
    }
  }
}

void check(const Invocation& invocation) {
  check_values(invocation, invocation.command->options);
  check_values(invocation, global_options());
  const std::vector<std::string> words = written_out(invocation);
  const auto again = parse_command_line(program(), words);
  const auto* back = std::get_if<Invocation>(&again);
  std::string shown;
  for (const std::string& word : words) shown += word + "\n";
  promise(back != nullptr, "what was understood is understood when it is written out:\n" + shown);
  promise(back->command == invocation.command && back->arguments.values == invocation.arguments.values &&
              back->arguments.flags == invocation.arguments.flags,
          "and as the same:\n" + shown);
  if (invocation.command->name != "plan") return;
  const Result<PlanOptions> options = parse_plan_options(invocation.arguments, DesiredFleet{});
  if (!options.ok()) {
    promise(options.error().code == ErrorCode::kInvalid, "wrong options are the user's mistake");
    return;
  }
  const Result<PlanOptions> kept = plan_options_from_json(to_json(*options));
  promise(kept.ok() && *kept == *options, "the options of a plan survive its file");
}

}  // namespace

void command_line(std::string_view bytes) {
  std::vector<std::string> words;
  while (!bytes.empty()) words.emplace_back(take_line(bytes));
  const auto parsed = parse_command_line(program(), words);
  if (const auto* help = std::get_if<HelpText>(&parsed)) {
    promise(!help->text.empty(), "help says something");
    promise_harmless(help->text, "help");
  } else if (const auto* wrong = std::get_if<UsageError>(&parsed)) {
    promise(wrong->message.ends_with("--help\""), "a mistake says where to look: " + wrong->message);
    promise(wrong->message.find('\n') == std::string::npos, "a mistake is one line: " + wrong->message);
    promise_harmless(wrong->message, "a mistake on the command line");
  } else {
    check(std::get<Invocation>(parsed));
  }
}

}  // namespace switchyard::fuzz
