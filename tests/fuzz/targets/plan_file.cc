// A plan file, read, shown, written and read again.
#include "reconciler/cli/plan_file.h"
#include "reconciler/render/plan_text.h"
#include "tests/fuzz/scratch.h"
#include "tests/fuzz/target.h"

namespace switchyard::fuzz {

void plan_file(std::string_view bytes) {
  const auto read = read_plan_file(scratch_file("a.plan", bytes));
  if (!read.ok()) {
    promise(read.error().code == ErrorCode::kUnreadable || read.error().code == ErrorCode::kTooNew,
            "a plan file that cannot be read says why");
    promise(read.error().message.size() <= 1024 && read.error().message.find('\n') == std::string::npos,
            "in a short line");
    promise_harmless(read.error().message, "an error");
    return;
  }
  if (!read->has_value()) return;
  const PlanFile& file = **read;
  const FieldLookup nowhere = [](const Key&, std::string_view) { return std::optional<Source>(); };
  promise_harmless(render_plan(view_of(file.plan, DesiredFleet{}, {}, nowhere), file.written, Colour::kOff),
                   "a plan for people");
  const std::string copy = scratch_folder() + "/b.plan";
  promise(write_plan_file(copy, file).ok(), "a plan that was read can be written");
  const auto back = read_plan_file(copy);
  promise(back.ok() && back->has_value(), "and read again" + (back.ok() ? "" : ": " + back.error().message));
  promise_same(to_string(to_json((*back)->plan)), to_string(to_json(file.plan)), "a plan survives its file");
  promise(**back == file, "and everything that goes with it");
}

}  // namespace switchyard::fuzz
