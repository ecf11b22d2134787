#include "reconciler/core/plan.h"

#include <limits>

// The JSON form of a plan (design 6): what `--json` prints and what a plan file holds. What a reader does not know it
// passes over; what this reader needs and does not find is an error.
namespace switchyard {
namespace {

Json ids(const std::vector<int>& numbers) {
  Json list{Json::Array{}};
  for (const int number : numbers) list.push_back(number);
  return list;
}

Json fields_json(const std::vector<FieldChange>& fields) {
  Json list{Json::Array{}};
  for (const FieldChange& field : fields) {
    list.push_back(Json(Json::Object{
        {"path", field.path}, {"before", field.before}, {"after", field.after}, {"effect", to_string(field.effect)}}));
  }
  return list;
}

Json source_json(const Source& source) {
  if (source.file.empty()) return Json();
  return Json(Json::Object{{"file", source.file}, {"line", source.line}});
}

Json rate_json(const std::optional<Rate>& rate) {
  return rate ? Json(to_string(*rate)) : Json();
}
Json money_json(const std::optional<Money>& money) {
  return money ? Json(to_string(*money)) : Json();
}
Json seconds_json(const std::optional<std::chrono::seconds>& span) {
  return span ? Json(static_cast<std::int64_t>(span->count())) : Json();
}
Json time_json(const std::optional<Timestamp>& time) {
  return time ? Json(to_string(*time)) : Json();
}

Json change_json(const Change& change) {
  Json json;
  json.set("id", change.id);
  json.set("action", to_string(change.action));
  json.set("resource", to_string(change.resource));
  json.set("account", change.account);
  json.set("reason", change.reason);
  json.set("after", ids(change.after));
  json.set("afterEnd", ids(change.after_end));
  json.set("effect", to_string(change.effect));
  json.set("fields", fields_json(change.fields));
  json.set("source", source_json(change.source));
  if (!change.uid.empty()) json.set("uid", change.uid);
  if (!change.provider_id.empty()) json.set("providerId", change.provider_id);
  if (change.channels) json.set("channels", *change.channels);
  json.set("waitsForZeroCalls", change.waits_for_zero_calls);
  return json;
}

Json hold_json(const Hold& hold) {
  Json json;
  json.set("action", to_string(hold.action));
  json.set("resource", to_string(hold.resource));
  json.set("account", hold.account);
  json.set("gate", to_string(hold.gate));
  json.set("reason", hold.reason);
  if (hold.needs) json.set("needs", to_string(*hold.needs));
  if (hold.short_by) json.set("short", to_string(*hold.short_by));
  const std::optional<Money>& amount = hold.needs ? hold.needs : hold.short_by;
  if (amount) json.set("currency", amount->currency.code());
  if (hold.until) json.set("until", to_string(*hold.until));
  json.set("fields", fields_json(hold.fields));
  json.set("source", source_json(hold.source));
  return json;
}

Json balance_json(const AccountMoney& money) {
  Json json;
  json.set("account", money.account);
  json.set("currency", money.reserve.currency.code());
  json.set("available", money_json(money.available));
  json.set("reserve", to_string(money.reserve));
  json.set("servers", money.servers);
  json.set("affordable", money.affordable);
  json.set("burnPerHour", rate_json(money.burn));
  json.set("runwaySeconds", seconds_json(money.runway));
  json.set("burnPerHourAfter", rate_json(money.burn_after));
  json.set("runwaySecondsAfter", seconds_json(money.runway_after));
  return json;
}

Json unmanaged_json(const Unmanaged& server) {
  Json json;
  json.set("account", server.account);
  json.set("id", server.id);
  json.set("name", server.name);
  json.set("pricePerHour", rate_json(server.price));
  if (server.price) json.set("currency", server.price->currency.code());
  json.set("why", server.why);
  return json;
}

Json safety_json(const Safety& safety) {
  Json json;
  json.set("destroys", safety.destroys);
  json.set("destroyLimit", safety.destroy_limit);
  json.set("callsAffected", safety.calls_affected);
  Json lowest{Json::Array{}};
  for (const Safety::Capacity& capacity : safety.lowest) {
    lowest.push_back(Json(Json::Object{{"cluster", capacity.cluster},
                                       {"now", capacity.now},
                                       {"lowest", capacity.lowest},
                                       {"inUse", capacity.in_use}}));
  }
  json.set("capacity", std::move(lowest));
  return json;
}

// Reads members of an object and remembers the first that was wrong.
class Reader {
 public:
  explicit Reader(const Json& json) : json_(json) {}

