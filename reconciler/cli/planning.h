#pragma once

#include <functional>
#include <optional>
#include <string>

#include "reconciler/cli/session.h"
#include "reconciler/render/plan_view.h"

// What plan, apply, destroy, drift and run have in common.
namespace switchyard {

// Plans, with what people want to see beside the plan. `lookup_limit`: how many fields are looked up in the specs'
// text.
PlanView plan_now(Session& session, const PlanOptions& options, const Context& context);
// The same of a plan that was made before.
PlanView with_places(Session& session, Plan plan, const Context& context);

// Reports that looking at the world came to nothing, and gives the exit code: 4 where it was stopped before its end.
int could_not_look(Context& context, const Error& error);

// Says on stderr which accounts could not be looked at, and why.
void tell_of_trouble(Context& context, const WorldView& world);

// Law 5 for `apply --what-if-balance`: an amount may be planned with that is lower than what is there, never one that
// is higher. Error: kInvalid.
Result<Done> check_what_if(Session& session, const PlanOptions& options);

// Runs `work` with progress shown on stderr: live on a terminal, plain lines elsewhere.
Result<ApplyReport> with_progress(
    Context& context, const std::function<Result<ApplyReport>(const std::function<void(const Progress&)>&)>& work);

struct Approval {
  const PlanView& view;  // what is carried out
  const PlanOptions& options;
  Engine::Scope scope;
  std::string question;  // "Carry out these 3 changes?"
  bool auto_approve;
};
// Shows the plan, asks, carries it out with progress on stderr, and reports. Gives the exit code.
int carry_out(Context& context, Session& session, const Approval& approval);

}  // namespace switchyard
