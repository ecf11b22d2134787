#pragma once

#include <string>

#include "providers/agent/daemon/driver.h"

namespace switchyard::kamailio {

// Sends one OPTIONS over UDP from `address` to its port 5060 and waits for the final answer. From the server's own
// address it is answered even where only dispatchers may speak. Error: kOutcomeUnknown when none came, kNotSent.
Result<Answer> ask_options(const std::string& address, Duration timeout);

}  // namespace switchyard::kamailio
