#include "reconciler/cli/parse.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>

#include "reconciler/cli/words.h"
#include "reconciler/render/style.h"

namespace switchyard {
namespace {

// Where CLI11 puts what it reads for one command.
struct Slot {
  const Command* command;
  CLI::App* app;
  Arguments arguments;
};

// The first complaint about a value, or nothing.
std::optional<std::string> complaint(std::string_view shown, Takes takes, const std::vector<std::string>& words,
                                     const std::string& given) {
  const auto say = [&](std::string_view what) { return fmt::format("{}: \"{}\" is {}", shown, given, what); };
  switch (takes) {
    case Takes::kNothing:
    case Takes::kText:
    case Takes::kPath:
      return std::nullopt;
    case Takes::kInteger: {
      const bool digits = !given.empty() && given.size() <= 18 &&
                          std::ranges::all_of(given, [](char c) { return c >= '0' && c <= '9'; });
      return digits ? std::nullopt : std::optional(say("not a whole number"));
    }
    case Takes::kCount:
      if (auto wrong = complaint(shown, Takes::kInteger, words, given)) return wrong;
      if (given.find_first_not_of('0') == std::string::npos) return say("not at least 1");
      return std::nullopt;
    case Takes::kDuration:
      return parse_duration(given).ok() ? std::nullopt : std::optional(say("not a duration such as 90s, 15m or 2h"));
    case Takes::kResource:
      return parse_key(given) ? std::nullopt
                              : std::optional(say("not a resource; write KIND/NAME, such as Server/lon-1"));
    case Takes::kKind:
      if (parse_kind_word(given)) return std::nullopt;
      return say("not a kind") + did_you_mean(given, kind_words());
    case Takes::kWord:
      if (std::ranges::find(words, given) != words.end()) return std::nullopt;
      return say(fmt::format("none of {}", fmt::join(words, ", "))) + did_you_mean(given, words);
  }
  return std::nullopt;
}

void add_options(CLI::App& app, const std::vector<Option>& options, Arguments& into) {
  for (const auto& option : options) {
    std::string names = "--" + option.name;
    if (option.letter != 0) names = fmt::format("-{},{}", option.letter, names);
    if (option.takes == Takes::kNothing) {
      auto& value = into.flags[option.name];
      value = option.on_by_default;
      app.add_flag(names, value, option.help);
      continue;
    }
    auto& values = into.values[option.name];
    auto* added = app.add_option(names, values, option.help)->allow_extra_args(false);
    if (!option.repeatable) added->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::Throw);
  }
}

void add_arguments(CLI::App& app, const std::vector<Argument>& arguments, Arguments& into) {
  for (const auto& argument : arguments) {
    auto* added = app.add_option(argument.name, into.values[argument.name], argument.help);
    if (argument.least > 0) added->required();
    if (argument.most == 1) {
      added->expected(1)->allow_extra_args(false);
    } else {
      added->expected(std::max(argument.least, 1),
                      argument.most < 0 ? CLI::detail::expected_max_vector_size : argument.most);
    }
  }
}

void add_command(CLI::App& parent, const Command& command, std::vector<std::unique_ptr<Slot>>& slots) {
  auto* app = parent.add_subcommand(command.name, command.sentence);
  slots.push_back(std::make_unique<Slot>(Slot{.command = &command, .app = app, .arguments = {}}));
  auto& slot = *slots.back();
  app->fallthrough();
  app->require_subcommand(0, 1);
  app->set_help_flag("-h,--help");
  add_options(*app, command.options, slot.arguments);
  add_arguments(*app, command.arguments, slot.arguments);
  for (const auto& child : command.commands) add_command(*app, child, slots);
}

std::vector<const Command*> path_to(const Command& program, const Command* wanted) {
  if (&program == wanted) return {&program};
  for (const auto& child : program.commands) {
    auto below = path_to(child, wanted);
    if (!below.empty()) {
      below.insert(below.begin(), &program);
      return below;
    }
  }
  return {};
}

// The deepest command that was named.
const Slot* chosen(const std::vector<std::unique_ptr<Slot>>& slots) {
  const Slot* found = nullptr;
  for (const auto& slot : slots) {
    if (slot->app->parsed()) found = slot.get();
  }
  return found;
}

std::vector<std::string> option_words(const Command* command) {
  std::vector<std::string> words{"--help"};
  for (const auto& option : global_options()) words.push_back("--" + option.name);
  if (command != nullptr) {
    for (const auto& option : command->options) words.push_back("--" + option.name);
  }
  return words;
}

std::vector<std::string> command_words(const Command& command) {
  std::vector<std::string> words;
  for (const auto& child : command.commands) words.push_back(child.name);
  return words;
}

UsageError usage_error(const Command& program, const Slot* slot, std::string_view message) {
  std::string name = program.name;
  if (slot != nullptr) {
    for (const auto* step : path_to(program, slot->command)) {
      if (step != &program) name += " " + step->name;
    }
  }
  return {fmt::format("{}; see \"{} --help\"", harmless(message), name)};
}

// What CLI11 could not place: an unknown option, an unknown command or a word too many.
UsageError extras_error(const Command& program, const Slot* slot, const std::vector<std::string>& extras) {
  const auto* command = slot == nullptr ? &program : slot->command;
  const auto unknown = std::ranges::find_if(extras, [](const std::string& word) { return word.starts_with("-"); });
  if (unknown != extras.end()) {
    const auto name = unknown->substr(0, unknown->find('='));
    for (const auto& [other, why] : command->not_taken) {
      if (name == "--" + other) {
        return usage_error(program, slot, fmt::format("there is no option \"{}\" here: {}", name, why));
      }
    }
    return usage_error(program, slot,
                       fmt::format("there is no option \"{}\"{}", name, did_you_mean(name, option_words(command))));
  }
  const auto word = extras.empty() ? std::string() : extras.front();
  if (!command->commands.empty()) {
    return usage_error(program, slot,
                       fmt::format("there is no command \"{}\"{}", word, did_you_mean(word, command_words(*command))));
  }
  return usage_error(program, slot, fmt::format("\"{}\" is one argument too many", word));
}

std::optional<std::string> check(const Arguments& given, const std::vector<Option>& options,
                                 const std::vector<Argument>& arguments) {
  for (const auto& option : options) {
    if (option.takes == Takes::kNothing) continue;
    for (const auto& value : given.list(option.name)) {
      if (auto wrong = complaint("--" + option.name, option.takes, option.words, value)) return wrong;
    }
  }
  for (const auto& argument : arguments) {
    for (const auto& value : given.list(argument.name)) {
      if (auto wrong = complaint(argument.name, argument.takes, argument.words, value)) return wrong;
    }
  }
  return std::nullopt;
}

bool takes_value(const Command& command, std::string_view name) {
  const auto is_it = [name](const Option& option) { return option.name == name && option.takes != Takes::kNothing; };
  return std::ranges::any_of(command.options, is_it) ||
         std::ranges::any_of(command.commands, [name](const Command& child) { return takes_value(child, name); });
}

// CLI11 takes "--reason=" (a script's empty variable) for an option whose value is the next word: then that would be
// swallowed. The value is empty, and said so.
std::vector<std::string> with_empty_values(const Command& program, const std::vector<std::string>& words) {
  std::vector<std::string> all;
  bool options = true;
  for (const std::string& word : words) {
    options = options && word != "--";
    const std::string name = word.size() > 3 && word.starts_with("--") ? word.substr(2, word.size() - 3) : "";
    const auto is_it = [&name](const Option& option) { return option.name == name && option.takes != Takes::kNothing; };
    const bool known = takes_value(program, name) || std::ranges::any_of(global_options(), is_it);
    if (options && word.ends_with('=') && known) {
      all.push_back("--" + name);
      all.emplace_back();
    } else {
      all.push_back(word);
    }
  }
  return all;
}

}  // namespace

