#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reconciler/core/plan.h"
#include "reconciler/render/style.h"
#include "specs/fleet.h"

// Small pieces of text that several outputs share, so that one thing is said one way.
namespace switchyard {

// "fleet.yaml:12"; empty where there is no file.
std::string to_text(const Source& source);

// "12s ago"; "in 3m 2s" for what lies ahead; "now" within a second.
std::string ago(Timestamp then, Timestamp now);

// "3d 4h"; whole seconds at the least.
std::string span_text(Duration span);

// "4d 3h", or "for ever" for nothing.
std::string lasting(std::optional<std::chrono::seconds> span);

// JSON of what may be missing: null then.
Json json_of(const std::optional<std::int64_t>& number);
Json json_of(const std::optional<std::string>& text);
Json json_of(const std::optional<Timestamp>& time);
Json json_of(const std::optional<Key>& key);

// A value as in YAML: text without quotes where it can stand without, "unset" for null.
std::string to_text(const Json& value);

// "500 -> 1000"; of two lists only what goes and comes: "without a, with b, 4 as before".
std::string difference(const Json& before, const Json& after);

// "0.03571 USD/h", "unknown".
std::string to_text(const std::optional<Rate>& rate);

// "stopped by ben@host since 2026-11-23T18:34:45Z, until 2026-11-24T00:00:00Z: replacing a disk".
std::string to_text(const Override& held);

// "creates", "power-cycles" as a person would say it of one resource: "is created", "is power-cycled".
std::string passive(Action action);

// + ~ -/+ - for a change, ! for a hold, in three columns.
std::string symbol_of(Action action, Colour colour);
std::string symbol_of_hold(Colour colour);

}  // namespace switchyard
