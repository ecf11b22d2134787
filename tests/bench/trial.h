#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/bench/process.h"
#include "tests/bench/table.h"

namespace switchyard::bench {

// Where to measure, and with what.
struct Setting {
  std::filesystem::path program;  // the switchyard to measure
  std::filesystem::path scratch;  // worlds and states are made here
};

// Something that is run several times, and the rows that each run gives a value to.
struct Trial {
  struct Figure {
    Row row;
    std::function<double(const Usage&)> value;
  };
  std::vector<Figure> figures;
  int runs;
  std::function<std::optional<Usage>()> once;  // nothing: it failed, and said why on stderr
};

// A trial by the name that picks it. Making one may take minutes: a fleet of 100,000 has to be brought up first.
struct Entry {
  std::string name;
  std::function<std::optional<Trial>(const Setting&)> prepare;
};

// All that is measured with whole processes.
std::vector<Entry> program_entries();

}  // namespace switchyard::bench
