#pragma once

#include "providers/agent/daemon/driver.h"

// What is wanted and how it was rendered, as text in the server's folder. Secrets are in it: such a file is 0600 and
// never leaves the machine.
namespace switchyard {

Json stored_json(const Configuration& configuration);
Result<Configuration> configuration_from_stored(const Json& json);  // kUnreadable

// Without the files, which lie beside it.
Json stored_json(const Rendered& rendered);
Result<Rendered> rendered_from_stored(const Json& json);  // kUnreadable

}  // namespace switchyard
