#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "specs/assemble.h"
#include "specs/complaints.h"
#include "specs/diagnostic.h"
#include "specs/load.h"

namespace switchyard {

// Turns complaints into diagnostics: parses each file that has some once more. `files` still hold their bytes, or are
// read again; where a file has changed since, a complaint stands at 1:1.
void locate(std::vector<Complaint> complaints, const std::vector<SpecFile>& files, Diagnostics& diagnostics);

}  // namespace switchyard
