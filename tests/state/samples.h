#pragma once

#include <string>

#include "specs/base/random.h"
#include "state/model/intent.h"
#include "state/model/observation.h"
#include "state/model/record.h"

// Values with something in every member, so that one that is forgotten on the way to the disk is missed.
namespace switchyard::testing {

Timestamp at(std::string_view text);  // "2026-11-23T18:00:00Z"
Key server(std::string name);

Intent an_intent(const std::string& name);
Event an_event(const std::string& message);
ObservedServer an_observed_server(const std::string& name);
ObservedAccount an_account(const std::string& name, int servers);
// Any server: members present and absent, extreme numbers, texts with every byte.
ObservedServer any_server(Random& random);

}  // namespace switchyard::testing
