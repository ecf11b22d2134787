#include "tests/bench/table.h"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <thread>

namespace switchyard::bench {
namespace {

std::string number(double value) {
  if (value >= 100) return fmt::format("{:.0f}", value);
  if (value >= 10) return fmt::format("{:.1f}", value);
  return fmt::format("{:.2f}", value);
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

std::string verdict(const Row& row) {
  if (row.measured.empty()) return "FAILED";
  if (!row.budget) return "";
  return within(row) ? "ok" : "OVER";
}

}  // namespace

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

bool within(const Row& row) {
  if (row.measured.empty()) return false;
  if (!row.budget) return true;
  const double value = median(row.measured);
  return row.better == Better::kLower ? value <= *row.budget : value >= *row.budget;
}

std::string to_table(const std::vector<Row>& rows) {
  std::string text = fmt::format("{}, {} cores\n\n", processor(), std::thread::hardware_concurrency());
  text += fmt::format("{:<58} {:>12} {:>12}   {:<22} {}\n", "what", "budget", "median", "(min .. max, runs)", "");
  for (const Row& row : rows) {
    std::string budget = "-";
    if (row.budget) {
      budget = fmt::format("{}{} {}", row.better == Better::kHigher ? ">= " : "", number(*row.budget), row.unit);
    }
    std::string value = "-";
    std::string spread;
    if (!row.measured.empty()) {
      const auto [low, high] = std::ranges::minmax(row.measured);
      value = fmt::format("{} {}", number(median(row.measured)), row.unit);
      spread = fmt::format("({} .. {}, {})", number(low), number(high), row.measured.size());
    }
    text += fmt::format("{:<58} {:>12} {:>12}   {:<22} {}\n", row.what, budget, value, spread, verdict(row));
    if (!row.note.empty()) text += fmt::format("    {}\n", row.note);
  }
  return text;
}

}  // namespace switchyard::bench
