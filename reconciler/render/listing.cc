#include "reconciler/render/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "reconciler/core/membership.h"
#include "reconciler/render/server_facts.h"
#include "reconciler/render/words.h"

namespace switchyard {
namespace {

Cell cell(std::string text) {
  return {.text = text, .value = Json(std::move(text))};
}

Cell cell_or_dash(const std::string& text) {
  return text.empty() ? Cell{"-", nullptr} : cell(harmless(text));
}

Cell number(std::int64_t value) {
  return {.text = fmt::format("{}", value), .value = Json(value)};
}

Cell number_or_dash(std::optional<std::int64_t> value) {
  return value ? number(*value) : Cell{"-", nullptr};
}

// "12/1000", "?/1000": what is in use of what is allowed.
Cell share(std::optional<std::int64_t> used, std::optional<std::int64_t> allowed) {
  if (!used && !allowed) return {"-", nullptr};
  const auto text = [](std::optional<std::int64_t> value) { return value ? fmt::format("{}", *value) : "?"; };
  Json value = Json::Object{{"used", json_of(used)}, {"allowed", json_of(allowed)}};
  return {.text = text(used) + "/" + text(allowed), .value = std::move(value)};
}

Cell moment(const std::optional<Timestamp>& time, Timestamp now) {
  if (!time) return {"-", nullptr};
  return {.text = ago(*time, now), .value = to_string(*time)};
}

Cell latency(const std::optional<AgentReport>& agent, std::optional<std::int64_t> AgentReport::*which) {
  if (!agent || !((*agent).*which)) return {"-", nullptr};
  const auto microseconds = *((*agent).*which);
  return {.text = latency_text(microseconds), .value = microseconds};
}

// The provider's clock of an account, by which what it reported is as old as it is.
Timestamp clock_of(const Known& known, std::string_view account) {
  const auto at = std::ranges::find(known.observed, account, &ObservedAccount::name);
  return at == known.observed.end() ? known.now : provider_clock(*at, known.now);
}

std::vector<Cell> server_row(const Known& known, const DesiredServer* desired, const ObservedServer* observed) {
  const auto now = observed == nullptr ? known.now : clock_of(known, observed->account);
  const auto facts = facts_of(desired, observed, known.overrides, now);
  std::string name;
  std::optional<AgentReport> agent;
  std::optional<Rate> price;
  std::optional<Timestamp> expires;
  std::optional<Timestamp> born;
  std::string ipv4;
  std::string account = desired != nullptr ? desired->account : "";
  if (desired != nullptr) name = desired->key.name;
  if (observed != nullptr) {
    name = observed->mark ? observed->mark->key.name : observed->name;
    agent = observed->agent;
    price = observed->price;
    expires = observed->expires;
    born = observed->delivered ? observed->delivered : observed->created;
    ipv4 = observed->ipv4.empty() ? observed->ipv6 : observed->ipv4;
    account = observed->account;
  }
  Cell age{"-", nullptr};
  if (born) age = {.text = span_text(now - *born), .value = to_string(*born)};
  return {cell(harmless(name)),
          cell_or_dash(ipv4),
          cell_or_dash(facts.type),
          cell_or_dash(facts.cluster),
          cell_or_dash(facts.alias),
          share(facts.channels_in_use, facts.channels),
          share(facts.cps_now, facts.cps),
          moment(expires, now),
          cell(facts.status),
          price ? Cell{to_text(price), to_string(*price)} : Cell{"-", nullptr},
          latency(agent, &AgentReport::sip_latency_us),
          latency(agent, &AgentReport::icmp_latency_us),
          std::move(age),
          cell_or_dash(facts.zone),
          cell(account)};
}

Listing list_servers(const Known& known, Kind kind, const std::optional<std::string>& name) {
  Listing listing{.columns = {{"NAME", "name"},
                              {"IP", "ip"},
                              {"TYPE", "type"},
                              {"CLUSTER", "cluster"},
                              {"ALIAS", "alias"},
                              {"CHANNELS", "channels"},
                              {"CPS", "cps"},
                              {"EXPIRES", "expires"},
                              {"STATUS", "status"},
                              {"COST", "pricePerHour"},
                              {"SIP", "sipLatencyMicroseconds"},
                              {"ICMP", "icmpLatencyMicroseconds"},
                              {"AGE", "since"},
                              {"ZONE", "zone"},
                              {"ACCOUNT", "account"}},
                  .rows = {}};
  const auto asked = [&](std::string_view candidate) { return !name || *name == candidate; };
  std::map<std::string, std::pair<const DesiredServer*, std::vector<const ObservedServer*>>> ours;
  std::vector<const ObservedServer*> others;
  if (known.desired != nullptr) {
    for (const auto& server : known.desired->servers) {
      if (server.key.kind == kind && asked(server.key.name)) ours[server.key.name].first = &server;
    }
  }
  for (const auto& account : known.observed) {
    for (const auto& server : account.servers) {
      if (server.mark && server.mark->key.kind == kind && asked(server.mark->key.name)) {
        ours[server.mark->key.name].second.push_back(&server);
      } else if (!server.mark && !server.confirmed_gone && kind == Kind::kServer && asked(server.name)) {
        others.push_back(&server);
      }
    }
  }
  for (const auto& [_, known_of] : ours) {
    const auto& [desired, observed] = known_of;
    if (observed.empty()) listing.rows.push_back(server_row(known, desired, nullptr));
    for (const auto* server : observed) listing.rows.push_back(server_row(known, desired, server));
  }
  for (const auto* server : others) listing.rows.push_back(server_row(known, nullptr, server));
  return listing;
}

Listing list_accounts(const Known& known, const std::optional<std::string>& name) {
  Listing listing{.columns = {{"NAME", "name"},
                              {"PROVIDER", "provider"},
                              {"BALANCE", "balance"},
                              {"SEEN", "balanceAt"},
                              {"SERVERS", "servers"},
                              {"LISTED", "listedAt"},
                              {"STATUS", "status"}},
                  .rows = {}};
  std::set<std::string> names;
  if (known.desired != nullptr) {
    for (const auto& account : known.desired->accounts) names.insert(account.name);
  }
  for (const auto& account : known.observed) names.insert(account.name);
  for (const auto& account_name : names) {
    if (name && *name != account_name) continue;
    const auto* desired = known.desired != nullptr ? known.desired->account(account_name) : nullptr;
    const auto at = std::ranges::find(known.observed, account_name, &ObservedAccount::name);
    const auto* observed = at == known.observed.end() ? nullptr : &*at;
    std::string status = observed == nullptr ? "never observed" : observed->trouble ? "not reached" : "observed";
    const Key key{Kind::kAccount, account_name};
    for (const auto& held : known.overrides) {
      if (held.resource == key) status += fmt::format(", {} by hand", to_string(held.what));
    }
    const auto now = clock_of(known, account_name);
    const bool has_balance = observed != nullptr && observed->balance;
    listing.rows.push_back({cell(account_name), cell_or_dash(desired != nullptr ? desired->provider : ""),
                            has_balance
                                ? Cell{for_people(observed->balance->amount), to_string(observed->balance->amount)}
                                : Cell{"-", {}},
                            moment(has_balance ? std::optional(observed->balance->at) : std::nullopt, now),
                            number(observed == nullptr ? 0 : static_cast<std::int64_t>(observed->servers.size())),
                            moment(observed == nullptr ? std::nullopt : observed->listed, now), cell(status)});
  }
  return listing;
}

Listing list_zones(const DesiredFleet& desired, const std::optional<std::string>& name) {
  Listing listing{.columns = {{"NAME", "name"},
                              {"ACCOUNT", "account"},
                              {"REGION", "region"},
                              {"FAILOVER", "failover"},
                              {"TIMEZONE", "timezone"},
                              {"SERVERS", "servers"},
                              {"SOURCE", "source"}},
                  .rows = {}};
  for (const auto& zone : desired.zones) {
    if (name && *name != zone.name) continue;
    const auto servers = std::ranges::count(desired.servers, zone.name, &DesiredServer::zone);
    listing.rows.push_back({cell(zone.name), cell(zone.account), cell(zone.region),
                            cell_or_dash(zone.failover.value_or("")), cell_or_dash(zone.timezone), number(servers),
                            cell(to_text(zone.source))});
  }
  return listing;
}

Listing list_clusters(const Known& known, const std::optional<std::string>& name) {
  Listing listing{.columns = {{"NAME", "name"},
                              {"MEMBERS", "members"},
                              {"IN SERVICE", "inService"},
                              {"CPS", "cps"},
                              {"CHANNELS", "channels"},
                              {"IN USE", "channelsInUse"},
                              {"SOURCE", "source"}},
                  .rows = {}};
  const auto by_mark = observed_by_mark(known.observed);
  for (const auto& cluster : known.desired->clusters) {
    if (name && *name != cluster.name) continue;
    std::int64_t members = 0;
    std::int64_t in_service = 0;
    std::int64_t in_use = 0;
    bool all_known = true;
    for (const auto& server : known.desired->servers) {
      if (server.cluster != cluster.name) continue;
      ++members;
      const auto at = by_mark.find(server.key);
      if (at == by_mark.end() || at->second->phase != Phase::kActive) continue;
      const auto* observed = at->second;
      ++in_service;
      if (observed->agent && observed->agent->channels) {
        in_use += *observed->agent->channels;
      } else {
        all_known = false;
      }
    }
    listing.rows.push_back({cell(cluster.name), number(members), number(in_service), number_or_dash(cluster.cps),
                            number_or_dash(cluster.channels),
                            number_or_dash(all_known ? std::optional(in_use) : std::nullopt),
                            cell(to_text(cluster.source))});
  }
  return listing;
}

// Kinds that are only declared: whom they concern and where they stand.
Listing list_documents(const DesiredFleet& desired, Kind kind, const std::optional<std::string>& name) {
  Listing listing{.columns = {{"NAME", "name"}, {"SERVERS", "servers"}, {"SOURCE", "source"}}, .rows = {}};
  const auto servers = servers_by_document(desired, kind);
  for (const auto& [key, source] : desired.documents) {
    if (key.kind != kind || (name && *name != key.name)) continue;
    const auto at = servers.find(key.name);
    listing.rows.push_back(
        {cell(key.name), number(at == servers.end() ? 0 : std::ssize(at->second)), cell(to_text(source))});
  }
  return listing;
}

}  // namespace

std::string Listing::text(Colour colour) const {
  std::vector<std::string> head;
  head.reserve(columns.size());
  for (const auto& column : columns) head.push_back(column.title);
  Table table(head);
  for (const auto& row : rows) {
    std::vector<std::string> line;
    line.reserve(row.size());
    for (const auto& part : row) line.push_back(part.text);
    table.add(std::move(line));
  }
  return table.text(colour);
}

Json Listing::json() const {
  Json::Array items;
  for (const auto& row : rows) {
    Json::Object item;
    for (std::size_t i = 0; i < columns.size(); ++i) item.emplace_back(columns[i].member, row[i].value);
    items.push_back(std::move(item));
  }
  return items;
}

Listing list_resources(const Known& known, Kind kind, const std::optional<std::string>& name) {
  static const DesiredFleet kNothing{};
  const auto& desired = known.desired != nullptr ? *known.desired : kNothing;
  switch (kind) {
    case Kind::kServer:
    case Kind::kRtpServer:
      return list_servers(known, kind, name);
    case Kind::kAccount:
      return list_accounts(known, name);
    case Kind::kZone:
      return list_zones(desired, name);
    case Kind::kCluster:
      return list_clusters(
          {.desired = &desired, .observed = known.observed, .overrides = known.overrides, .now = known.now}, name);
    default:
      return list_documents(desired, kind, name);
  }
}

}  // namespace switchyard
