#pragma once

#include <string_view>

#include "providers/call.h"

namespace switchyard::fuzz {

// What must hold for the answer to any call: `bytes` is "STATUS\n", lines "header: value", an empty line and a body.
void check_answer(const Call& call, std::string_view bytes);

}  // namespace switchyard::fuzz
