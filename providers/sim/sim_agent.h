#pragma once

#include <cstdint>
#include <string_view>

#include "providers/provider.h"
#include "providers/sim/sim_server.h"

namespace switchyard {

// The daemon on a simulated server. Errors of all: kNotSent (it cannot be reached: its server is not running),
// kConflict (its server is busy).

// The configuration that a create or a configure carries, as the agent keeps it: secrets as fingerprints only.
SimConfiguration configuration_of(const Fields& fields, const std::vector<Peer>& peers,
                                  const std::vector<std::pair<std::string, std::string>>& secrets,
                                  std::string_view salt);

// Brings a configuration into force at the cheapest level (specs/effects.h): at once, with a restart of the SIP process
// (seconds), or with a reboot (minutes). The number of calls that this cut.
Result<std::int64_t> configure_agent(SimServer& server, SimConfiguration wanted, std::uint64_t draw, Timestamp now);

// drain undrain flush upgrade. The number of calls that this cut. kInvalid: no action of an agent.
Result<std::int64_t> act_on_agent(SimServer& server, Action action, std::uint64_t draw, Timestamp now);

// kNotSent unless the agent can be reached now.
Result<Done> reach_agent(const SimServer& server);

}  // namespace switchyard
