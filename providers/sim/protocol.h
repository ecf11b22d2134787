#pragma once

#include <string>

#include "providers/call.h"
#include "providers/http/listener.h"
#include "providers/http/transport.h"

namespace switchyard {

// How calls and answers of the simulated provider travel over HTTP (providers/sim/PROTOCOL.md).

// The client's side.
HttpRequest to_http(const Call& call);
// What an answer to `call` says. Errors: the far end's, kUnreadable and kOutcomeUnknown where it makes no sense.
Result<Answer> from_http(const Call& call, const HttpAnswer& answer);

// The server's side. Error: kInvalid, kNotFound (no such path).
Result<Call> call_of(const ListenerRequest& request);
ListenerAnswer to_listener(const Answer& answer);
// `retry_after` is written as it is: in the client's time.
ListenerAnswer to_listener(const Error& error);

}  // namespace switchyard
