#pragma once

#include <functional>
#include <optional>
#include <string>

#include "reconciler/record/record_values.h"
#include "specs/base/timestamp.h"

namespace switchyard {

// One thing that the engine did again.
struct ReplayStep {
  std::int64_t line;  // of the record
  Timestamp at;       // engine's clock
  std::string text;   // "asked: settle", "call 7: POST /v1/servers", "decided: 3 changes, 1 hold"
};

struct ReplayReport {
  std::string recorded_by;  // the program's version
  std::int64_t parts = 0;
  std::int64_t steps = 0;
  std::int64_t plans = 0;
  std::int64_t calls = 0;
  struct Parting {
    std::int64_t line;
    std::string text;  // what the program does now in place of what is recorded
    std::optional<Difference> difference;
  };
  std::optional<Parting> parting;  // where this program decides differently; nothing: nowhere
  bool cut_short = false;          // the record ends in the middle, as after a crash
};

// Has the engine decide again, from what a record says it saw. Nothing is called and nothing of the user's is written:
// the state is a copy in `folder`, which is to be empty. Errors: kUnreadable, kTooNew, kStorage.
Result<ReplayReport> replay(const std::string& path, const std::string& folder,
                            const std::function<void(const ReplayStep&)>& on_step);

}  // namespace switchyard
