#pragma once

#include <string>

#include "reconciler/render/plan_view.h"
#include "reconciler/render/style.h"

namespace switchyard {

// A plan for people (design 6): one line a resource, grouped by zone then cluster, what differs below it; then order,
// money, safety, overrides and what is not ours; one summary line at the end. `now` is on the engine's clock.
std::string render_plan(const PlanView& view, Timestamp now, Colour colour);

// The last line alone: "Plan: 3 to create, 1 held, 46 unchanged."
std::string render_summary(const Plan& plan);

}  // namespace switchyard
