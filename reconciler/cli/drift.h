#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "reconciler/core/plan.h"
#include "reconciler/render/plan_view.h"
#include "reconciler/render/style.h"
#include "state/model/intent.h"

namespace switchyard {

// What the journal holds of one resource, newest first.
using Journal = std::function<std::vector<std::pair<Intent, std::optional<Outcome>>>(const Key&)>;

struct DriftInput {
  const Plan& plan;
  const DesiredFleet& desired;
  std::span<const Declaration> declarations;
  const Journal& journal;
};

// The part of a plan that is there although nobody changed the YAML: what the world did by itself or somebody did to
// it. A difference is drift when the configuration that was last sent is the one that is wanted now; a missing server
// is when it was there before; power is when the last thing done here fits the YAML. Pure.
struct Drift {
  std::vector<Change> changes;
  std::vector<Hold> holds;
  std::int64_t from_specs = 0;  // changes and holds that come from the YAML

  bool empty() const { return changes.empty() && holds.empty(); }
};
Drift drift_of(const DriftInput& input);

// Observed and desired side by side. `view` says where fields are set; `now` is on the engine's clock.
std::string render_drift(const Drift& drift, const PlanView& view, Colour colour);

}  // namespace switchyard