  const Json::Array& list(std::string_view name) {
    const Json* member = json_.find(name);
    if (member == nullptr || member->array() == nullptr) return nothing(name), none_;
    return *member->array();
  }
  template <class T, class Parse>
  T word(std::string_view name, T fallback, Parse parse) {
    const auto value = parse(json_.string_or(name, ""));
    if (!value) return nothing(name), fallback;
    return *value;
  }
  std::optional<Timestamp> time(std::string_view name) {
    const Json* member = json_.find(name);
    if (member == nullptr || member->is_null()) return std::nullopt;
    Result<Timestamp> parsed = parse_timestamp(json_.string_or(name, ""));
    if (!parsed.ok()) return nothing(name), std::nullopt;
    return *parsed;
  }
  std::optional<Money> money(std::string_view name, Currency currency) {
    const Json* member = json_.find(name);
    if (member == nullptr || member->is_null()) return std::nullopt;
    Result<Money> parsed = parse_sum(json_.string_or(name, ""), currency);
    if (!parsed.ok()) return nothing(name), std::nullopt;
    return *parsed;
  }
  std::optional<Rate> rate(std::string_view name, Currency currency) {
    const Json* member = json_.find(name);
    if (member == nullptr || member->is_null()) return std::nullopt;
    Result<Rate> parsed = parse_rate_sum(json_.string_or(name, ""), currency);
    if (!parsed.ok()) return nothing(name), std::nullopt;
    return *parsed;
  }
  std::optional<std::chrono::seconds> seconds(std::string_view name) {
    const Json* member = json_.find(name);
    if (member == nullptr || member->integer() == nullptr) return std::nullopt;
    const std::chrono::seconds runway(*member->integer());
    if (runway.count() < 0 || runway > kLongestRunway) return nothing(name), std::nullopt;
    return runway;
  }
  // A place in the plan, or a line of a file.
  int number(const Json* member, std::string_view name) {
    if (member == nullptr || member->integer() == nullptr || *member->integer() < 0 ||
        *member->integer() > std::numeric_limits<int>::max()) {
      return nothing(name), 0;
    }
    return static_cast<int>(*member->integer());
  }
  Currency currency() {
    Result<Currency> parsed = Currency::parse(json_.string_or("currency", "USD"));
    if (!parsed.ok()) return nothing("currency"), Currency{};
    return *parsed;
  }
  std::vector<int> numbers(std::string_view name) {
    std::vector<int> out;
    for (const Json& element : list(name)) out.push_back(number(&element, name));
    return out;
  }
  Source source() {
    const Json* member = json_.find("source");
    if (member == nullptr || member->is_null()) return {};
    Source read{member->string_or("file", ""), number(member->find("line"), "source")};
    if (read.file.empty()) nothing("source");  // a line of nothing
    return read;
  }
  void nothing(std::string_view name) {
    if (problem_.empty()) problem_ = name;
  }
  const std::string& problem() const { return problem_; }

