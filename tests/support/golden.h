#pragma once

#include <string>
#include <string_view>

namespace switchyard {

// Compares what a person would read with tests/golden/NAME, as a whole. With SWITCHYARD_UPDATE_GOLDEN=1 it writes the
// file instead and marks the test skipped, so that an update never looks like a pass.
void expect_golden(std::string_view name, const std::string& text);

}  // namespace switchyard
