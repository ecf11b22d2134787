#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reconciler/core/diff.h"

namespace switchyard {

// A plan as `plan --out` keeps it and `apply FILE` takes it: with the options it was made under, the PATHs it is about
// and the state it belongs to. No secret is in it: a plan holds none.
struct PlanFile {
  std::string program;             // version that wrote it
  Timestamp written;               // machine's clock
  std::string state;               // absolute path of the state file
  std::vector<std::string> scope;  // absolute PATHs
  PlanOptions options;
  std::string reason;  // --reason
  Plan plan;

  friend bool operator==(const PlanFile&, const PlanFile&) = default;
};

// Written whole or not at all, readable by its owner only. Error: kStorage.
Result<Done> write_plan_file(const std::string& path, const PlanFile& file);

// Nothing when `path` is no plan file (a folder, YAML, anything else). Errors: kUnreadable, kTooNew.
Result<std::optional<PlanFile>> read_plan_file(const std::string& path);

}  // namespace switchyard
