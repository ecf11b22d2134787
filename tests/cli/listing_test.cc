#include "reconciler/render/listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/render/description.h"
#include "reconciler/render/event_text.h"
#include "tests/cli/fleet_sample.h"
#include "tests/support/golden.h"

namespace switchyard {
namespace {

using ::testing::HasSubstr;

class ListingTest : public ::testing::Test {
 protected:
  Known known() const {
    return {.desired = &fleet_, .observed = observed_, .overrides = overrides_, .now = sample::now()};
  }
  DesiredFleet fleet_ = sample::fleet();
  std::vector<ObservedAccount> observed_ = sample::observed();
  std::vector<Override> overrides_{{.what = Override::What::kStopped,
                                    .resource = sample::server_key("lon-2"),
                                    .who = "ben@host",
                                    .why = "",
                                    .since = sample::now(),
                                    .until = {}}};
};

TEST_F(ListingTest, shows_servers_with_all_that_is_known_of_them) {
  expect_golden("get/servers.txt", list_resources(known(), Kind::kServer, {}).text(Colour::kOff));
}

TEST_F(ListingTest, shows_accounts_zones_clusters_and_media_servers) {
  std::string all;
  for (const auto kind : {Kind::kAccount, Kind::kZone, Kind::kCluster, Kind::kRtpServer}) {
    all += list_resources(known(), kind, {}).text(Colour::kOff) + "\n";
  }
  expect_golden("get/other-kinds.txt", all);
}

TEST_F(ListingTest, ages_are_measured_on_the_clock_of_the_provider_that_reported) {
  const auto servers = list_resources(known(), Kind::kServer, {}).text(Colour::kOff);
  const auto accounts = list_resources(known(), Kind::kAccount, {}).text(Colour::kOff);
  observed_ = sample::observed_on_another_clock();
  EXPECT_EQ(list_resources(known(), Kind::kServer, {}).text(Colour::kOff), servers);
  EXPECT_EQ(list_resources(known(), Kind::kAccount, {}).text(Colour::kOff), accounts);
}

TEST_F(ListingTest, shows_what_was_observed_without_any_specs) {
  const auto listing = list_resources(
      {.desired = nullptr, .observed = observed_, .overrides = {}, .now = sample::now()}, Kind::kServer, "lon-1");
  ASSERT_EQ(listing.rows.size(), 1U);
  EXPECT_THAT(listing.text(Colour::kOff), HasSubstr("Ben"));
}

TEST_F(ListingTest, gives_json_from_the_same_cells) {
  const auto json = list_resources(known(), Kind::kServer, "lon-1").json();
  ASSERT_EQ(json.array()->size(), 1U);
  const auto& row = json.array()->front();
  EXPECT_EQ(row.string_or("name", ""), "lon-1");
  EXPECT_EQ(row.find("channels")->integer_or("used", 0), 120);
  EXPECT_EQ(row.find("channels")->integer_or("allowed", 0), 500);
  EXPECT_EQ(row.integer_or("sipLatencyMicroseconds", 0), 1250);
}

TEST_F(ListingTest, unknown_calls_are_not_shown_as_zero) {
  observed_[0].servers[1].agent->channels.reset();
  EXPECT_THAT(list_resources(known(), Kind::kServer, "lon-1").text(Colour::kOff), HasSubstr("?/500"));
}

Event event(std::int64_t id, std::string type, std::string message) {
  return {.id = id,
          .at = sample::before(std::chrono::minutes(10 - id)),
          .resource = sample::server_key("lon-1"),
          .account = "main",
          .actor = "ben@host",
          .type = std::move(type),
          .message = std::move(message),
          .intent = id};
}

TEST(EventText, is_a_line_an_event) {
  auto account = event(3, "override", "frozen: billing is wrong");
  account.resource.reset();
  const std::vector<Event> events{event(1, "intent", "create"), event(2, "done", "delivered\nas sim-1"), account};
  expect_golden("events/events.txt", render_events(events, Colour::kOff));
}

Description describe(Key key) {
  const auto fleet = sample::fleet();
  const auto observed = sample::observed();
  Description description{.key = std::move(key),
                          .now = sample::now(),
                          .provider_now = sample::now(),
                          .source = Source{.file = "fleet.yaml", .line = 12},
                          .declared = declared_of(fleet, sample::server_key("lon-1")),
                          .wanted = {{.path = "spec.channels", .value = 1000},
                                     {.path = "spec.cluster", .value = "core"},
                                     {.path = "spec.cps", .value = 100}},
                          .observed = observed[0].servers[1],
                          .account = {},
                          .declaration = {},
                          .conditions = {{.resource = sample::server_key("lon-1"),
                                          .type = "Ready",
                                          .status = true,
                                          .reason = "InService",
                                          .message = "takes calls",
                                          .since = sample::before(std::chrono::hours(40))}},
                          .open_intents = {},
                          .attempts = {},
                          .overrides = {},
                          .events = {event(1, "intent", "create"), event(2, "done", "delivered")}};
  Intent intent{.id = 7,
                .resource = sample::server_key("lon-1"),
                .account = "main",
                .action = Action::kUpdate,
                .origin = Intent::Origin::kPlanned,
                .uid = "u-lon-1",
                .provider_id = "sim-1",
                .written = sample::before(std::chrono::seconds(20)),
                .provider_now = {},
                .source_path = "/fleet.yaml",
                .request = {},
                .proof_before = {},
                .actor = "ben@host",
                .reason = {}};
  description.open_intents = {{.intent = intent, .outcome = {}}};
  description.attempts = {{.resource = sample::server_key("lon-1"),
                           .action = Action::kUpdate,
                           .failures = 2,
                           .last = sample::before(std::chrono::minutes(1)),
                           .next_try = sample::now() + std::chrono::minutes(1),
                           .message = "the agent did not answer"}};
  description.overrides = {{.what = Override::What::kSuspended,
                            .resource = sample::server_key("lon-1"),
                            .who = "ben@host",
                            .why = "the carrier is testing",
                            .since = sample::before(std::chrono::hours(2)),
                            .until = {}}};
  return description;
}

TEST(DescriptionText, tells_everything_with_its_age) {
  expect_golden("describe/server.txt", render_description(describe(sample::server_key("lon-1")), Colour::kOff));
}

TEST(DescriptionText, shows_what_an_agent_sees_with_the_age_of_each) {
  auto description = describe(sample::server_key("lon-1"));
  description.observed->agent->details =
      R"({"listeners":{"value":["udp:10.0.0.1:5060","tcp:10.0.0.1:5060"],"at":"2026-11-23T18:34:42Z"},)"
      R"("destinations":{"value":[{"uri":"sip:10.0.0.2:5060","state":"AP"}],"at":"2026-11-23T18:34:40Z"},)"
      R"("registrations":{"value":[],"at":"2026-11-23T18:34:42Z"},"memory":{"value":null,"at":"2026-11-23T18:34:42Z"},)"
      R"("uptime":{"value":"3h","at":"2026-11-23T18:34:42Z"},"trouble":{"value":"bad\u001b[31m line"}})";
  expect_golden("describe/agent.txt", render_description(description, Colour::kOff));
  const Json json = to_json(description);
  EXPECT_EQ(json.find("observed")->find("agent")->find("details")->find("uptime")->string_or("value", ""), "3h");
  description.observed->agent->details = "no JSON";
  EXPECT_THAT(render_description(description, Colour::kOff), ::testing::Not(HasSubstr("What its agent sees")));
}

TEST(DescriptionText, of_a_cluster_names_its_members) {
  const Key key{Kind::kCluster, "core"};
  Description description{};
  description.key = key;
  description.now = sample::now();
  description.provider_now = sample::now();
  description.source = Source{.file = "fleet.yaml", .line = 9};
  description.declared = declared_of(sample::fleet(), key);
  expect_golden("describe/cluster.txt", render_description(description, Colour::kOff));
}

TEST(DescriptionText, of_an_account_shows_its_balance_with_its_age) {
  const Key key{Kind::kAccount, "main"};
  Description description{};
  description.key = key;
  description.now = sample::now();
  description.provider_now = sample::now();
  description.account = sample::observed()[0];
  description.account->trouble = Error{.code = ErrorCode::kNotSent, .message = "could not connect"};
  expect_golden("describe/account.txt", render_description(description, Colour::kOff));
}

TEST(DescriptionText, measures_ages_on_the_clock_of_the_provider_that_reported) {
  auto description = describe(sample::server_key("lon-1"));
  const auto account = sample::observed_on_another_clock()[0];
  description.observed = *std::ranges::find(account.servers, "sim-1", &ObservedServer::id);
  description.provider_now = provider_clock(account, sample::now());
  const auto text = render_description(description, Colour::kOff);
  EXPECT_THAT(text, HasSubstr("Provider, seen 12s ago"));
  EXPECT_THAT(text, HasSubstr("in 6d"));
  EXPECT_THAT(text, HasSubstr("written 2026-11-23T18:34:25Z (20s ago)")) << "the journal is on the engine's clock";
  EXPECT_THAT(text, ::testing::Not(HasSubstr("326d")));
}

TEST(DescriptionText, without_anything_known_is_known_as_such) {
  Description description{};
  description.key = sample::server_key("nobody");
  EXPECT_FALSE(description.known());
  EXPECT_TRUE(describe(sample::server_key("lon-1")).known());
}

TEST(DescriptionText, json_keeps_the_salt_of_the_fingerprints_to_itself) {
  EXPECT_THAT(to_string(to_json(describe(sample::server_key("lon-1")))), ::testing::Not(HasSubstr("5a17")));
}

TEST(DescriptionText, json_holds_what_the_text_shows) {
  const auto json = to_json(describe(sample::server_key("lon-1")));
  EXPECT_EQ(json.integer_or("formatVersion", 0), 1);
  EXPECT_EQ(json.string_or("resource", ""), "Server/lon-1");
  EXPECT_EQ(json.find("wanted")->integer_or("spec.channels", 0), 1000);
  EXPECT_EQ(json.find("openIntents")->array()->front().string_or("action", ""), "update");
}

}  // namespace
}  // namespace switchyard
