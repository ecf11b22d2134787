#pragma once

#include <string>
#include <string_view>

#include "reconciler/cli/command.h"

namespace switchyard {

// The completion script of `shell` (bash, zsh or fish), generated from the tables that the command line is read with.
std::string completion_script(const Command& program, std::string_view shell);

}  // namespace switchyard
