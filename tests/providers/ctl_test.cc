// What a person's hands can do to a simulated world.
#include "providers/sim/ctl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/providers/small_world.h"

namespace switchyard {
namespace {

using std::chrono::minutes;
using ::testing::HasSubstr;

std::string error_of_ctl(SmallWorld& world, const CtlCommand& command) {
  const auto done = world.time().by_hand(command);
  return done ? "no error" : done.error().message;
}

TEST(Ctl, EveryCommandTravelsAsJsonAndBack) {
  const std::vector<CtlCommand> commands = {
      CtlBalance{.amount = "177.40"},
      CtlExpire{.server = "a"},
      CtlVanish{.server = "a"},
      CtlPower{.server = "a", .power = Power::kStopped},
      CtlPower{.server = "a", .power = Power::kRunning},
      CtlSet{.server = "a", .field = "uacPing", .value = "false"},
      CtlAdvance{.by = std::chrono::hours(2)},
      CtlCalls{.server = "a", .calls = 3, .lasting = minutes(3)},
      CtlCalls{.server = "a", .calls = 3, .lasting = {}},
      CtlFault{.fault = {.kind = FaultKind::kLagList, .rate_ppm = 1234, .times = 5}},
      CtlDump{},
  };
  for (const CtlCommand& command : commands) {
    const Json json = to_json(command);
    const auto back = ctl_command_from_json(json);
    ASSERT_TRUE(back.ok()) << to_string(json);
    EXPECT_EQ(back->index(), command.index());
    EXPECT_EQ(to_json(*back), json);
  }
  EXPECT_FALSE(ctl_command_from_json(Json()).ok());
}

TEST(Ctl, ADumpShowsWhatTestsAskFor) {
  SmallWorld world;
  ASSERT_TRUE(world.provider().create(wanted("lon-1", "uid-1"), kLimits).ok());
  const Json dump = world.dump();
  EXPECT_EQ(dump.integer_or("formatVersion", 0), 1);
  EXPECT_EQ(dump.string_or("now", ""), kBeginning);
  EXPECT_EQ(dump.string_or("balance", ""), "500.00");
  const Json& server = dump.find("servers")->array()->front();
  EXPECT_EQ(server.string_or("name", ""), "lon-1");
  EXPECT_EQ(server.string_or("uid", ""), "uid-1");
  EXPECT_EQ(server.string_or("id", ""), "sim-1");
  EXPECT_EQ(server.string_or("fleet", ""), "main");
  EXPECT_EQ(server.string_or("phase", ""), "provisioning");
  EXPECT_THAT(dump_for_people(dump), HasSubstr("sim-1      lon-1                provisioning lon1   s-1vcpu-2gb"));
}

TEST(Ctl, AServerIsNamedByItsNameOrItsId) {
  SmallWorld world;
  world.delivered("twin");
  const std::string second = world.delivered("twin");
  EXPECT_THAT(error_of_ctl(world, CtlVanish{.server = "twin"}), HasSubstr("sim-1 and sim-2"));
  world.ctl(CtlVanish{.server = second});
  EXPECT_EQ(world.provider().list("", kLimits)->servers.size(), 1U);
  world.ctl(CtlVanish{.server = "twin"});
  EXPECT_EQ(world.provider().list("", kLimits)->servers.size(), 0U);
  EXPECT_THAT(error_of_ctl(world, CtlVanish{.server = "twin"}), HasSubstr("there is no server \"twin\""));
}

TEST(Ctl, PowerGoesOffAndOn) {
  SmallWorld world;
  const std::string id = world.delivered("a");
  world.ctl(CtlCalls{.server = "a", .calls = 9, .lasting = {}});
  world.ctl(CtlPower{.server = "a", .power = Power::kStopped});
  EXPECT_EQ(world.see(id).phase, Phase::kStopped);
  EXPECT_FALSE(world.see(id).agent->channels.has_value());
  EXPECT_THAT(error_of_ctl(world, CtlCalls{.server = "a", .calls = 1, .lasting = {}}), HasSubstr("stopped"));
  world.ctl(CtlPower{.server = "a", .power = Power::kRunning});
  EXPECT_EQ(world.see(id).phase, Phase::kActive);
  EXPECT_EQ(world.see(id).agent->channels, 0);
}

TEST(Ctl, PowerBreaksOffWhatIsUnderWayAndWhatTheAgentWasToldHolds) {
  SmallWorld world;
  const std::string id = world.delivered("a");
  ASSERT_TRUE(world.provider().act(id, Action::kRestart, {}, kLimits).ok());
  world.ctl(CtlPower{.server = "a", .power = Power::kRunning});
  EXPECT_EQ(world.see(id).last_action_state, ObservedServer::ActionState::kFailed);
  Configuration next{.fields = wanted("a").fields, .peers = {}, .secrets = {}};
  set_field(next.fields, "spec.channels", 1500);
  ASSERT_TRUE(world.agent().configure(world.see(id), next, kLimits).ok());
  world.ctl(CtlPower{.server = "a", .power = Power::kStopped});
  EXPECT_EQ(world.see(id).phase, Phase::kStopped);
  EXPECT_EQ(world.see(id).agent->applied_digest, digest_of(next.fields));
}

TEST(Ctl, SetChangesAFieldOfTheAgentByItsPathOrItsShortName) {
  SmallWorld world;
  const std::string id = world.delivered("a");
  Fields expected = wanted("a").fields;
  world.ctl(CtlSet{.server = "a", .field = "uacPing", .value = "false"});
  set_field(expected, "spec.options.uacPing", false);
  EXPECT_EQ(world.see(id).agent->applied_digest, digest_of(expected));
  world.ctl(CtlSet{.server = "a", .field = "channels", .value = "800"});
  set_field(expected, "spec.channels", 800);
  EXPECT_EQ(world.see(id).agent->applied_digest, digest_of(expected));
  world.ctl(CtlSet{.server = "a", .field = "carriers.acme.cps", .value = "50"});
  set_field(expected, "carriers.acme.cps", 50);
  EXPECT_EQ(world.see(id).agent->applied_digest, digest_of(expected));
  EXPECT_EQ(world.see(id).agent->applied, to_string(to_json(expected)));
  EXPECT_THAT(error_of_ctl(world, CtlSet{.server = "a", .field = "uacPong", .value = "1"}), HasSubstr("uacPong"));
}

TEST(Ctl, SetChangesWhatTheProviderKnows) {
  SmallWorld world;
  const std::string id = world.delivered("a");
  world.ctl(CtlSet{.server = "a", .field = "size", .value = "s-8vcpu-16gb"});
  world.ctl(CtlSet{.server = "a", .field = "region", .value = "fra1"});
  EXPECT_EQ(world.see(id).size, "s-8vcpu-16gb");
  EXPECT_EQ(world.see(id).region, "fra1");
  EXPECT_EQ(to_string(*world.see(id).price), "0.14286");
  world.ctl(CtlSet{.server = "a", .field = "price", .value = "1.50"});
  EXPECT_EQ(to_string(*world.see(id).price), "1.50");
  EXPECT_THAT(error_of_ctl(world, CtlSet{.server = "a", .field = "price", .value = "100000.01"}),
              HasSubstr("more than anybody asks"));
  world.ctl(CtlSet{.server = "a", .field = "price", .value = "unknown"});
  EXPECT_FALSE(world.see(id).price.has_value());
  world.ctl(CtlSet{.server = "a", .field = "testPeriod", .value = "30m"});
  EXPECT_EQ(world.see(id).expires, world.time().now() + minutes(30));
  world.ctl(CtlSet{.server = "a", .field = "phase", .value = "failed"});
  EXPECT_EQ(world.see(id).phase, Phase::kFailed);
  EXPECT_THAT(error_of_ctl(world, CtlSet{.server = "a", .field = "size", .value = "huge"}), HasSubstr("huge"));
}

TEST(Ctl, SetChangesTheRulesOfTheWorld) {
  SmallWorld world;
  const auto set = [&world](const char* field, const char* value) {
    return error_of_ctl(world, CtlSet{.server = "world", .field = field, .value = value});
  };
  EXPECT_EQ(set("depositBase", "5.00"), "no error");
  EXPECT_EQ(set("depositPerServer", "1.00"), "no error");
  EXPECT_EQ(set("settling", "5s"), "no error");
  EXPECT_EQ(set("pageSize", "1"), "no error");
  world.ctl(CtlBalance{.amount = "6.00"});
  EXPECT_TRUE(world.provider().create(wanted("a"), kLimits).ok());
  EXPECT_TRUE(world.provider().create(wanted("b"), kLimits).ok());
  EXPECT_FALSE(world.provider().create(wanted("c"), kLimits).ok());
  EXPECT_EQ(world.provider().catalogue(kLimits)->settling, std::chrono::seconds(5));
  EXPECT_NE(world.provider().list("", kLimits)->next, "");
  EXPECT_THAT(set("currency", "EUR"), HasSubstr("no servers"));
  EXPECT_THAT(set("pageSize", "0"), HasSubstr("at least 1"));
  EXPECT_THAT(set("gravity", "9.81"), HasSubstr("depositBase"));
}

TEST(Ctl, AWorldMayReckonInAnotherCurrency) {
  SmallWorld world;
  world.ctl(CtlSet{.server = "world", .field = "currency", .value = "JPY"});
  EXPECT_EQ(for_people(world.provider().balance(kLimits)->amount), "500 JPY");
  ASSERT_TRUE(world.provider().create(wanted("a"), kLimits).ok());
}

TEST(Ctl, NonsenseIsRefusedWithWords) {
  SmallWorld world;
  EXPECT_THAT(error_of_ctl(world, CtlBalance{.amount = "plenty"}), HasSubstr("plenty"));
  EXPECT_THAT(error_of_ctl(world, CtlBalance{.amount = "99999999999999"}), HasSubstr("beyond the largest"));
  EXPECT_THAT(error_of_ctl(world, CtlBalance{.amount = "+10000000000.00"}), HasSubstr("more than"));
  ASSERT_TRUE(world.provider().create(wanted("a"), kLimits).ok());
  EXPECT_THAT(error_of_ctl(world, CtlExpire{.server = "a"}), HasSubstr("not delivered yet"));
  EXPECT_THAT(error_of_ctl(world, CtlPower{.server = "a", .power = Power::kRunning}), HasSubstr("provisioning"));
}

}  // namespace
}  // namespace switchyard
