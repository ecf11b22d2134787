#include "providers/sim/set_field.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "providers/sim/offer.h"

namespace switchyard {
namespace {

using SetServer = Result<Done> (*)(World&, SimServer&, std::string_view);
using SetWorld = Result<Done> (*)(World&, std::string_view);

template <class Setter>
struct Named {
  std::string_view field;
  Setter set;
};

Result<std::int64_t> whole_number(std::string_view value) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc{} || end != value.data() + value.size() || number < 0) {
    return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is no whole number from 0 up", value)};
  }
  return number;
}

Result<Done> set_size(World&, SimServer& server, std::string_view value) {
  if (!sim_price(value, Currency())) {
    return Error{ErrorCode::kInvalid, fmt::format("no size \"{}\" is sold here", value)};
  }
  server.size = value;
  return Done{};
}

Result<Done> set_region(World&, SimServer& server, std::string_view value) {
  if (!sim_has_region(value)) {
    return Error{ErrorCode::kInvalid, fmt::format("no region \"{}\" is offered here", value)};
  }
  server.region = value;
  return Done{};
}

Result<Done> set_price(World& world, SimServer& server, std::string_view value) {
  server.price_hidden = value == "unknown";
  if (server.price_hidden) return Done{};
  const Result<Rate> rate = parse_rate(value, world.root().settings.currency);
  if (!rate) return rate.error();
  if (rate->micro_minor_per_hour > kHighestPrice) {
    return Error{ErrorCode::kInvalid, fmt::format("a price of \"{}\" an hour is more than anybody asks", value)};
  }
  server.own_price = rate->micro_minor_per_hour;
  return Done{};
}

Result<Done> set_release(World&, SimServer& server, std::string_view value) {
  server.release = value;
  return Done{};
}

Result<Done> set_pending_release(World&, SimServer& server, std::string_view value) {
  server.pending_release = value;
  return Done{};
}

Result<Done> set_expires(World& world, SimServer& server, std::string_view value) {
  if (value == "never") {
    server.expires.reset();
    return Done{};
  }
  const Result<Timestamp> time = parse_timestamp(value);
  if (!time) return time.error();
  server.expires = std::max(*time, world.now());
  return Done{};
}

Result<Done> set_test_period(World& world, SimServer& server, std::string_view value) {
  const Result<Duration> span = parse_duration(value);
  if (!span) return span.error();
  server.expires = world.now() + *span;
  return Done{};
}

Result<Done> set_phase(World& world, SimServer& server, std::string_view value) {
  const std::optional<Phase> phase = parse_phase(value);
  const bool settable = phase == Phase::kActive || phase == Phase::kStopped || phase == Phase::kFailed;
  if (!settable || !server.delivered) {
    return Error{ErrorCode::kInvalid, "of a delivered server the phase can be set to active, stopped or failed"};
  }
  fall_silent(server, world.now());
  break_off_work(server, "its phase was set by hand meanwhile");
  if (phase != Phase::kActive) end_calls(server);
  if (phase == Phase::kActive && !server.charged_from) server.charged_from = world.now();
  server.phase = *phase;
  return Done{};
}

Result<Done> set_mark(World&, SimServer& server, std::string_view value) {
  if (value != "none") return Error{ErrorCode::kInvalid, "a mark can only be taken away: set NAME mark none"};
  server.mark.reset();
  return Done{};
}

Result<Done> set_fleet(World&, SimServer& server, std::string_view value) {
  if (!server.mark) return Error{ErrorCode::kInvalid, "this server carries no mark"};
  server.mark->fleet = value;
  return Done{};
}

Result<Done> set_uid(World&, SimServer& server, std::string_view value) {
  if (!server.mark) return Error{ErrorCode::kInvalid, "this server carries no mark"};
  server.mark->uid = value;
  return Done{};
}

constexpr std::array<Named<SetServer>, 11> kServerFields = {{
    {"size", set_size},
    {"region", set_region},
    {"price", set_price},
    {"release", set_release},
    {"pendingRelease", set_pending_release},
    {"expires", set_expires},
    {"testPeriod", set_test_period},
    {"phase", set_phase},
    {"mark", set_mark},
    {"fleet", set_fleet},
    {"uid", set_uid},
}};

// A value as its JSON ("true", "80", "[5080]"); anything else is a text.
Json value_of(std::string_view text) {
  const Result<Json> json = parse_json(text);
  return json ? *json : Json(text);
}

