#pragma once

#include <string>

#include "providers/call.h"
#include "state/model/intent.h"

namespace switchyard::testing {

// "create Server/a", "drain srv-3", "list": for traces.
std::string to_text(const Call& call);

// Whether a call that changes the world is the one that this intent was written for (law 3).
bool stands_for(const Intent& intent, const Call& call);

}  // namespace switchyard::testing
