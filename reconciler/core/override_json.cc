#include "reconciler/core/plan.h"

namespace switchyard {

Json to_json(const Override& said) {
  Json json;
  json.set("what", to_string(said.what));
  json.set("resource", to_string(said.resource));
  json.set("who", said.who);
  json.set("why", said.why);
  json.set("since", to_string(said.since));
  json.set("until", said.until ? Json(to_string(*said.until)) : Json());
  return json;
}

Result<Override> override_from_json(const Json& json) {
  const auto wrong = [](std::string_view what) {
    return Error{ErrorCode::kUnreadable, "an override cannot be read: \"" + std::string(what) + "\" is wrong"};
  };
  const std::optional<Override::What> what = parse_override(json.string_or("what", ""));
  if (!what) return wrong("what");
  const std::optional<Key> resource = parse_key(json.string_or("resource", ""));
  if (!resource) return wrong("resource");
  const Result<Timestamp> since = parse_timestamp(json.string_or("since", ""));
  if (!since.ok()) return wrong("since");
  std::optional<Timestamp> until;
  if (const Json* end = json.find("until"); end != nullptr && !end->is_null()) {
    const Result<Timestamp> parsed = parse_timestamp(json.string_or("until", ""));
    if (!parsed.ok()) return wrong("until");
    until = *parsed;
  }
  return Override{.what = *what,
                  .resource = *resource,
                  .who = json.string_or("who", ""),
                  .why = json.string_or("why", ""),
                  .since = *since,
                  .until = until};
}

}  // namespace switchyard
