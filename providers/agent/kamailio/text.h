#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "specs/base/result.h"

// Text on its way into Kamailio's files. Nothing gets there that could mean something else in them.
namespace switchyard::kamailio {

// Letters, digits and the marks that names, addresses and SIP URIs need: no quote, backslash, space, line end, "#", "$"
// or "@" of a select. What is not plain is refused, never escaped.
bool is_plain(std::string_view text);

// A host, with brackets around an IPv6 address, as it stands in a URI or behind "udp:".
std::string in_uri(std::string_view address);

// Host and port of "host", "host:port" or "[v6]:port"; nothing for anything else.
struct HostPort {
  std::string host;  // as in a URI
  std::uint16_t port;
};
std::optional<HostPort> parse_host_port(std::string_view text, std::uint16_t fallback);

// "sip:" URI as Kamailio's lists take it: "sips:" becomes "sip:" over TLS, which is how it is sent. Error: kInvalid.
Result<std::string> list_uri(std::string_view uri);

}  // namespace switchyard::kamailio
