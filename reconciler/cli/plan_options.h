#pragma once

#include <vector>

#include "reconciler/cli/command.h"
#include "reconciler/core/diff.h"

namespace switchyard {

// The options that choose and bound what is planned: --target, --exclude, --what-if-balance, --max-destroy,
// --allow-disruption and --reason.
std::vector<Option> plan_option_table();
// Those of every command that carries a plan out: --auto-approve, --parallelism, --timeout.
std::vector<Option> apply_option_table();

// What was given, against the fleet (an amount is one in its accounts' currency). Error: kInvalid, naming the option.
Result<PlanOptions> parse_plan_options(const Arguments& arguments, const DesiredFleet& fleet);
// Of a command that names its servers itself: --allow-disruption and --reason alone. Error: kInvalid.
Result<PlanOptions> parse_disruption(const Arguments& arguments);

}  // namespace switchyard
