#include "tests/state/samples.h"

#include <fmt/format.h>

#include <cstdlib>
#include <limits>

namespace switchyard::testing {

Timestamp at(std::string_view text) {
  const auto time = parse_timestamp(text);
  if (!time.ok()) std::abort();
  return *time;
}

Key server(std::string name) {
  return {Kind::kServer, std::move(name)};
}

Intent an_intent(const std::string& name) {
  return {.resource = server(name),
          .account = "main",
          .action = Action::kCreate,
          .origin = Intent::Origin::kPlanned,
          .uid = "uid-" + name,
          .provider_id = "",
          .written = at("2026-11-23T18:00:00.123Z"),
          .provider_now = at("2026-11-23T17:59:58Z"),
          .source_path = "/fleet/london.yaml",
          .request = Json().set("size", "s-2vcpu-4gb").set("channels", 1000),
          .proof_before = "boot-1",
          .actor = "ben@host",
          .reason = "it is new"};
}

Event an_event(const std::string& message) {
  return {.at = at("2026-11-23T18:00:00Z"),
          .resource = server("lon-1"),
          .account = "main",
          .actor = "ben@host",
          .type = "intent",
          .message = message};
}

ObservedServer an_observed_server(const std::string& name) {
  ObservedServer observed;
  observed.account = "main";
  observed.id = "id-" + name;
  observed.mark = Mark{.fleet = "main", .key = server(name), .uid = "uid-" + name};
  observed.name = name;
  observed.role = Role::kSwitch;
  observed.region = "lon1";
  observed.size = "s-2vcpu-4gb";
  observed.phase = Phase::kActive;
  observed.ipv4 = "10.0.0.1";
  observed.ipv6 = "fd00::1";
  observed.created = at("2026-11-20T10:00:00Z");
  observed.delivered = at("2026-11-20T10:04:00Z");
  observed.expires = at("2026-12-20T10:00:00Z");
  observed.price = Rate{.micro_minor_per_hour = 3'571'000};
  observed.last_action = "action-7";
  observed.last_action_state = ObservedServer::ActionState::kFailed;
  observed.last_action_message = "no capacity";
  observed.agent =
      AgentReport{.at = at("2026-11-23T18:00:01Z"),
                  .applied = R"({"spec.cps":100})",
                  .applied_digest = "0123456789abcdef",
                  .peers = {{.purpose = Peer::For::kMedia, .name = "lon-rtp-1", .address = "10.0.0.9", .weight = 1}},
                  .channels = 12,
                  .cps = 3,
                  .drained = true,
                  .booted = at("2026-11-22T00:00:00Z"),
                  .release = "5.8.1",
                  .pending_release = "5.8.2",
                  .sip_latency_us = 1200,
                  .icmp_latency_us = 300,
                  .salt = "salt",
                  .fingerprints = {{"certificates.main.key", "abc"}},
                  .details = R"({"listeners":["udp:10.0.0.1:5060"]})"};
  observed.seen = at("2026-11-23T18:00:00Z");
  return observed;
}

ObservedAccount an_account(const std::string& name, int servers) {
  ObservedAccount account{
      .name = name,
      .balance = Balance{.amount = {.minor = 17740}, .at = at("2026-11-23T18:00:00Z")},
      .catalogue = Catalogue{.regions = {"fra1", "lon1"},
                             .sizes = {{.name = "s-2vcpu-4gb", .price = Rate{.micro_minor_per_hour = 3'571'000}}},
                             .settling = std::chrono::seconds(30),
                             .delivery = std::chrono::minutes(5),
                             .delivery_failed = std::chrono::minutes(15)},
      .listed = at("2026-11-23T18:00:00Z"),
      .looked = at("2027-02-03T04:05:06Z"),
      .trouble = {},
      .servers = {}};
  for (int i = 0; i < servers; ++i) {
    account.servers.push_back(an_observed_server(fmt::format("lon-{:06}", i)));
    account.servers.back().account = name;
  }
  return account;
}

namespace {

std::string any_text(Random& random) {
  std::string text(random.below(40), '\0');
  for (char& c : text) c = static_cast<char>(random.below(256));
  return text;
}

std::int64_t any_number(Random& random) {
  switch (random.below(4)) {
    case 0:
      return random.between(-3, 3);
    case 1:
      return std::numeric_limits<std::int64_t>::min();
    case 2:
      return std::numeric_limits<std::int64_t>::max();
    default:
      return static_cast<std::int64_t>(random.next());
  }
}

template <class Make>
auto perhaps(Random& random, Make make) -> std::optional<decltype(make())> {
  if (random.below(2) == 0) return std::nullopt;
  return make();
}

}  // namespace

ObservedServer any_server(Random& random) {
  // From the first to the last that a row may hold.
  const auto time = [&] {
    constexpr std::int64_t kFirst = -62'167'219'200'000;
    constexpr std::int64_t kLast = 253'402'300'799'999;
    const std::uint64_t edge = random.below(4);
    return Timestamp(Duration(edge == 0 ? kFirst : edge == 1 ? kLast : random.between(kFirst, kLast)));
  };
  const auto number = [&] { return any_number(random); };
  ObservedServer any;
  any.account = "main";
  any.id = any_text(random);
  any.mark = perhaps(random, [&] {
    const Kind kind = random.below(2) == 0 ? Kind::kServer : Kind::kRtpServer;
    return Mark{.fleet = any_text(random), .key = {kind, any_text(random)}, .uid = any_text(random)};
  });
  any.name = any_text(random);
  any.role = perhaps(random, [&] { return static_cast<Role>(random.below(3)); });
  any.region = any_text(random);
  any.size = any_text(random);
  any.phase = static_cast<Phase>(random.below(7));
  any.ipv4 = any_text(random);
  any.ipv6 = any_text(random);
  any.created = perhaps(random, time);
  any.delivered = perhaps(random, time);
  any.expires = perhaps(random, time);
  any.price = perhaps(random, [&] {
    return Rate{.micro_minor_per_hour = random.between(0, kHighestPrice), .currency = *Currency::parse("EUR")};
  });
  any.last_action = any_text(random);
  any.last_action_state = static_cast<ObservedServer::ActionState>(random.below(4));
  any.last_action_message = any_text(random);
  any.agent = perhaps(random, [&] {
    AgentReport agent{.at = time(),
                      .applied = any_text(random),
                      .applied_digest = any_text(random),
                      .peers = {},
                      .channels = perhaps(random, number),
                      .cps = perhaps(random, number),
                      .drained = random.below(2) == 0,
                      .booted = perhaps(random, time),
                      .release = any_text(random),
                      .pending_release = any_text(random),
                      .sip_latency_us = perhaps(random, number),
                      .icmp_latency_us = perhaps(random, number),
                      .salt = any_text(random),
                      .fingerprints = {},
                      .details = any_text(random)};
    for (auto n = random.below(4); n > 0; --n) {
      agent.peers.push_back({.purpose = static_cast<Peer::For>(random.below(5)),
                             .name = any_text(random),
                             .address = any_text(random),
                             .weight = number()});
      agent.fingerprints.emplace_back(any_text(random), any_text(random));
    }
    return agent;
  });
  any.seen = time();
  any.missing_since = perhaps(random, time);
  any.missing_listings = number();
  any.confirmed_gone = random.below(2) == 0;
  return any;
}

}  // namespace switchyard::testing
