#pragma once

#include <cstddef>
#include <string_view>

#include "specs/base/json.h"

namespace switchyard {

// parse_json() for what strangers send: at most so many values, because in memory a value takes up to twenty times the
// bytes of its text. Error: kUnreadable.
Result<Json> parse_bounded_json(std::string_view text, std::size_t most_values);

}  // namespace switchyard
