#include "reconciler/render/event_text.h"

#include <poll.h>

#include "reconciler/cli/clock.h"
#include "reconciler/cli/commands/commands.h"
#include "reconciler/cli/context.h"
#include "reconciler/engine/runner.h"
#include "state/store.h"

namespace switchyard {
namespace {

constexpr int kPollMilliseconds = 500;

void show(Context& context, const std::vector<Event>& events) {
  if (!context.json()) {
    context.result(render_events(events, context.out().result_colour()));
    return;
  }
  std::string lines;
  for (const auto& event : events) {
    auto json = to_json(event);
    json.set("formatVersion", 1);
    lines += to_string(json) + "\n";
  }
  context.result(lines);
}

// Shows what comes until a signal: another process writes the state, this one only reads.
int follow(Context& context, Store& store, EventFilter filter, std::vector<Event> events) {
  install_signal_handlers();
  filter.limit = 0;
  for (;;) {
    if (!events.empty()) {
      show(context, events);
      filter.after_id = events.back().id;
    }
    ::poll(nullptr, 0, kPollMilliseconds);
    if (signals_received() > 0) return 0;
    auto found = store.events(filter);
    if (!found) return context.fail(found.error());
    events = *std::move(found);
  }
}

int run_events(Context& context, const Arguments& arguments) {
  const auto store = Store::open(context.state_path(), Store::Mode::kReadOnly);
  if (!store) return context.fail(store.error());
  EventFilter filter;
  if (const auto resource = arguments.text("resource")) filter.resource = parse_key(*resource);
  filter.actor = arguments.text("actor");
  if (const auto since = arguments.text("since")) {
    const auto observed = (*store)->observed();
    if (!observed) return context.fail(observed.error());
    const auto moment = parse_moment("since", *since, engine_clock(context, *observed), Direction::kBack);
    if (!moment) return context.fail(moment.error());
    filter.since = *moment;
  }
  filter.limit = arguments.integer("limit").value_or(0);
  auto events = (*store)->events(filter);
  if (!events) return context.fail(events.error());
  if (arguments.flag("follow")) return follow(context, **store, filter, *std::move(events));
  if (context.json()) {
    Json::Array array;
    for (const auto& event : *events) array.push_back(to_json(event));
    context.result_json(Json(Json::Object{{"formatVersion", 1}, {"events", std::move(array)}}));
  } else if (events->empty()) {
    context.say("No events.");
  } else {
    show(context, *events);
  }
  return 0;
}

}  // namespace

Command events_command() {
  return {.name = "events",
          .sentence = "Shows the audit trail: who did what, when, and what came of it.",
          .example = "switchyard events --resource Server/lon-1 --since 24h\nswitchyard events --follow --json",
          .options =
              {{.name = "resource", .help = "only of this resource", .takes = Takes::kResource, .value = "KIND/NAME"},
               {.name = "actor", .help = "only by this actor", .takes = Takes::kText, .value = "NAME"},
               {.name = "since",
                .help = "only from then on: a time, or a duration back",
                .takes = Takes::kText,
                .value = "TIME"},
               {.name = "limit", .help = "only the newest so many", .takes = Takes::kInteger, .value = "N"},
               {.name = "follow", .help = "go on showing new ones until interrupted"}},
          .run = run_events};
}

}  // namespace switchyard
