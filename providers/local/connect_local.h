#pragma once

#include "providers/connect.h"

namespace switchyard {

// An account whose servers stand on this machine. What lies outside of the YAML is in the environment:
// SWITCHYARD_AGENT (the agent's program; else the one beside this program, else the one on the PATH) and
// SWITCHYARD_LOCAL_NETWORK (127.66.0.0/16).
Result<Connected> connect_local(const DesiredAccount& account, const ConnectOptions& options);

}  // namespace switchyard
