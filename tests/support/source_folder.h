// Where the project's own files lie, for tests that read examples and golden files.
#pragma once

#include <filesystem>

namespace switchyard {

// The root of the source tree that this program was built from.
std::filesystem::path source_folder();

}  // namespace switchyard
