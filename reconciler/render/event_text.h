#pragma once

#include <span>
#include <string>

#include "reconciler/render/style.h"
#include "state/model/record.h"

namespace switchyard {

// The audit trail for people: one line an event, oldest first.
std::string render_events(std::span<const Event> events, Colour colour);

// One event as JSON: {"id", "at", "resource", "account", "actor", "type", "message", "intent"}.
Json to_json(const Event& event);

}  // namespace switchyard
