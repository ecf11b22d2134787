#pragma once

#include <cstdint>
#include <string_view>

#include "providers/sim/world.h"

namespace switchyard {

// `ctl set NAME FIELD VALUE`: a fact of the server at its provider (size, region, price, release, pendingRelease,
// expires, testPeriod, phase, mark, fleet, uid), or a field that its agent has in force, by its path
// ("spec.options.uacPing") or what is left of it without "spec." and "options.". Errors: kInvalid (no such field, no
// such value).
Result<Done> set_server_field(World& world, std::int64_t number, std::string_view field, std::string_view value);

// Whether a server's field is its agent's: releases, and what is in force.
bool is_of_agent(std::string_view field);

// `ctl set world FIELD VALUE`: depositBase, depositPerServer, creditLine, testPeriod, settling, requestsPerMinute,
// pageSize, release, currency (while there are no servers), seed. Errors: kInvalid.
Result<Done> set_world_field(World& world, std::string_view field, std::string_view value);

}  // namespace switchyard
