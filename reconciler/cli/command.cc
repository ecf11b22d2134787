#include "reconciler/cli/command.h"

#include <charconv>
#include <cstdlib>

namespace switchyard {
namespace {

// A name that is not in the table is a mistake of ours: better seen at once than taken as "not given".
template <class Map>
const auto& known(const Map& map, std::string_view name) {
  const auto at = map.find(name);
  if (at == map.end()) std::abort();
  return at->second;
}

}  // namespace

bool Arguments::flag(std::string_view name) const {
  return known(flags, name);
}

const std::vector<std::string>& Arguments::list(std::string_view name) const {
  return known(values, name);
}

std::optional<std::string> Arguments::text(std::string_view name) const {
  const auto& given = list(name);
  if (given.empty()) return std::nullopt;
  return given.back();
}

std::string Arguments::argument(std::string_view name) const {
  return text(name).value_or("");
}

std::optional<std::int64_t> Arguments::integer(std::string_view name) const {
  const auto given = text(name);
  if (!given) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), value);
  if (error != std::errc() || end != given->data() + given->size()) return std::nullopt;
  return value;
}

std::optional<Duration> Arguments::duration(std::string_view name) const {
  const auto given = text(name);
  if (!given) return std::nullopt;
  const auto parsed = parse_duration(*given);
  return parsed ? std::optional(*parsed) : std::nullopt;
}

const std::vector<Option>& global_options() {
  static const std::vector<Option> kOptions{
      {.name = "state", .help = "the state file", .takes = Takes::kPath, .value = "FILE"},
      {.name = "directory",
       .help = "change to this folder first",
       .takes = Takes::kPath,
       .value = "DIR",
       .letter = 'C'},
      {.name = "json", .help = "write the result as JSON"},
      {.name = "no-color", .help = "no colours (NO_COLOR does the same)"},
      {.name = "log-level",
       .help = "how much is logged to stderr",
       .takes = Takes::kWord,
       .value = "LEVEL",
       .words = {"debug", "info", "warn", "error", "off"}},
      {.name = "log-format",
       .help = "how log lines are written",
       .takes = Takes::kWord,
       .value = "FORMAT",
       .words = {"text", "json"}},
      {.name = "lock-timeout",
       .help = "how long to wait for the state's lock",
       .takes = Takes::kDuration,
       .value = "DURATION"},
  };
  return kOptions;
}

}  // namespace switchyard
