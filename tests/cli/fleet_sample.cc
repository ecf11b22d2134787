#include "tests/cli/fleet_sample.h"

#include <algorithm>
#include <utility>

namespace switchyard::sample {
namespace {

constexpr Rate kPrice{.micro_minor_per_hour = 3'571'000, .currency = {}};

AgentReport report(std::int64_t channels, std::string applied, std::string digest) {
  return {.at = before(std::chrono::seconds(3)),
          .applied = std::move(applied),
          .applied_digest = std::move(digest),
          .peers = {},
          .channels = channels,
          .cps = channels / 10,
          .drained = false,
          .booted = before(std::chrono::hours(30)),
          .release = "2.1.0",
          .pending_release = {},
          .sip_latency_us = 1250,
          .icmp_latency_us = 830,
          .salt = "5a17",
          .fingerprints = {}};
}

ObservedServer machine(std::string id, std::string name, Kind kind = Kind::kServer) {
  ObservedServer server;
  server.account = "main";
  server.id = std::move(id);
  server.mark = Mark{.fleet = "main", .key = {kind, name}, .uid = "u-" + name};
  server.name = name;
  server.role = Role::kSwitch;
  server.region = "lon1";
  server.size = "s-2vcpu-4gb";
  server.phase = Phase::kActive;
  server.ipv4 = "10.0.0." + server.id.substr(4);
  server.created = before(std::chrono::hours(50));
  server.delivered = before(std::chrono::hours(49));
  server.price = kPrice;
  server.seen = before(std::chrono::seconds(12));
  return server;
}

FieldChange field(std::string path, Json from, Json to, Effect effect) {
  return {.path = std::move(path), .before = std::move(from), .after = std::move(to), .effect = effect};
}

Change change(int id, Action action, Key key, std::string reason, Effect effect, int line) {
  return {.id = id,
          .action = action,
          .resource = std::move(key),
          .account = "main",
          .reason = std::move(reason),
          .after = {},
          .after_end = {},
          .effect = effect,
          .fields = {},
          .source = {.file = "fleet.yaml", .line = line},
          .uid = {},
          .provider_id = {},
          .channels = {},
          .waits_for_zero_calls = false};
}

Hold hold(Action action, Key key, Gate gate, std::string reason, int line) {
  return {.action = action,
          .resource = std::move(key),
          .account = "main",
          .gate = gate,
          .reason = std::move(reason),
          .needs = {},
          .short_by = {},
          .until = {},
          .fields = {},
          .source = {.file = "fleet.yaml", .line = line}};
}

std::vector<Change> changes() {
  std::vector<Change> all;
  all.push_back(change(1, Action::kCreate, server_key("lon-3"), "there is no such server yet", Effect::kLive, 40));
  auto live = change(2, Action::kUpdate, server_key("lon-1"), "2 fields differ", Effect::kLive, 12);
  live.fields = {field("spec.channels", 500, 1000, Effect::kLive),
                 field("spec.options.uacPing", true, false, Effect::kLive)};
  all.push_back(live);
  auto restart = change(3, Action::kUpdate, server_key("lon-2"), "1 field differs", Effect::kRestart, 26);
  restart.fields = {field("spec.options.ports.udp", Json::Array{}, Json::Array{5080, 5090}, Effect::kRestart)};
  restart.waits_for_zero_calls = true;
  restart.channels = 12;
  restart.after_end = {2};
  all.push_back(restart);
  auto replace = change(4, Action::kReplace, server_key("fra-1"), "the zone changed", Effect::kReplace, 55);
  replace.fields = {field("spec.zone", "london", "frankfurt", Effect::kReplace)};
  replace.waits_for_zero_calls = true;
  all.push_back(replace);
  auto reactivate = change(5, Action::kReactivate, server_key("fra-2"), "it expired", Effect::kLive, 70);
  all.push_back(reactivate);
  auto dispatcher = change(6, Action::kFlush, server_key("front-1"), "its list of switches changes", Effect::kLive, 90);
  dispatcher.after = {1, 4};
  all.push_back(dispatcher);
  auto removed = change(7, Action::kDelete, server_key("old-1"), "it is no longer declared", Effect::kReplace, 0);
  removed.source = {};
  removed.after = {6};
  all.push_back(removed);
  return all;
}

std::vector<Hold> holds() {
  std::vector<Hold> all;
  auto money = hold(Action::kCreate, server_key("lon-9"), Gate::kBalance, "the balance does not carry it", 100);
  money.needs = usd(18000);
  money.short_by = usd(260);
  all.push_back(money);
  auto calls = hold(Action::kUpdate, {Kind::kRtpServer, "lon-rtp-1"}, Gate::kChannels,
                    "7 calls are on it and nobody can take them", 120);
  calls.fields = {field("spec.ports.to", 40000, 50000, Effect::kRestart)};
  calls.until = now() + std::chrono::minutes(10);
  all.push_back(calls);
  return all;
}

}  // namespace

Timestamp now() {
  return *parse_timestamp("2026-11-23T18:34:45Z");
}
Timestamp before(Duration span) {
  return now() - span;
}
Money usd(std::int64_t cents) {
  return {.minor = cents, .currency = {}};
}
Key server_key(std::string name) {
  return {Kind::kServer, std::move(name)};
}

DesiredServer server(std::string name, std::string zone, std::string cluster) {
  return {.key = server_key(name),
          .role = Role::kSwitch,
          .alias = "Alias of " + name,
          .zone = std::move(zone),
          .account = "main",
          .region = "lon1",
          .cluster = cluster.empty() ? std::nullopt : std::optional(std::move(cluster)),
          .size = "s-2vcpu-4gb",
          .channels = 1000,
          .cps = 100,
          .weight = 1,
          .priority = 0,
          .power = Power::kRunning,
          .protect = false,
          .auto_upgrade = true,
          .restrict_direct = false,
          .failover = std::nullopt,
          .balancer_cluster = {},
          .media = {},
          .labels = {},
          .formerly = {},
          .digest = "d1",
          .source = {.file = "fleet.yaml", .line = 12}};
}

DesiredFleet fleet() {
  DesiredFleet fleet;
  fleet.zones = {{.name = "frankfurt",
                  .account = "main",
                  .region = "fra1",
                  .failover = {},
                  .timezone = "Europe/Berlin",
                  .formerly = {},
                  .source = {.file = "fleet.yaml", .line = 5}},
                 {.name = "london",
                  .account = "main",
                  .region = "lon1",
                  .failover = "frankfurt",
                  .timezone = "Europe/London",
                  .formerly = {},
                  .source = {.file = "fleet.yaml", .line = 1}}};
  fleet.clusters = {{.name = "core",
                     .cps = 200,
                     .channels = {},
                     .max_unavailable = 1,
                     .drain_timeout = std::chrono::minutes(30),
                     .shares = true,
                     .on_timeout = DesiredCluster::OnTimeout::kRelease,
                     .formerly = {},
                     .source = {.file = "fleet.yaml", .line = 9}}};
  fleet.servers = {server("fra-1", "frankfurt", "core"), server("fra-2", "frankfurt", ""),
                   server("front-1", "london", ""),      server("lon-1", "london", "core"),
                   server("lon-2", "london", "core"),    server("lon-3", "london", "core"),
                   server("lon-9", "london", "core")};
  fleet.servers[2].role = Role::kDispatcher;
  auto media = server("lon-rtp-1", "london", "");
  media.key.kind = Kind::kRtpServer;
  media.role = Role::kMedia;
  fleet.servers.push_back(media);
  std::ranges::sort(fleet.servers, {}, &DesiredServer::key);
  for (const auto& one : fleet.servers) fleet.documents.emplace_back(one.key, one.source);
  for (const auto& zone : fleet.zones) fleet.documents.emplace_back(Key{Kind::kZone, zone.name}, zone.source);
  fleet.documents.emplace_back(Key{Kind::kCluster, "core"}, fleet.clusters[0].source);
  std::ranges::sort(fleet.documents, {}, &std::pair<Key, Source>::first);
  fleet.digest = "sha256:1234";
  return fleet;
}

std::vector<ObservedAccount> observed() {
  ObservedAccount account;
  account.name = "main";
  account.balance = Balance{.amount = usd(17740), .at = before(std::chrono::seconds(12))};
  account.listed = before(std::chrono::seconds(12));
  auto lon_1 = machine("sim-1", "lon-1");
  lon_1.agent = report(120,
                       R"({"spec.alias":"Ben","spec.channels":500,"spec.cluster":"core","spec.cps":100,)"
                       R"("spec.options.uacPing":true,"spec.zone":"london"})",
                       "d1");
  lon_1.expires = now() + std::chrono::hours(24 * 6);
  auto lon_2 = machine("sim-2", "lon-2");
  lon_2.agent = report(12, R"({"spec.channels":1000,"spec.cluster":"core","spec.zone":"london"})", "d2");
  lon_2.agent->drained = true;
  auto fra_2 = machine("sim-3", "fra-2");
  fra_2.phase = Phase::kExpired;
  auto media = machine("sim-4", "lon-rtp-1", Kind::kRtpServer);
  media.role = Role::kMedia;
  auto gone = machine("sim-5", "old-1");
  gone.missing_since = before(std::chrono::minutes(2));
  gone.missing_listings = 2;
  ObservedServer foreign = machine("sim-6", "web");
  foreign.mark.reset();
  foreign.name = "web\x1b[2J";
  foreign.role.reset();
  account.servers = {fra_2, lon_1, lon_2, media, gone, foreign};
  return {account};
}

std::vector<ObservedAccount> observed_on_another_clock() {
  static constexpr std::chrono::hours kBehind{326 * 24};
  const auto put_back = [](std::optional<Timestamp>& time) {
    if (time) *time -= kBehind;
  };
  std::vector<ObservedAccount> accounts = observed();
  for (auto& account : accounts) {
    account.looked = account.listed;
    put_back(account.listed);
    account.balance->at -= kBehind;
    for (auto& server : account.servers) {
      for (auto* time : {&server.created, &server.delivered, &server.expires, &server.missing_since}) put_back(*time);
      server.seen -= kBehind;
      if (!server.agent) continue;
      server.agent->at -= kBehind;
      put_back(server.agent->booted);
    }
  }
  return accounts;
}

PlanView plan() {
  Plan plan;
  plan.desired_digest = "sha256:1234";
  plan.observed_at = before(std::chrono::seconds(12));
  plan.changes = changes();
  plan.holds = holds();
  plan.balances = {{.account = "main",
                    .available = usd(17740),
                    .reserve = usd(0),
                    .servers = 5,
                    .affordable = 1,
                    .burn = Rate{.micro_minor_per_hour = 17'855'000, .currency = {}},
                    .runway = std::chrono::hours(24 * 41 + 9),
                    .burn_after = Rate{.micro_minor_per_hour = 21'426'000, .currency = {}},
                    .runway_after = std::chrono::hours(24 * 34)}};
  plan.overrides = {{.what = Override::What::kSuspended,
                     .resource = server_key("lon-4"),
                     .who = "ben@host",
                     .why = "the carrier is testing",
                     .since = before(std::chrono::hours(2)),
                     .until = now() + std::chrono::hours(1)}};
  plan.unmanaged = {
      {.account = "main", .id = "sim-6", .name = "web\x1b[2J", .price = kPrice, .why = "carries no mark"}};
  plan.adopted = {server_key("fra-1")};
  plan.under_way = {server_key("lon-5")};
  plan.warnings = {"Server/lon-1 expires in 6d"};
  plan.safety = {.destroys = 2,
                 .destroy_limit = "5",
                 .calls_affected = 12,
                 .lowest = {{.cluster = "core", .now = 3000, .lowest = 2000, .in_use = 132}}};
  plan.summary = {.create = 1, .update = 2, .replace = 1, .remove = 1, .action = 2, .held = 2, .unchanged = 46};
  const auto lookup = [](const Key& key, std::string_view path) -> std::optional<Source> {
    if (key == server_key("lon-1") && path == "spec.channels") return Source{.file = "fleet.yaml", .line = 19};
    return std::nullopt;
  };
  return view_of(std::move(plan), fleet(), observed(), lookup);
}

}  // namespace switchyard::sample
