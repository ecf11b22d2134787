#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "specs/base/json.h"
#include "specs/base/timestamp.h"

// The two doors of a running rtpengine. Each call opens a socket of its own and ends by its timeout.
namespace switchyard {

// One request of the NG protocol (UDP, bencoded), each with a cookie of its own: rtpengine repeats its old answer to a
// cookie it has seen. The answer is the dictionary. Errors: kOutcomeUnknown (no answer), kNotSent, kUnreadable,
// kRefused
// ("result" is "error"; its own words).
Result<Json> ask_ng(const std::string& address, std::uint16_t port, const Json& request, Duration timeout);

// One line to the command line interface (TCP) and all that comes back. Errors: kNotSent, kOutcomeUnknown.
Result<std::string> ask_cli(const std::string& address, std::uint16_t port, std::string_view line, Duration timeout);

}  // namespace switchyard
