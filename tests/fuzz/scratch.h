#pragma once

#include <string>
#include <string_view>

namespace switchyard::fuzz {

// A folder of this process, in memory where the machine has such a place; it goes with all in it when the process ends.
const std::string& scratch_folder();
// Writes a file there and gives its path.
std::string scratch_file(std::string_view name, std::string_view bytes);

}  // namespace switchyard::fuzz
