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

bool asked_for(std::string_view name, const std::vector<std::string>& words) {
  return words.empty() ||
         std::ranges::any_of(words, [&](const std::string& word) { return name.find(word) != name.npos; });
}

// One run of each trial, then the next one of each: what disturbs the machine for a while disturbs all of them alike.
void measure(std::vector<Trial>& trials) {
  const int most = std::ranges::max(trials, {}, &Trial::runs).runs;
  for (int round = 0; round < most; ++round) {
    for (Trial& trial : trials) {
      if (round >= trial.runs) continue;
      const std::optional<std::vector<double>> values = trial.once();
      if (!values) trial.runs = 0;
      for (std::size_t row = 0; row < trial.rows.size(); ++row) {
        if (values) trial.rows[row].measured.push_back((*values)[row]);
        if (!values) trial.rows[row].measured.clear();
      }
    }
  }
}

// Prepares and measures those entries that were asked for, and adds their rows.
void add_rows(const std::vector<Entry>& entries, const std::vector<std::string>& words, const Setting& setting,
              std::vector<Row>& rows) {
  std::vector<Trial> trials;
  for (const Entry& entry : entries) {
    if (!asked_for(entry.name, words)) continue;
    std::optional<Trial> trial = entry.prepare(setting);
    trials.push_back(
        trial ? std::move(*trial)
              : Trial{.rows = {{.what = entry.name, .unit = "", .budget = std::nullopt}}, .runs = 0, .once = {}});
  }
  if (trials.empty()) return;
  measure(trials);
  for (const Trial& trial : trials) rows.insert(rows.end(), trial.rows.begin(), trial.rows.end());
}

int usage_error(const char* text) {
  fmt::print(stderr,
             "switchyard_bench: {}\nusage: switchyard_bench --program FILE [--scratch DIR] [ROW...]\nrows:", text);
  for (const Entry& entry : program_entries()) fmt::print(stderr, " {}", entry.name);
  for (const Entry& entry : engine_entries()) fmt::print(stderr, " {}", entry.name);
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
  const bool own_scratch = setting.scratch.empty();
  if (own_scratch) {
    std::string pattern = (std::filesystem::temp_directory_path() / "switchyard-bench-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) return usage_error("no scratch folder can be made");
    setting.scratch = pattern;
  }
  std::vector<Row> rows;
  add_rows(program_entries(), words, setting, rows);
  add_rows(engine_entries(), words, setting, rows);
  if (own_scratch) std::filesystem::remove_all(setting.scratch);
  if (rows.empty()) return usage_error("no row has that in its name");
  fmt::print("{}", to_table(rows));
  return std::ranges::any_of(rows, [](const Row& row) { return row.measured.empty(); }) ? 1 : 0;
}
