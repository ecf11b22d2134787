#pragma once

#include <string>

#include "reconciler/core/plan.h"
#include "reconciler/render/style.h"

// The parts of a plan below its changes. Each is empty when it has nothing to say, else it ends with an empty line.
namespace switchyard {

// Which changes wait for which.
std::string order_section(const Plan& plan, Colour colour);
// What each account has, what is short, and how long it lasts.
std::string money_section(const Plan& plan, Colour colour);
// Destroys against the limit, the lowest capacity on the way, calls affected.
std::string safety_section(const Plan& plan, Colour colour);
// Overrides, adopted and unmanaged servers, warnings.
std::string notes_section(const Plan& plan, Timestamp now, Colour colour);

}  // namespace switchyard
