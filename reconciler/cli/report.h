#pragma once

#include <string>

#include "reconciler/engine/engine.h"
#include "reconciler/render/style.h"

namespace switchyard {

// What an apply came to, for people: what failed and went stale, what is held, one summary line.
std::string render_report(const ApplyReport& report, Colour colour);

// {"changesDone", "holds", "failures", "stale", "interrupted", "exitCode"}.
Json to_json(const ApplyReport& report);

}  // namespace switchyard
