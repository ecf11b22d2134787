#include "providers/sim/world_json.h"

#include <fmt/core.h>

#include <charconv>

namespace switchyard {
namespace {

Error senseless(std::string_view what) {
  return {ErrorCode::kUnreadable, fmt::format("a {} of the simulated world makes no sense", what)};
}

std::int64_t count(Duration span) {
  return span.count();
}
std::int64_t count(Timestamp time) {
  return time.time_since_epoch().count();
}
Timestamp time_of(std::int64_t milliseconds) {
  return Timestamp(Duration(milliseconds));
}

Json optional_time(std::optional<Timestamp> time) {
  return time ? Json(count(*time)) : Json();
}

std::optional<Timestamp> time_member(const Json& json, std::string_view name) {
  const Json* member = json.find(name);
  if (member == nullptr || member->integer() == nullptr) return std::nullopt;
  return time_of(*member->integer());
}

}  // namespace

Json to_json(const WorldRoot& root) {
  const WorldSettings& settings = root.settings;
  Json json;
  json.set("lastServer", root.last_server)
      .set("lastAction", root.last_action)
      .set("seed", fmt::format("{}", settings.seed))
      .set("currency", settings.currency.code())
      .set("depositBase", settings.terms.deposit_base.minor)
      .set("depositPerServer", settings.terms.deposit_per_server.minor)
      .set("creditLine", settings.terms.credit.minor)
      .set("termsByHand", settings.terms_by_hand)
      .set("testPeriod", count(settings.test_period))
      .set("settling", count(settings.settling))
      .set("requestsPerMinute", settings.requests_per_minute)
      .set("pageSize", settings.page_size)
      .set("release", settings.release)
      .set("realMachines", settings.machines == Machines::kReal)
      .set("refusedForMoney", root.refused_for_money)
      .set("callsCut", root.calls_cut)
      .set("callsLostToExpiry", root.calls_lost_to_expiry)
      .set("window", count(root.window))
      .set("requestsInWindow", root.requests_in_window);
  return json;
}

Result<WorldRoot> root_from_json(const Json& json) {
  WorldSettings settings;
  const std::string seed = json.string_or("seed", "");
  const auto [end, error] = std::from_chars(seed.data(), seed.data() + seed.size(), settings.seed);
  if (error != std::errc{} || end != seed.data() + seed.size()) return senseless("seed");
  const Result<Currency> currency = Currency::parse(json.string_or("currency", ""));
  if (!currency) return senseless("currency");
  bool amounts = true;
  const auto money = [&](std::string_view name) {
    const std::int64_t minor = json.integer_or(name, 0);
    amounts = amounts && is_amount(minor);
    return Money{.minor = minor, .currency = *currency};
  };
  settings.currency = *currency;
  settings.terms = {.deposit_base = money("depositBase"),
                    .deposit_per_server = money("depositPerServer"),
                    .credit = money("creditLine")};
  if (!amounts) return senseless("amount");
  settings.terms_by_hand = json.boolean_or("termsByHand", false);
  settings.test_period = Duration(json.integer_or("testPeriod", 0));
  settings.settling = Duration(json.integer_or("settling", 0));
  settings.requests_per_minute = json.integer_or("requestsPerMinute", 0);
  settings.page_size = json.integer_or("pageSize", 0);
  if (settings.page_size <= 0) return senseless("page size");
  settings.release = json.string_or("release", "");
  settings.machines = json.boolean_or("realMachines", false) ? Machines::kReal : Machines::kSimulated;
  return WorldRoot{.now = {},
                   .balance_micro_minor = 0,
                   .last_server = json.integer_or("lastServer", 0),
                   .last_action = json.integer_or("lastAction", 0),
                   .settings = std::move(settings),
                   .refused_for_money = json.integer_or("refusedForMoney", 0),
                   .calls_cut = json.integer_or("callsCut", 0),
                   .calls_lost_to_expiry = json.integer_or("callsLostToExpiry", 0),
                   .window = time_of(json.integer_or("window", 0)),
                   .requests_in_window = json.integer_or("requestsInWindow", 0)};
}

Json to_json(const SimWork& work) {
  Json json;
  json.set("action", to_string(work.action))
      .set("end", optional_time(work.end))
      .set("fails", work.fails)
      .set("machineIsDown", work.machine_is_down)
      .set("before", to_string(work.before))
      .set("size", work.size);
  return json;
}

Result<SimWork> work_from_json(const Json& json) {
  const std::optional<Action> action = parse_action(json.string_or("action", ""));
  const std::optional<Phase> before = parse_phase(json.string_or("before", ""));
  if (!action || !before) return senseless("piece of work");
  return SimWork{.action = *action,
                 .end = time_member(json, "end"),
                 .fails = json.boolean_or("fails", false),
                 .machine_is_down = json.boolean_or("machineIsDown", true),
                 .before = *before,
                 .size = json.string_or("size", "")};
}

Json to_json(const SimConfiguration& configuration) {
  Json json;
  json.set("applied", configuration.applied)
      .set("digest", configuration.digest)
      .set("peers", to_json(configuration.peers))
      .set("fingerprints", to_json(configuration.fingerprints));
  return json;
}

Result<SimConfiguration> configuration_from_json(const Json& json) {
  const Json* peers = json.find("peers");
  const Json* fingerprints = json.find("fingerprints");
  if (peers == nullptr || fingerprints == nullptr) return senseless("configuration");
  auto peer_list = peers_from_json(*peers);
  if (!peer_list) return peer_list.error();
  auto pairs = pairs_from_json(*fingerprints);
  if (!pairs) return pairs.error();
  return SimConfiguration{.applied = json.string_or("applied", ""),
                          .digest = json.string_or("digest", ""),
                          .peers = *std::move(peer_list),
                          .fingerprints = *std::move(pairs)};
}

Json to_json(const std::vector<Peer>& peers) {
  Json::Array list;
  for (const Peer& peer : peers) list.push_back(to_json(peer));
  return list;
}

Result<std::vector<Peer>> peers_from_json(const Json& json) {
  if (json.array() == nullptr) return senseless("list of peers");
  std::vector<Peer> peers;
  for (const Json& entry : *json.array()) {
    Result<Peer> peer = peer_from_json(entry);
    if (!peer) return peer.error();
    peers.push_back(*std::move(peer));
  }
  return peers;
}

Json to_json(const TextPairs& pairs) {
  Json::Array list;
  for (const auto& [first, second] : pairs) list.push_back(Json::Array{first, second});
  return list;
}

Result<TextPairs> pairs_from_json(const Json& json) {
  if (json.array() == nullptr) return senseless("list of pairs");
  TextPairs pairs;
  for (const Json& entry : *json.array()) {
    const Json::Array* both = entry.array();
    if (both == nullptr || both->size() != 2 || both->front().string() == nullptr || both->back().string() == nullptr) {
      return senseless("pair");
    }
    pairs.emplace_back(*both->front().string(), *both->back().string());
  }
  return pairs;
}

}  // namespace switchyard
