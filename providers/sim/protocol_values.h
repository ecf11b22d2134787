#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "providers/call.h"
#include "specs/base/json.h"

namespace switchyard {

// The bodies of the simulator's protocol (providers/sim/PROTOCOL.md). Reading errors: kInvalid for requests,
// kUnreadable for answers.
Json body_of(const CreateRequest& request);
Json body_of(const Configuration& wanted);
Json body_of(const Mark& mark);
Json body_of(const Answer& answer);

Result<CreateRequest> create_request_from_body(const Json& body);
Result<Configuration> configuration_from_body(const Json& body);
Result<Mark> mark_from_body(const Json& body);
// The alternative that fits the call.
Result<Answer> answer_from_body(const Call& call, const Json& body);

// RFC 3986: everything but letters, digits and -._~ as %XX; nothing when an escape is broken.
std::string percent_encoded(std::string_view text);
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace switchyard
