#include <fmt/format.h>

#include <string>

#include "reconciler/cli/parse.h"
#include "reconciler/render/style.h"

namespace switchyard {
namespace {

std::string usage_of(const Argument& argument) {
  std::string text = argument.name;
  if (argument.most != 1) text += "...";
  return argument.least == 0 ? "[" + text + "]" : text;
}

std::string name_of(const Option& option) {
  std::string text = option.letter != 0 ? fmt::format("-{}, --{}", option.letter, option.name) : "    --" + option.name;
  if (!option.value.empty()) text += " " + option.value;
  if (option.on_by_default) text += "=false";
  return text;
}

std::string help_text_of(const Option& option) {
  std::string text = option.help;
  if (!option.words.empty()) text += fmt::format(": {}", fmt::join(option.words, ", "));
  if (option.repeatable) text += " (repeatable)";
  return text;
}

void append_options(std::string& out, std::string_view title, const std::vector<Option>& options) {
  if (options.empty()) return;
  Table table({});
  for (const auto& option : options) table.add({name_of(option), help_text_of(option)});
  out += fmt::format("\n{}\n{}", title, table.text(Colour::kOff, "  "));
}

}  // namespace

std::string help_of(const Command& program, const std::vector<const Command*>& path) {
  const auto& command = path.empty() ? program : *path.back();
  std::string usage;
  for (const auto* step : path) usage += (usage.empty() ? "" : " ") + step->name;
  for (const auto& argument : command.arguments) usage += " " + usage_of(argument);
  if (!command.options.empty()) usage += " [options]";
  if (!command.commands.empty()) usage += command.run == nullptr ? " COMMAND" : " [COMMAND]";

  std::string out = fmt::format("{}\n\nUsage: {}\n", command.sentence, usage);
  if (!command.commands.empty()) {
    Table table({});
    for (const auto& child : command.commands) table.add({child.name, child.sentence});
    out += "\nCommands\n" + table.text(Colour::kOff, "  ");
  }
  if (!command.arguments.empty()) {
    Table table({});
    for (const auto& argument : command.arguments) {
      std::string help = argument.help;
      if (!argument.words.empty()) help += fmt::format(": {}", fmt::join(argument.words, ", "));
      table.add({argument.name, help});
    }
    out += "\nArguments\n" + table.text(Colour::kOff, "  ");
  }
  append_options(out, "Options", command.options);
  append_options(out, "Everywhere", global_options());
  if (!command.example.empty()) {
    out += "\nExample\n";
    std::string_view rest = command.example;
    while (!rest.empty()) {
      const auto end = rest.find('\n');
      out += fmt::format("  {}\n", rest.substr(0, end));
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    }
  }
  return out;
}

}  // namespace switchyard
