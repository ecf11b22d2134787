#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "providers/agent/daemon/driver.h"

// Measures latency the way a client sees it. The two block until an answer or their timeout.
namespace switchyard {

// One SIP OPTIONS over UDP (RFC 3261, 11), IPv4 or IPv6, from a port of its own; the final answer with its branch
// counts. Errors: kOutcomeUnknown (no answer in time), kNotSent (no socket, no such address).
Result<Answer> probe_sip(const std::string& address, std::uint16_t port, Duration timeout);

// One ICMP echo: through a datagram socket where the kernel allows it (net.ipv4.ping_group_range), else a raw one.
// Errors: kOutcomeUnknown (no answer in time), kRefused (neither socket is allowed: latency is unavailable).
Result<std::chrono::microseconds> probe_icmp(const std::string& address, Duration timeout);

}  // namespace switchyard
