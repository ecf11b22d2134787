#pragma once

#include "providers/sim/ctl.h"
#include "providers/sim/world.h"

namespace switchyard {

// Carries a ctl command out on a world in memory. Errors: kInvalid, kNotFound.
Result<Json> do_by_hand(const CtlCommand& command, World& world, FaultBook& faults);

}  // namespace switchyard
