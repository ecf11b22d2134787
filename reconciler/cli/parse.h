#pragma once

#include <string>
#include <variant>
#include <vector>

#include "reconciler/cli/command.h"

namespace switchyard {

// A command to be run, with what was given for it; the global options are among `arguments`.
struct Invocation {
  const Command* command;
  Arguments arguments;
};

// Help was asked for: its text.
struct HelpText {
  std::string text;
};

// The command line makes no sense; the message ends with a suggestion where one is near.
struct UsageError {
  std::string message;
};

// Reads a command line (without the program's name) against the tables. The one file that includes CLI11 implements it.
std::variant<Invocation, HelpText, UsageError> parse_command_line(const Command& program,
                                                                  const std::vector<std::string>& words);

// `switchyard plan --help`: usage, sentence, example, options.
std::string help_of(const Command& program, const std::vector<const Command*>& path);

}  // namespace switchyard
