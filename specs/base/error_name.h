#pragma once

#include <optional>
#include <string_view>

#include "specs/base/result.h"

namespace switchyard {

// "locked" of kLocked: how an error's code is called in JSON.
std::string_view to_string(ErrorCode code);
std::optional<ErrorCode> parse_error_code(std::string_view text);

}  // namespace switchyard