std::variant<Invocation, HelpText, UsageError> parse_command_line(const Command& program,
                                                                  const std::vector<std::string>& words) {
  CLI::App app(program.sentence, program.name);
  app.set_help_flag("-h,--help");
  app.require_subcommand(0, 1);  // what follows is a word of the first: a folder may be called like a command
  Arguments global;
  add_options(app, global_options(), global);
  std::vector<std::unique_ptr<Slot>> slots;
  for (const auto& command : program.commands) add_command(app, command, slots);

  try {
    std::vector<std::string> all = with_empty_values(program, words);
    std::ranges::reverse(all);  // CLI11 takes the last word first
    app.parse(std::move(all));
  } catch (const CLI::CallForHelp&) {
    const auto* slot = chosen(slots);
    return HelpText{help_of(program, path_to(program, slot == nullptr ? &program : slot->command))};
  } catch (const CLI::ExtrasError&) {
    return extras_error(program, chosen(slots), app.remaining(true));
  } catch (const CLI::ParseError& wrong) {
    const auto* slot = chosen(slots);
    // "PATH is required" for a word that was mistaken for the command's name would mislead: name the option first.
    const auto extras = app.remaining(true);
    if (std::ranges::any_of(extras, [](const std::string& word) { return word.starts_with("-"); })) {
      return extras_error(program, slot, extras);
    }
    return usage_error(program, slot, wrong.what());
  }

  const auto* slot = chosen(slots);
  if (slot == nullptr) return HelpText{help_of(program, {&program})};
  if (slot->command->run == nullptr) {
    return usage_error(
        program, slot,
        fmt::format("\"{}\" needs one of: {}", slot->command->name, fmt::join(command_words(*slot->command), ", ")));
  }
  if (auto wrong = check(global, global_options(), {})) return usage_error(program, slot, *wrong);
  if (auto wrong = check(slot->arguments, slot->command->options, slot->command->arguments)) {
    return usage_error(program, slot, *wrong);
  }
  // Options of the commands above it may stand behind it: "sim ctl --world FILE dump".
  Invocation invocation{.command = slot->command, .arguments = slot->arguments};
  for (auto at = slots.rbegin(); at != slots.rend(); ++at) {
    if (!(*at)->app->parsed() || at->get() == slot) continue;
    if (auto wrong = check((*at)->arguments, (*at)->command->options, {})) return usage_error(program, slot, *wrong);
    invocation.arguments.values.merge((*at)->arguments.values);
    invocation.arguments.flags.merge((*at)->arguments.flags);
  }
  invocation.arguments.values.merge(global.values);
  invocation.arguments.flags.merge(global.flags);
  return invocation;
}

}  // namespace switchyard
