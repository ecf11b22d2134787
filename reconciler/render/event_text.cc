#include "reconciler/render/event_text.h"

#include "reconciler/render/words.h"

namespace switchyard {
namespace {

Paint paint_of(std::string_view type) {
  if (type == "failed" || type == "refused") return Paint::kRed;
  if (type == "unknown" || type == "held" || type == "override") return Paint::kYellow;
  if (type == "done" || type == "adopted") return Paint::kGreen;
  return Paint::kPlain;
}

}  // namespace

std::string render_events(std::span<const Event> events, Colour colour) {
  Table table({});
  for (const auto& event : events) {
    table.add({to_string(event.at), paint(paint_of(event.type), event.type, colour),
               event.resource          ? to_string(*event.resource)
               : event.account.empty() ? "-"
                                       : "Account/" + event.account,
               harmless(event.actor), harmless(event.message)});
  }
  return table.text(colour);
}

Json to_json(const Event& event) {
  const auto intent = event.intent == 0 ? std::nullopt : std::optional(event.intent);
  return Json::Object{{"id", event.id},           {"at", to_string(event.at)}, {"resource", json_of(event.resource)},
                      {"account", event.account}, {"actor", event.actor},      {"type", event.type},
                      {"message", event.message}, {"intent", json_of(intent)}};
}

}  // namespace switchyard
