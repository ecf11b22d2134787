#pragma once

#include "providers/http/socket.h"
#include "providers/http/transport.h"

namespace switchyard {

// One request over a connection of its own, with a certificate of ours and a trust of ours
// (HttpTransport::Options::tls). Not by cpprestsdk, which reads the system's authorities anew for each connection (80
// ms of processor time where they are one file) before it asks whom to believe, and says of a failed handshake only
// that it failed. The endpoint is an address: "https://127.0.0.1:7443", "https://[::1]:7443". Errors beside those of
// HttpTransport::send: kUnauthorized (one end does not believe the other's certificate; nothing has happened). Until
// the handshake has ended every failure is kNotSent.
Result<HttpAnswer> exchange_over_tls(const HttpTransport::Options& options, const HttpRequest& request,
                                     SteadyClock::time_point deadline);

}  // namespace switchyard
