#include "reconciler/render/description.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "reconciler/render/agent_details.h"
#include "reconciler/render/event_text.h"
#include "reconciler/render/server_facts.h"
#include "reconciler/render/words.h"

namespace switchyard {
namespace {

using Pairs = std::vector<std::pair<std::string, Json>>;

void append_section(std::string& out, std::string_view title, const std::string& body, Colour colour) {
  if (body.empty()) return;
  out += '\n';
  out += paint(Paint::kBold, title, colour);
  out += '\n';
  out += body;
}

std::string pairs_text(const Pairs& pairs, Colour colour) {
  Table table({});
  for (const auto& [name, value] : pairs)
    table.add({name, value.string() != nullptr ? harmless(*value.string()) : to_text(value)});
  return table.text(colour, "  ");
}

// A moment with its age: "2026-11-23T18:34:45Z (12s ago)".
std::string dated(Timestamp time, Timestamp now) {
  return fmt::format("{} ({})", to_string(time), ago(time, now));
}

std::string provider_text(const ObservedServer& server, Timestamp now, Colour colour) {
  Table table({});
  const auto add = [&table](std::string name, std::string value) {
    if (!value.empty()) table.add({std::move(name), std::move(value)});
  };
  add("id", harmless(server.id));
  add("uid", server.mark ? server.mark->uid : "");
  add("fleet", server.mark ? server.mark->fleet : "");
  add("name", harmless(server.name));
  add("account", server.account);
  add("region", server.region);
  add("size", server.size);
  add("phase", std::string(to_string(server.phase)));
  add("IPv4", server.ipv4);
  add("IPv6", server.ipv6);
  if (server.created) add("created", dated(*server.created, now));
  if (server.delivered) add("delivered", dated(*server.delivered, now));
  if (server.expires) add("expires", dated(*server.expires, now));
  add("cost", to_text(server.price));
  if (!server.last_action_message.empty()) add("last action", harmless(server.last_action_message));
  if (server.missing_since) {
    add("missing", fmt::format("since {}, in {}", dated(*server.missing_since, now),
                               counted(server.missing_listings, "complete listing")));
  }
  return table.text(colour, "  ");
}

std::string agent_text(const AgentReport& report, Timestamp now, Colour colour) {
  Table table({});
  const auto number = [](std::optional<std::int64_t> value) {
    return value ? fmt::format("{}", *value) : std::string("unknown");
  };
  table.add({"channels in use", number(report.channels)});
  table.add({"CPS now", number(report.cps)});
  table.add({"drained", report.drained ? "yes" : "no"});
  if (report.booted) table.add({"booted", dated(*report.booted, now)});
  if (!report.release.empty()) table.add({"release", harmless(report.release)});
  if (!report.pending_release.empty()) table.add({"pending release", harmless(report.pending_release)});
  if (report.sip_latency_us) table.add({"SIP latency", latency_text(*report.sip_latency_us)});
  if (report.icmp_latency_us) table.add({"ICMP latency", latency_text(*report.icmp_latency_us)});
  table.add({"configuration", report.applied_digest.empty() ? "none" : report.applied_digest});
  for (const auto& peer : report.peers) {
    table.add({peer.purpose == Peer::For::kMedia ? "media server" : std::string(to_string(peer.purpose)),
               fmt::format("{} at {}{}", peer.name, peer.address.empty() ? "no address yet" : peer.address,
                           peer.weight == 1 ? "" : fmt::format(", weight {}", peer.weight))});
  }
  return table.text(colour, "  ");
}

// Wanted beside what is in force; a line whose two sides differ carries a mark.
std::string configuration_text(const Fields& wanted, const std::optional<ObservedServer>& observed, Colour colour) {
  Fields applied;
  bool reported = false;
  if (observed && observed->agent && !observed->agent->applied.empty()) {
    if (const auto json = parse_json(observed->agent->applied)) {
      if (auto fields = fields_from_json(*json)) {
        applied = *std::move(fields);
        reported = true;
      }
    }
  }
  if (wanted.empty() && applied.empty()) return {};
  Table table({"", "FIELD", wanted.empty() ? "" : "WANTED", reported ? "IN FORCE" : ""});
  std::vector<std::string> paths;
  for (const auto& field : wanted) paths.push_back(field.path);
  for (const auto& field : applied) paths.push_back(field.path);
  std::ranges::sort(paths);
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  for (const auto& path : paths) {
    const auto* want = find_field(wanted, path);
    const auto* have = find_field(applied, path);
    const bool differs = reported && !wanted.empty() && (want == nullptr || have == nullptr || *want != *have);
    table.add({differs ? paint(Paint::kYellow, "~", colour) : "", path,
               wanted.empty()    ? ""
               : want == nullptr ? "-"
                                 : to_text(*want),
               !reported         ? ""
               : have == nullptr ? "-"
                                 : to_text(*have)});
  }
  return table.text(colour, "  ");
}

std::string account_text(const ObservedAccount& account, Timestamp now, Colour colour) {
  Table table({});
  if (account.balance) {
    table.add(
        {"balance", fmt::format("{}, seen {}", for_people(account.balance->amount), dated(account.balance->at, now))});
  } else {
    table.add({"balance", "unknown"});
  }
  table.add({"servers", fmt::format("{}", account.servers.size())});
  table.add({"listed", account.listed ? dated(*account.listed, now) : "never"});
  if (account.trouble) table.add({"last look failed", harmless(account.trouble->message)});
  return table.text(colour, "  ");
}

std::string journal_text(const Description& description, Colour colour) {
  const auto now = description.now;
  Table table({});
  for (const auto& open : description.open_intents) {
    const auto outcome = open.outcome
                             ? fmt::format("{}{}", to_string(open.outcome->kind),
                                           open.outcome->message.empty() ? "" : ": " + harmless(open.outcome->message))
                             : std::string("no answer recorded");
    table.add(
        {fmt::format("intent {}", open.intent.id), std::string(to_string(open.intent.action)),
         fmt::format("written {} by {}; {}", dated(open.intent.written, now), harmless(open.intent.actor), outcome)});
  }
  for (const auto& attempt : description.attempts) {
    table.add({counted(attempt.failures, "failure"), std::string(to_string(attempt.action)),
               fmt::format("last {}, next try {}: {}", dated(attempt.last, now), dated(attempt.next_try, now),
                           harmless(attempt.message))});
  }
  return table.text(colour, "  ");
}

Json as_json(const Condition& condition) {
  return Json::Object{{"type", condition.type},
                      {"status", condition.status},
                      {"reason", condition.reason},
                      {"message", condition.message},
                      {"since", to_string(condition.since)}};
}

Json as_json(const OpenIntent& open) {
  std::optional<std::string> outcome;
  if (open.outcome) outcome = to_string(open.outcome->kind);
  return Json::Object{{"id", open.intent.id},
                      {"action", to_string(open.intent.action)},
                      {"origin", to_string(open.intent.origin)},
                      {"written", to_string(open.intent.written)},
                      {"actor", open.intent.actor},
                      {"outcome", json_of(outcome)}};
}

Json as_json(const Attempts& attempts) {
  return Json::Object{{"action", to_string(attempts.action)},
                      {"failures", attempts.failures},
                      {"last", to_string(attempts.last)},
                      {"nextTry", to_string(attempts.next_try)},
                      {"message", attempts.message}};
}

Json as_json(const Override& held) {
  return Json::Object{{"what", to_string(held.what)},
                      {"who", held.who},
                      {"why", held.why},
                      {"since", to_string(held.since)},
                      {"until", json_of(held.until)}};
}

Json as_json(const ObservedAccount& account) {
  Json json = Json::Object{{"listedAt", json_of(account.listed)},
                           {"servers", static_cast<std::int64_t>(account.servers.size())}};
  if (account.balance) {
    json.set("balance", to_string(account.balance->amount));
    json.set("currency", account.balance->amount.currency.code());
    json.set("balanceAt", to_string(account.balance->at));
  }
  if (account.trouble) json.set("trouble", account.trouble->message);
  return json;
}

template <class T>
Json array_of(const std::vector<T>& items) {
  Json::Array array;
  for (const auto& item : items) array.push_back(as_json(item));
  return array;
}

}  // namespace

bool Description::known() const {
  return source || observed || account || declaration || !conditions.empty() || !open_intents.empty() ||
         !attempts.empty() || !overrides.empty() || !events.empty();
}

std::string render_description(const Description& description, Colour colour) {
  const auto now = description.now;
  std::string out = paint(Paint::kBold, to_string(description.key), colour);
  if (description.source) {
    out += fmt::format("  {}\n", paint(Paint::kDim, to_text(*description.source), colour));
  } else if (description.declaration && !description.declaration->source_path.empty()) {
    out += fmt::format("  not declared in what was read; last declared by {}\n", description.declaration->source_path);
  } else {
    out += "  not declared in what was read\n";
  }
  append_section(out, "Declared", pairs_text(description.declared, colour), colour);
  if (description.account) {
    append_section(out, "Account", account_text(*description.account, description.provider_now, colour), colour);
  }
  if (description.observed) {
    const auto& server = *description.observed;
    const auto seen_by = description.provider_now;
    append_section(out, fmt::format("Provider, seen {}", ago(server.seen, seen_by)),
                   provider_text(server, seen_by, colour), colour);
    if (server.agent) {
      append_section(out, fmt::format("Agent, reported {}", ago(server.agent->at, seen_by)),
                     agent_text(*server.agent, seen_by, colour), colour);
      append_section(out, "What its agent sees", details_text(server.agent->details, seen_by, colour), colour);
    } else {
      append_section(out, "Agent", "  has not reported yet\n", colour);
    }
  }
  append_section(out, "Configuration", configuration_text(description.wanted, description.observed, colour), colour);

  Table conditions({});
  for (const auto& condition : description.conditions) {
    conditions.add({condition.type, condition.status ? "yes" : "no", condition.reason,
                    fmt::format("{}, since {}", harmless(condition.message), dated(condition.since, now))});
  }
  append_section(out, "Conditions", conditions.text(colour, "  "), colour);
  append_section(out, "Under way", journal_text(description, colour), colour);
  std::string overrides;
  for (const auto& held : description.overrides) overrides += "  " + to_text(held) + "\n";
  append_section(out, "Overrides", overrides, colour);
  Table events({});
  for (const auto& event : description.events) {
    events.add({to_string(event.at), event.type, harmless(event.actor), harmless(event.message)});
  }
  append_section(out, "Last events", events.text(colour, "  "), colour);
  return out;
}

Json to_json(const Description& description) {
  Json declared = Json::Object{};
  for (const auto& [name, value] : description.declared) declared.set(name, value);
  Json::Array events;
  for (const auto& event : description.events) events.push_back(to_json(event));
  Json source;
  if (description.source) {
    source =
        Json::Object{{"file", description.source->file}, {"line", static_cast<std::int64_t>(description.source->line)}};
  }
  Json observed;
  if (description.observed) {
    // The salt of the secrets' fingerprints is nobody's business: with it, a weak secret could be guessed (law 10).
    auto shown = *description.observed;
    if (shown.agent) shown.agent->salt.clear();
    const Json details = shown.agent ? details_json(shown.agent->details) : Json();
    if (shown.agent) shown.agent->details.clear();
    observed = to_json(shown);
    if (!details.is_null()) {
      Json agent = *observed.find("agent");
      observed.set("agent", agent.set("details", details));
    }
  }
  Json account;
  if (description.account) account = as_json(*description.account);
  return Json::Object{{"formatVersion", 1},
                      {"resource", to_string(description.key)},
                      {"source", std::move(source)},
                      {"declared", std::move(declared)},
                      {"wanted", to_json(description.wanted)},
                      {"observed", std::move(observed)},
                      {"account", std::move(account)},
                      {"conditions", array_of(description.conditions)},
                      {"openIntents", array_of(description.open_intents)},
                      {"attempts", array_of(description.attempts)},
                      {"overrides", array_of(description.overrides)},
                      {"events", std::move(events)}};
}

}  // namespace switchyard
