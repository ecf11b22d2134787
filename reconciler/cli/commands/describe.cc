#include <fmt/format.h>

#include <algorithm>

#include "reconciler/cli/clock.h"
#include "reconciler/cli/commands/commands.h"
#include "reconciler/cli/context.h"
#include "reconciler/cli/loading.h"
#include "reconciler/cli/words.h"
#include "reconciler/render/description.h"
#include "reconciler/render/server_facts.h"
#include "state/store.h"

namespace switchyard {
namespace {

constexpr std::int64_t kEvents = 10;

template <class T>
std::vector<T> of_resource(const std::vector<T>& all, const Key& key) {
  std::vector<T> found;
  std::ranges::copy_if(all, std::back_inserter(found), [&key](const T& item) { return item.resource == key; });
  return found;
}

void add_specs(Description& description, const LoadedSpecs& specs) {
  const auto& fleet = specs.fleet;
  const auto& key = description.key;
  const auto document = std::ranges::find(fleet.documents, key, &std::pair<Key, Source>::first);
  if (document != fleet.documents.end()) description.source = document->second;
  description.declared = declared_of(fleet, key);
  if (const auto* server = fleet.server(key)) {
    description.source = server->source;
    if (fleet.field_source != nullptr) description.wanted = fleet.field_source->fields(fleet.index_of(*server));
  }
}

// What the state keeps of it. Error: of the store.
Result<Done> add_state(Description& description, Store& store, const std::vector<ObservedAccount>& observed) {
  const auto& key = description.key;
  if (const auto* server = find_observed(observed, key)) description.observed = *server;
  description.provider_now = description.now;
  const auto& account_name = description.observed ? description.observed->account : key.name;
  if (description.observed || key.kind == Kind::kAccount) {
    const auto account = std::ranges::find(observed, account_name, &ObservedAccount::name);
    if (account != observed.end()) description.provider_now = provider_clock(*account, description.now);
    if (account != observed.end() && key.kind == Kind::kAccount) description.account = *account;
  }
  const auto declarations = store.declarations();
  if (!declarations) return declarations.error();
  if (const auto found = of_resource(*declarations, key); !found.empty()) description.declaration = found.front();
  auto conditions = store.conditions(key);
  if (!conditions) return conditions.error();
  description.conditions = *std::move(conditions);
  const auto open = store.open_intents();
  if (!open) return open.error();
  std::ranges::copy_if(*open, std::back_inserter(description.open_intents),
                       [&key](const OpenIntent& intent) { return intent.intent.resource == key; });
  const auto attempts = store.attempts();
  if (!attempts) return attempts.error();
  description.attempts = of_resource(*attempts, key);
  const auto overrides = store.overrides(description.now);
  if (!overrides) return overrides.error();
  description.overrides = of_resource(*overrides, key);
  EventFilter filter;
  filter.resource = key;
  filter.limit = kEvents;
  auto events = store.events(filter);
  if (!events) return events.error();
  description.events = *std::move(events);
  return Done{};
}

int run_describe(Context& context, const Arguments& arguments) {
  const auto key = *parse_key(arguments.argument("KIND/NAME"));
  const auto store = Store::open(context.state_path(), Store::Mode::kReadOnly);
  if (!store) return context.fail(store.error());
  const auto observed = (*store)->observed();
  if (!observed) return context.fail(observed.error());

  Description description{};
  description.key = key;
  description.now = engine_clock(context, *observed);
  const auto cache = open_cache(context);
  std::optional<LoadedSpecs> specs;
  if (arguments.list("path").empty()) {
    specs = load_if_sound(paths_or_last(context, arguments), cache.get());
  } else {
    specs = load_specs(context, read_source(arguments.list("path")), cache.get());
    if (!specs) return 1;
  }
  if (specs) add_specs(description, *specs);
  if (auto done = add_state(description, **store, *observed); !done) return context.fail(done.error());
  if (!description.known()) {
    std::vector<std::string> names;
    if (specs) {
      for (const auto& [document, source] : specs->fleet.documents) names.push_back(to_string(document));
    }
    return context.fail({ErrorCode::kNotFound, fmt::format("nothing is known of \"{}\"{}", to_string(key),
                                                           did_you_mean(to_string(key), names))});
  }
  if (context.json()) {
    context.result_json(to_json(description));
  } else {
    context.result(render_description(description, context.out().result_colour()));
  }
  return 0;
}

}  // namespace

Command describe_command() {
  return {.name = "describe",
          .sentence = "Tells everything that is known of one resource, each observation with its age.",
          .example = "switchyard describe Server/lon-1",
          .arguments = {{.name = "KIND/NAME", .help = "the resource", .takes = Takes::kResource}},
          .options = {path_option()},
          .run = run_describe};
}

}  // namespace switchyard
