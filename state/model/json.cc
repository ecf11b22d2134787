#include <algorithm>

#include "state/model/observation.h"

// The JSON forms of observations. They are written into state rows and spoken between client and server of the
// simulator, so a member that is missing reads as "not known" and an unknown member is passed over.
namespace switchyard {
namespace {

Error unreadable(std::string_view what) {
  return Error{ErrorCode::kUnreadable, "unreadable " + std::string(what)};
}

void set_text(Json& json, std::string_view name, const std::string& text) {
  if (!text.empty()) json.set(name, text);
}

void set_time(Json& json, std::string_view name, const std::optional<Timestamp>& time) {
  if (time) json.set(name, to_string(*time));
}

void set_number(Json& json, std::string_view name, const std::optional<std::int64_t>& number) {
  if (number) json.set(name, *number);
}

// The readers of a member: what is missing or null reads as not known; what is of another type, or a count below zero,
// makes `good` false.
std::string text(const Json& json, std::string_view name, bool& good) {
  const Json* member = json.find(name);
  if (member == nullptr || member->is_null()) return {};
  if (member->string() == nullptr) good = false;
  return member->string() == nullptr ? std::string() : *member->string();
}

std::optional<std::int64_t> count(const Json& json, std::string_view name, bool& good) {
  const Json* member = json.find(name);
  if (member == nullptr || member->is_null()) return std::nullopt;
  if (member->integer() == nullptr || *member->integer() < 0) {
    good = false;
    return std::nullopt;
  }
  return *member->integer();
}

bool truth(const Json& json, std::string_view name, bool fallback, bool& good) {
  const Json* member = json.find(name);
  if (member == nullptr || member->is_null()) return fallback;
  if (member->boolean() == nullptr) good = false;
  return member->boolean() == nullptr ? fallback : *member->boolean();
}

// Nothing when the member is missing; false in `good` when it is there and no list.
const Json::Array* list(const Json& json, std::string_view name, bool& good) {
  const Json* member = json.find(name);
  if (member == nullptr || member->is_null()) return nullptr;
  if (member->array() == nullptr) good = false;
  return member->array();
}

// Nothing when the member is missing; false in `good` when it is there and no time.
std::optional<Timestamp> time(const Json& json, std::string_view name, bool& good) {
  const Json* member = json.find(name);
  if (member == nullptr || member->is_null()) return std::nullopt;
  const std::string* text = member->string();
  if (text == nullptr) {
    good = false;
    return std::nullopt;
  }
  Result<Timestamp> parsed = parse_timestamp(*text);
  if (!parsed.ok()) {
    good = false;
    return std::nullopt;
  }
  return *parsed;
}

std::optional<Rate> rate(const Json& json, bool& good) {
  const Json* member = json.find("price");
  if (member == nullptr || member->is_null()) return std::nullopt;
  const std::string* text = member->string();
  Result<Currency> currency = Currency::parse(json.string_or("currency", "USD"));
  if (text == nullptr || !currency.ok()) {
    good = false;
    return std::nullopt;
  }
  Result<Rate> parsed = parse_rate(*text, *currency);
  if (!parsed.ok() || parsed->micro_minor_per_hour > kHighestPrice) {
    good = false;
    return std::nullopt;
  }
  return *parsed;
}

void set_rate(Json& json, const std::optional<Rate>& price) {
  if (!price) return;
  json.set("price", to_string(*price));
  json.set("currency", price->currency.code());
}

Json to_json(const AgentReport& report) {
  Json json;
  json.set("at", to_string(report.at));
  json.set("applied", report.applied);
  json.set("appliedDigest", report.applied_digest);
  Json peers{Json::Array{}};
  for (const Peer& peer : report.peers) peers.push_back(switchyard::to_json(peer));
  json.set("peers", std::move(peers));
  set_number(json, "channels", report.channels);
  set_number(json, "cps", report.cps);
  json.set("drained", report.drained);
  set_time(json, "booted", report.booted);
  set_text(json, "release", report.release);
  set_text(json, "pendingRelease", report.pending_release);
  set_number(json, "sipLatencyUs", report.sip_latency_us);
  set_number(json, "icmpLatencyUs", report.icmp_latency_us);
  set_text(json, "salt", report.salt);
  Json fingerprints{Json::Object{}};
  for (const auto& [path, fingerprint] : report.fingerprints) fingerprints.set(path, fingerprint);
  json.set("fingerprints", std::move(fingerprints));
  set_text(json, "details", report.details);
  return json;
}

Result<AgentReport> report_from_json(const Json& json) {
  bool good = json.object() != nullptr;
  const std::optional<Timestamp> at = time(json, "at", good);
  if (!at) return unreadable("report of an agent");
  AgentReport report{.at = *at,
                     .applied = text(json, "applied", good),
                     .applied_digest = text(json, "appliedDigest", good),
                     .peers = {},
                     .channels = count(json, "channels", good),
                     .cps = count(json, "cps", good),
                     .drained = truth(json, "drained", false, good),
                     .booted = time(json, "booted", good),
                     .release = text(json, "release", good),
                     .pending_release = text(json, "pendingRelease", good),
                     .sip_latency_us = count(json, "sipLatencyUs", good),
                     .icmp_latency_us = count(json, "icmpLatencyUs", good),
                     .salt = text(json, "salt", good),
                     .fingerprints = {},
                     .details = text(json, "details", good)};
  if (report.applied.empty()) report.applied = "{}";
  if (const Json::Array* peers = list(json, "peers", good)) {
    for (const Json& element : *peers) {
      Result<Peer> peer = peer_from_json(element);
      if (!peer.ok()) return peer.error();
      report.peers.push_back(std::move(*peer));
    }
  }
  if (const Json* members = json.find("fingerprints"); members != nullptr && !members->is_null()) {
    if (members->object() == nullptr) return unreadable("fingerprints");
    for (const auto& [path, value] : *members->object()) {
      if (value.string() == nullptr) return unreadable("fingerprint");
      report.fingerprints.emplace_back(path, *value.string());
    }
    std::ranges::sort(report.fingerprints);
  }
  if (!good) return unreadable("report of an agent");
  return report;
}

// A mark without a fleet, a resource or a uid says of nobody that the server is theirs.
std::optional<Mark> mark_from_json(const Json& json) {
  bool good = json.object() != nullptr;
  const std::optional<Key> key = parse_key(text(json, "key", good));
  std::string fleet = text(json, "fleet", good);
  std::string uid = text(json, "uid", good);
  if (!good || !key || fleet.empty() || uid.empty()) return std::nullopt;
  return Mark{.fleet = std::move(fleet), .key = *key, .uid = std::move(uid)};
}

}  // namespace

Json to_json(const Peer& peer) {
  Json json;
  json.set("for", std::string(to_string(peer.purpose)));
  json.set("name", peer.name);
  json.set("address", peer.address);
  json.set("weight", peer.weight);
  return json;
}

Result<Peer> peer_from_json(const Json& json) {
  const auto purpose = parse_peer_purpose(json.string_or("for", ""));
  bool good = purpose.has_value();
  Peer peer{.purpose = purpose.value_or(Peer::For::kDestination),
            .name = text(json, "name", good),
            .address = text(json, "address", good),
            .weight = count(json, "weight", good).value_or(1)};
  if (!good) return unreadable("peer");
  return peer;
}

Json to_json(const ObservedServer& server) {
  Json json;
  json.set("account", server.account);
  json.set("id", server.id);
  if (server.mark) {
    json.set("mark",
             Json(Json::Object{
                 {"fleet", server.mark->fleet}, {"key", to_string(server.mark->key)}, {"uid", server.mark->uid}}));
  }
  json.set("name", server.name);
  if (server.role) json.set("role", to_string(*server.role));
  json.set("region", server.region);
  json.set("size", server.size);
  json.set("phase", to_string(server.phase));
  set_text(json, "ipv4", server.ipv4);
  set_text(json, "ipv6", server.ipv6);
  set_time(json, "created", server.created);
  set_time(json, "delivered", server.delivered);
  set_time(json, "expires", server.expires);
  set_rate(json, server.price);
  set_text(json, "lastAction", server.last_action);
  if (server.last_action_state != ObservedServer::ActionState::kNone) {
    json.set("lastActionState", to_string(server.last_action_state));
  }
  set_text(json, "lastActionMessage", server.last_action_message);
  if (server.agent) json.set("agent", to_json(*server.agent));
  json.set("seen", to_string(server.seen));
  set_time(json, "missingSince", server.missing_since);
  if (server.missing_listings != 0) json.set("missingListings", server.missing_listings);
  if (server.confirmed_gone) json.set("confirmedGone", true);
  return json;
}

Result<ObservedServer> observed_server_from_json(const Json& json) {
  if (json.object() == nullptr) return unreadable("server: not an object");
  ObservedServer server;
  bool good = true;
  server.account = text(json, "account", good);
  server.id = text(json, "id", good);
  if (server.id.empty()) return unreadable("server: it has no id");
  if (const Json* mark = json.find("mark"); mark != nullptr && !mark->is_null()) {
    server.mark = mark_from_json(*mark);
    if (!server.mark) return unreadable("mark of server \"" + server.id + "\"");
  }
  server.name = text(json, "name", good);
  server.role = parse_role(text(json, "role", good));
  server.region = text(json, "region", good);
  server.size = text(json, "size", good);
  const std::optional<Phase> phase = parse_phase(text(json, "phase", good));
  if (!phase) return unreadable("phase of server \"" + server.id + "\"");
  server.phase = *phase;
  server.ipv4 = text(json, "ipv4", good);
  server.ipv6 = text(json, "ipv6", good);
  server.created = time(json, "created", good);
  server.delivered = time(json, "delivered", good);
  server.expires = time(json, "expires", good);
  server.price = rate(json, good);
  server.last_action = text(json, "lastAction", good);
  server.last_action_state =
      parse_action_state(text(json, "lastActionState", good)).value_or(ObservedServer::ActionState::kNone);
  server.last_action_message = text(json, "lastActionMessage", good);
  if (const Json* agent = json.find("agent"); agent != nullptr && !agent->is_null()) {
    Result<AgentReport> report = report_from_json(*agent);
    if (!report.ok()) return report.error();
    server.agent = std::move(*report);
  }
  server.seen = time(json, "seen", good).value_or(Timestamp{});
  server.missing_since = time(json, "missingSince", good);
  server.missing_listings = count(json, "missingListings", good).value_or(0);
  server.confirmed_gone = truth(json, "confirmedGone", false, good);
  if (!good) return unreadable("value in server \"" + server.id + "\"");
  return server;
}

Json to_json(const Catalogue& catalogue) {
  Json json;
  Json regions{Json::Array{}};
  for (const std::string& region : catalogue.regions) regions.push_back(region);
  json.set("regions", std::move(regions));
  Json sizes{Json::Array{}};
  for (const SizeOffer& offer : catalogue.sizes) {
    Json size;
    size.set("name", offer.name);
    set_rate(size, offer.price);
    sizes.push_back(std::move(size));
  }
  json.set("sizes", std::move(sizes));
  json.set("settling", to_string(catalogue.settling));
  json.set("delivery", to_string(catalogue.delivery));
  json.set("deliveryFailed", to_string(catalogue.delivery_failed));
  json.set("agents", catalogue.agents);
  json.set("resizeIsLive", catalogue.resize_is_live);
  return json;
}

Result<Catalogue> catalogue_from_json(const Json& json) {
  Catalogue catalogue;
  bool good = json.object() != nullptr;
  if (const Json::Array* regions = list(json, "regions", good)) {
    for (const Json& region : *regions) {
      good = good && region.string() != nullptr;
      if (good) catalogue.regions.push_back(*region.string());
    }
  }
  if (const Json::Array* sizes = list(json, "sizes", good)) {
    for (const Json& size : *sizes) {
      std::string name = text(size, "name", good);
      good = good && !name.empty();
      catalogue.sizes.push_back(SizeOffer{std::move(name), rate(size, good)});
    }
  }
  const auto span = [&](std::string_view name) {
    Result<Duration> parsed = parse_duration(text(json, name, good));
    good = good && parsed.ok();
    return parsed.ok() ? *parsed : Duration{};
  };
  catalogue.settling = span("settling");
  catalogue.delivery = span("delivery");
  catalogue.delivery_failed = span("deliveryFailed");
  catalogue.agents = truth(json, "agents", true, good);
  catalogue.resize_is_live = truth(json, "resizeIsLive", false, good);
  if (!good) return unreadable("catalogue");
  std::ranges::sort(catalogue.regions);
  std::ranges::sort(catalogue.sizes, {}, &SizeOffer::name);
  return catalogue;
}

}  // namespace switchyard