 private:
  const Json& json_;
  std::string problem_;
  Json::Array none_;
};

std::vector<FieldChange> fields_from(Reader& reader) {
  std::vector<FieldChange> fields;
  for (const Json& json : reader.list("fields")) {
    Reader field(json);
    const Json* before = json.find("before");
    const Json* after = json.find("after");
    fields.push_back(FieldChange{.path = json.string_or("path", ""),
                                 .before = before == nullptr ? Json() : *before,
                                 .after = after == nullptr ? Json() : *after,
                                 .effect = field.word("effect", Effect::kReplace, parse_effect)});
    if (!field.problem().empty()) reader.nothing("fields");
  }
  return fields;
}

Change change_from(const Json& json, std::string& problem) {
  Reader reader(json);
  Change change{.id = reader.number(json.find("id"), "id"),
                .action = reader.word("action", Action::kUpdate, parse_action),
                .resource = reader.word("resource", Key{Kind::kServer, ""}, parse_key),
                .account = json.string_or("account", ""),
                .reason = json.string_or("reason", ""),
                .after = reader.numbers("after"),
                .after_end = reader.numbers("afterEnd"),
                .effect = reader.word("effect", Effect::kReplace, parse_effect),
                .fields = fields_from(reader),
                .source = reader.source(),
                .uid = json.string_or("uid", ""),
                .provider_id = json.string_or("providerId", ""),
                .channels = std::nullopt,
                .waits_for_zero_calls = json.boolean_or("waitsForZeroCalls", true)};
  if (const Json* channels = json.find("channels"); channels != nullptr && channels->integer() != nullptr) {
    change.channels = *channels->integer();
  }
  if (problem.empty()) problem = reader.problem();
  return change;
}

Hold hold_from(const Json& json, std::string& problem) {
  Reader reader(json);
  const Currency currency = reader.currency();
  Hold hold{.action = reader.word("action", Action::kUpdate, parse_action),
            .resource = reader.word("resource", Key{Kind::kServer, ""}, parse_key),
            .account = json.string_or("account", ""),
            .gate = reader.word("gate", Gate::kProvider, parse_gate),
            .reason = json.string_or("reason", ""),
            .needs = reader.money("needs", currency),
            .short_by = reader.money("short", currency),
            .until = reader.time("until"),
            .fields = fields_from(reader),
            .source = reader.source()};
  if (problem.empty()) problem = reader.problem();
  return hold;
}

AccountMoney balance_from(const Json& json, std::string& problem) {
  Reader reader(json);
  const Currency currency = reader.currency();
  AccountMoney money{.account = json.string_or("account", ""),
                     .available = reader.money("available", currency),
                     .reserve = reader.money("reserve", currency).value_or(Money{0, currency}),
                     .servers = json.integer_or("servers", 0),
                     .affordable = json.integer_or("affordable", 0),
                     .burn = reader.rate("burnPerHour", currency),
                     .runway = reader.seconds("runwaySeconds"),
                     .burn_after = reader.rate("burnPerHourAfter", currency),
                     .runway_after = reader.seconds("runwaySecondsAfter")};
  if (problem.empty()) problem = reader.problem();
  return money;
}

Unmanaged unmanaged_from(const Json& json, std::string& problem) {
  Reader reader(json);
  Unmanaged server{.account = json.string_or("account", ""),
                   .id = json.string_or("id", ""),
                   .name = json.string_or("name", ""),
                   .price = reader.rate("pricePerHour", reader.currency()),
                   .why = json.string_or("why", "")};
  if (problem.empty()) problem = reader.problem();
  return server;
}

Safety safety_from(const Json& json, std::string& problem) {
  Reader reader(json);
  Safety safety{.destroys = json.integer_or("destroys", 0),
                .destroy_limit = json.string_or("destroyLimit", ""),
                .calls_affected = json.integer_or("callsAffected", 0),
                .lowest = {}};
  for (const Json& element : reader.list("capacity")) {
    safety.lowest.push_back(Safety::Capacity{.cluster = element.string_or("cluster", ""),
                                             .now = element.integer_or("now", 0),
                                             .lowest = element.integer_or("lowest", 0),
                                             .in_use = element.integer_or("inUse", 0)});
  }
  if (problem.empty()) problem = reader.problem();
  return safety;
}

Json keys_json(const std::vector<Key>& keys) {
  Json list{Json::Array{}};
  for (const Key& key : keys) list.push_back(to_string(key));
  return list;
}

std::vector<Key> keys_from(Reader& reader, std::string_view name) {
  std::vector<Key> keys;
  for (const Json& element : reader.list(name)) {
    const std::optional<Key> key = element.string() == nullptr ? std::nullopt : parse_key(*element.string());
    if (key) {
      keys.push_back(*key);
    } else {
      reader.nothing(name);
    }
  }
  return keys;
}

}  // namespace

Json to_json(const Plan& plan) {
  Json json;
  json.set("formatVersion", 1);
  json.set("desiredDigest", plan.desired_digest);
  json.set("observedAt", time_json(plan.observed_at));
  json.set("lookedAt", time_json(plan.looked_at));
  const auto list = [&](std::string_view name, const auto& values, auto form) {
    Json elements{Json::Array{}};
    for (const auto& value : values) elements.push_back(form(value));
    json.set(name, std::move(elements));
  };
  list("changes", plan.changes, change_json);
  list("holds", plan.holds, hold_json);
  list("balances", plan.balances, balance_json);
  list("overrides", plan.overrides, [](const Override& said) { return to_json(said); });
  list("unmanaged", plan.unmanaged, unmanaged_json);
  json.set("adopted", keys_json(plan.adopted));
  json.set("underWay", keys_json(plan.under_way));
  list("warnings", plan.warnings, [](const std::string& text) { return Json(text); });
  json.set("safety", safety_json(plan.safety));
  json.set("summary", Json(Json::Object{{"create", plan.summary.create},
                                        {"update", plan.summary.update},
                                        {"replace", plan.summary.replace},
                                        {"delete", plan.summary.remove},
                                        {"action", plan.summary.action},
                                        {"held", plan.summary.held},
                                        {"unchanged", plan.summary.unchanged}}));
  return json;
}

Result<Plan> plan_from_json(const Json& json) {
  const std::int64_t version = json.integer_or("formatVersion", 0);
  if (version > 1) {
    return Error{ErrorCode::kTooNew, "the plan has format version " + std::to_string(version) +
                                         ", this program reads 1; use the program that wrote it"};
  }
  if (version != 1) return Error{ErrorCode::kUnreadable, "this is no plan: it has no \"formatVersion\" 1"};
  Reader reader(json);
  Plan plan;
  std::string problem;
  plan.desired_digest = json.string_or("desiredDigest", "");
  plan.observed_at = reader.time("observedAt");
  plan.looked_at = reader.time("lookedAt");
  for (const Json& element : reader.list("changes")) plan.changes.push_back(change_from(element, problem));
  for (const Json& element : reader.list("holds")) plan.holds.push_back(hold_from(element, problem));
  for (const Json& element : reader.list("balances")) plan.balances.push_back(balance_from(element, problem));
  for (const Json& element : reader.list("overrides")) {
    Result<Override> said = override_from_json(element);
    if (said.ok()) {
      plan.overrides.push_back(*std::move(said));
    } else if (problem.empty()) {
      problem = said.error().message;
    }
  }
  for (const Json& element : reader.list("unmanaged")) plan.unmanaged.push_back(unmanaged_from(element, problem));
  plan.adopted = keys_from(reader, "adopted");
  plan.under_way = keys_from(reader, "underWay");
  for (const Json& element : reader.list("warnings")) {
    if (element.string() != nullptr) plan.warnings.push_back(*element.string());
  }
  if (const Json* safety = json.find("safety")) plan.safety = safety_from(*safety, problem);
  if (const Json* summary = json.find("summary")) {
    plan.summary = Plan::Summary{.create = summary->integer_or("create", 0),
                                 .update = summary->integer_or("update", 0),
                                 .replace = summary->integer_or("replace", 0),
                                 .remove = summary->integer_or("delete", 0),
                                 .action = summary->integer_or("action", 0),
                                 .held = summary->integer_or("held", 0),
                                 .unchanged = summary->integer_or("unchanged", 0)};
  }
  if (problem.empty()) problem = reader.problem();
  for (std::size_t i = 0; i < plan.changes.size() && problem.empty(); ++i) {
    const Change& change = plan.changes[i];
    if (change.id != static_cast<int>(i) + 1) problem = "changes";
    for (const std::vector<int>* waits : {&change.after, &change.after_end}) {
      for (const int id : *waits) {
        if (id < 1 || id >= change.id) problem = "after";
      }
    }
  }
  if (!problem.empty()) return Error{ErrorCode::kUnreadable, "the plan cannot be read: \"" + problem + "\" is wrong"};
  return plan;
}

}  // namespace switchyard
