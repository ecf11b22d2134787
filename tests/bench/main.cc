#include <fmt/core.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "tests/bench/trial.h"

// Measures the budgets of the design and prints them as a table. It never fails for a figure: a slow machine is no
// error.
namespace {

using namespace switchyard::bench;

struct Picked {
  std::string name;
  std::optional<Trial> trial;
};

bool asked_for(std::string_view name, const std::vector<std::string>& words) {
  return words.empty() ||
         std::ranges::any_of(words, [&](const std::string& word) { return name.find(word) != name.npos; });
}

// One run of each trial, then the next one of each: what disturbs the machine for a while disturbs all of them alike.
void measure(std::vector<Picked>& picked) {
  int most = 0;
  for (const Picked& entry : picked) most = entry.trial ? std::max(most, entry.trial->runs) : most;
  for (int round = 0; round < most; ++round) {
    for (Picked& entry : picked) {
      if (!entry.trial || round >= entry.trial->runs) continue;
      const std::optional<Usage> usage = entry.trial->once();
      if (!usage) {
        for (Trial::Figure& figure : entry.trial->figures) figure.row.measured.clear();
        entry.trial->runs = 0;
        continue;
      }
      for (Trial::Figure& figure : entry.trial->figures) figure.row.measured.push_back(figure.value(*usage));
    }
  }
}

int usage_error(const char* text) {
  fmt::print(stderr,
             "switchyard_bench: {}\nusage: switchyard_bench --program FILE [--scratch DIR] [ROW...]\nrows:", text);
  for (const Entry& entry : program_entries()) fmt::print(stderr, " {}", entry.name);
  fmt::print(stderr, "\n");
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  Setting setting;
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if ((word == "--program" || word == "--scratch") && i + 1 < argc) {
      (word == "--program" ? setting.program : setting.scratch) = std::filesystem::absolute(argv[++i]);
    } else if (word.starts_with("-")) {
      return usage_error("an option that it does not know, or one without its value");
    } else {
      words.emplace_back(word);
    }
  }
  if (setting.program.empty()) return usage_error("--program is missing");
  std::vector<Entry> entries = program_entries();
  std::erase_if(entries, [&](const Entry& entry) { return !asked_for(entry.name, words); });
  if (entries.empty()) return usage_error("no row has that in its name");
  const bool own_scratch = setting.scratch.empty();
  if (own_scratch) {
    std::string pattern = (std::filesystem::temp_directory_path() / "switchyard-bench-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) return usage_error("no scratch folder can be made");
    setting.scratch = pattern;
  }
  std::vector<Picked> picked;
  for (const Entry& entry : entries) picked.push_back({.name = entry.name, .trial = entry.prepare(setting)});
  measure(picked);

  std::vector<Row> rows;
  for (const Picked& entry : picked) {
    if (!entry.trial) rows.push_back({.what = entry.name, .unit = "", .budget = std::nullopt});
    if (!entry.trial) continue;
    for (const Trial::Figure& figure : entry.trial->figures) rows.push_back(figure.row);
  }
  fmt::print("{}", to_table(rows));
  if (own_scratch) std::filesystem::remove_all(setting.scratch);
  return std::ranges::any_of(rows, [](const Row& row) { return row.measured.empty(); }) ? 1 : 0;
}
