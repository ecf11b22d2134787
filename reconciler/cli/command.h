#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "specs/base/timestamp.h"

// The command line as tables: parsing, help and completion are all read off them, so that they cannot disagree.
namespace switchyard {

class Context;

// What an option's or argument's text must look like; also says what a shell may complete it to.
enum class Takes {
  kNothing,   // a flag
  kText,      // anything
  kPath,      // a file or folder
  kInteger,   // a whole number, 0 or more
  kCount,     // a whole number, 1 or more
  kDuration,  // "90s"
  kResource,  // KIND/NAME
  kKind,      // a kind, in any case, singular or plural
  kWord,      // one of `words`
};

struct Option {
  std::string name;  // without dashes: "auto-approve"
  std::string help;  // what it does, without a full stop
  Takes takes = Takes::kNothing;
  std::string value = {};      // how help names its value: "FILE"
  bool repeatable = false;     // may be given several times
  bool on_by_default = false;  // a flag that is on unless "--name=false"
  char letter = 0;             // "-C"; 0: none
  std::vector<std::string> words = {};
};

struct Argument {
  std::string name;  // as help writes it: "PATH"
  std::string help;
  Takes takes = Takes::kText;
  int least = 1;
  int most = 1;  // -1: any number
  std::vector<std::string> words = {};
};

// What was given for one command. Asking for a name that the command's table lacks is a bug and aborts.
class Arguments {
 public:
  bool flag(std::string_view name) const;
  std::optional<std::string> text(std::string_view name) const;
  const std::vector<std::string>& list(std::string_view name) const;
  // Checked when the command line was read.
  std::optional<std::int64_t> integer(std::string_view name) const;
  std::optional<Duration> duration(std::string_view name) const;
  // The first value of an argument; empty when it was left out.
  std::string argument(std::string_view name) const;

  std::map<std::string, std::vector<std::string>, std::less<>> values;
  std::map<std::string, bool, std::less<>> flags;
};

struct Command {
  std::string name;
  std::string sentence;  // what it does, in one sentence
  std::string example;   // one or several lines, each a command
  std::vector<Argument> arguments = {};
  std::vector<Option> options = {};
  // Options of its neighbours that it has not, and why: for whoever expects them.
  std::vector<std::pair<std::string, std::string>> not_taken = {};
  std::vector<Command> commands = {};
  int (*run)(Context&, const Arguments&) = nullptr;  // gives the exit code
};

// The options that every command takes.
const std::vector<Option>& global_options();

}  // namespace switchyard
