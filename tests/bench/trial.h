#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/bench/table.h"

namespace switchyard::bench {

// Where to measure, and with what.
struct Setting {
  std::filesystem::path program;  // the switchyard to measure
  std::filesystem::path scratch;  // worlds and states are made here
};

// Something that is run several times; each run gives one value to each of its rows.
struct Trial {
  std::vector<Row> rows;
  int runs;
  std::function<std::optional<std::vector<double>>()> once;  // nothing: it failed, and said why on stderr
};

// A trial by the name that picks it. Making one may take minutes: a fleet of 100,000 has to be brought up first.
struct Entry {
  std::string name;
  std::function<std::optional<Trial>(const Setting&)> prepare;
};

// All that is measured with whole processes. They come first: a child's peak memory begins at its parent's, and this
// program has to be small still.
std::vector<Entry> program_entries();
// All that is measured on the engine within this process, against a provider of our own.
std::vector<Entry> engine_entries();

}  // namespace switchyard::bench
