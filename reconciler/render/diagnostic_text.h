#pragma once

#include <string>

#include "reconciler/render/style.h"
#include "specs/diagnostic.h"

namespace switchyard {

// Complaints about the specs as compilers print them, the severity in colour.
std::string render_diagnostics(const Diagnostics& diagnostics, Colour colour);

// "2 errors, 1 warning".
std::string count_diagnostics(const Diagnostics& diagnostics);

}  // namespace switchyard
