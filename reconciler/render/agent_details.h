#pragma once

#include <string>
#include <string_view>

#include "reconciler/render/style.h"
#include "specs/base/json.h"
#include "specs/base/timestamp.h"

namespace switchyard {

// What an agent reports beyond the fields that everybody understands (AgentReport::details): an object of
// {"value": anything, "at": when it was read}; null is unknown. The text is the far end's, so nothing in it is trusted.
// Empty when there is none.
std::string details_text(std::string_view details, Timestamp now, Colour colour);
// The same as JSON; null when there is none or when it makes no sense.
Json details_json(std::string_view details);

}  // namespace switchyard
