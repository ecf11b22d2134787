#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace switchyard::testing {

// What `./dev crash` asks of the matrix, as variables of the environment: SWITCHYARD_CRASH_NAME.
std::optional<std::string> asked(const std::string& name);
std::optional<std::int64_t> asked_number(const std::string& name);

}  // namespace switchyard::testing