Result<Done> set_agent_field(SimServer& server, std::string_view field, std::string_view value) {
  const Result<Json> json = parse_json(server.configuration.applied);
  if (!json) return json.error();
  Result<Fields> fields = fields_from_json(*json);
  if (!fields) return fields.error();
  const std::array<std::string, 3> paths = {std::string(field), fmt::format("spec.{}", field),
                                            fmt::format("spec.options.{}", field)};
  auto path =
      std::ranges::find_if(paths, [&](const std::string& known) { return find_field(*fields, known) != nullptr; });
  // A whole path may be new: carriers, certificates and options come and go.
  if (path == paths.end() && field.find('.') != std::string_view::npos) path = paths.begin();
  if (path == paths.end()) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("server \"{}\" has no field \"{}\"; write its whole path, such as spec.options.{}",
                             server.name, field, field)};
  }
  set_field(*fields, *path, value_of(value));
  server.configuration.applied = to_string(to_json(*fields));
  server.configuration.digest = digest_of(*fields);
  return Done{};
}

Result<Done> set_terms(World& world, Money SimTerms::*term, std::string_view value) {
  WorldSettings& settings = world.root().settings;
  const Result<Money> amount = parse_money(value, settings.currency);
  if (!amount) return amount.error();
  settings.terms.*term = *amount;
  settings.terms_by_hand = true;
  return Done{};
}

Result<Done> set_number(World& world, std::int64_t WorldSettings::*place, std::string_view value, std::int64_t least) {
  const Result<std::int64_t> number = whole_number(value);
  if (!number) return number.error();
  if (*number < least) return Error{ErrorCode::kInvalid, fmt::format("this is at least {}", least)};
  world.root().settings.*place = *number;
  return Done{};
}

Result<Done> set_span(World& world, Duration WorldSettings::*place, std::string_view value) {
  const Result<Duration> span = parse_duration(value);
  if (!span) return span.error();
  world.root().settings.*place = *span;
  return Done{};
}

Result<Done> set_currency(World& world, std::string_view value) {
  const Result<Currency> currency = Currency::parse(value);
  if (!currency) return currency.error();
  if (!world.servers().empty())
    return Error{ErrorCode::kInvalid, "the currency can only change while there are no servers"};
  WorldSettings& settings = world.root().settings;
  settings.currency = *currency;
  settings.terms = default_terms(*currency);
  world.root().balance_micro_minor = new_world(settings).balance_micro_minor;
  return Done{};
}

constexpr std::array<Named<SetWorld>, 10> kWorldFields = {{
    {"depositBase", [](World& w, std::string_view v) { return set_terms(w, &SimTerms::deposit_base, v); }},
    {"depositPerServer", [](World& w, std::string_view v) { return set_terms(w, &SimTerms::deposit_per_server, v); }},
    {"creditLine", [](World& w, std::string_view v) { return set_terms(w, &SimTerms::credit, v); }},
    {"testPeriod", [](World& w, std::string_view v) { return set_span(w, &WorldSettings::test_period, v); }},
    {"settling", [](World& w, std::string_view v) { return set_span(w, &WorldSettings::settling, v); }},
    {"requestsPerMinute",
     [](World& w, std::string_view v) { return set_number(w, &WorldSettings::requests_per_minute, v, 0); }},
    {"pageSize", [](World& w, std::string_view v) { return set_number(w, &WorldSettings::page_size, v, 1); }},
    {"release",
     [](World& w, std::string_view v) -> Result<Done> {
       w.root().settings.release = v;
       return Done{};
     }},
    {"currency", set_currency},
    {"seed",
     [](World& w, std::string_view v) -> Result<Done> {
       const Result<std::int64_t> seed = whole_number(v);
       if (!seed) return seed.error();
       w.root().settings.seed = static_cast<std::uint64_t>(*seed);
       return Done{};
     }},
}};

}  // namespace

Result<Done> set_server_field(World& world, std::int64_t number, std::string_view field, std::string_view value) {
  SimServer& server = world.edit(number);
  const auto known = std::ranges::find(kServerFields, field, &Named<SetServer>::field);
  if (known != kServerFields.end()) return known->set(world, server, value);
  return set_agent_field(server, field, value);
}

bool is_of_agent(std::string_view field) {
  if (field == "release" || field == "pendingRelease") return true;
  return std::ranges::find(kServerFields, field, &Named<SetServer>::field) == kServerFields.end();
}

Result<Done> set_world_field(World& world, std::string_view field, std::string_view value) {
  const auto known = std::ranges::find(kWorldFields, field, &Named<SetWorld>::field);
  if (known != kWorldFields.end()) return known->set(world, value);
  std::string names;
  for (const auto& [name, setter] : kWorldFields) names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
  return Error{ErrorCode::kInvalid, fmt::format("a world has no field \"{}\"; there are: {}", field, names)};
}

}  // namespace switchyard
