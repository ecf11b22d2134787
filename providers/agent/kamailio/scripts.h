#pragma once

#include <string_view>

// The files of scripts/, built into the program.
namespace switchyard::kamailio {

extern const std::string_view kCommonScript;
extern const std::string_view kSwitchScript;
extern const std::string_view kDispatcherScript;

}  // namespace switchyard::kamailio
