#pragma once

#include <string>
#include <vector>

#include "providers/agent/daemon/driver.h"

// Configurations for tests of what becomes of them.
namespace switchyard {

Place switch_place();
Place dispatcher_place();

// A switch that uses every option of the language, and a dispatcher that uses those it can.
Configuration full_switch();
Configuration full_dispatcher();

void set_secret(Configuration& configuration, const std::string& path, const std::string& value);

}  // namespace switchyard
