#pragma once

#include <optional>
#include <string>
#include <vector>

namespace switchyard::bench {

enum class Better { kLower, kHigher };

// One line of the table: a budget of the design, and what was measured.
struct Row {
  std::string what;
  std::string unit;  // "ms", "MB", "%", "calls"
  std::optional<double> budget;
  Better better = Better::kLower;
  std::vector<double> measured = {};  // one value a run; empty: it could not be measured
  std::string note = {};              // what went wrong, or what the figure is made of
};

double median(std::vector<double> values);

// Whether the median keeps the budget. A row without a measurement keeps none.
bool within(const Row& row);

// The table as people read it, one line a row, with the machine above it.
std::string to_table(const std::vector<Row>& rows);

}  // namespace switchyard::bench
