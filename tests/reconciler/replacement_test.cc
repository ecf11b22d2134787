// A machine that is to go and its successor: what is planned, and what is left when it is cut short.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/reconciler/fleet_fixture.h"
#include "tests/reconciler/picture.h"

namespace switchyard::testing {
namespace {

using std::chrono::minutes;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

constexpr const char* kGround = R"(
Account main {provider: sim}
Zone london {account: main, region: lon1}
Zone islington {account: main, region: lon1}
Zone frankfurt {account: main, region: fra1}
Cluster core {rollout: {drainTimeout: 10m}}
)";
constexpr const char* kFront =
    "Server front {zone: london, type: dispatcher, size: s-1vcpu-2gb, balancer: {cluster: core}}\n";

std::string a_in(std::string_view zone, std::string_view more = "") {
  return std::string(kGround) + "Server a {zone: " + std::string(zone) + ", size: s-1vcpu-2gb, cluster: core" +
         std::string(more) + "}\n";
}

void did_ok(const Result<Json>& done) {
  ASSERT_TRUE(done.ok()) << done.error().message;
}

TEST(Replacement, AMachineThatIsDownAndGoesIsNotBroughtUpFirst) {
  for (const Phase phase : {Phase::kStopped, Phase::kExpired}) {
    Picture picture(a_in("london"));
    picture.has_all();
    picture["a"].phase = phase;
    picture.want(a_in("frankfurt"));
    const Plan plan = picture.plan();
    EXPECT_THAT(changes_of(plan), ElementsAre("replace Server/a")) << to_string(phase);
    EXPECT_THAT(plan.holds, IsEmpty()) << to_string(phase);
    EXPECT_TRUE(plan.changes.at(0).waits_for_zero_calls) << "somebody may start it meanwhile";
  }
}

TEST(Replacement, AMachineThatIsDownComesUpWhileItsReplacementIsHeld) {
  Picture picture(a_in("london"));
  picture.has_all();
  picture["a"].phase = Phase::kStopped;
  picture.want(a_in("frankfurt", ", protect: true"));
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("start Server/a"));
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("replace Server/a: protection"));
  picture.want(a_in("frankfurt"));
  picture.options.max_destroy = 0;
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("start Server/a"));
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("replace Server/a: limit"));
  picture.options.max_destroy.reset();
  picture.balance("39.99");
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("start Server/a"));
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("replace Server/a: balance, needs 40.00, short 0.01"));
}

TEST(Replacement, AMachineThatIsWantedStoppedStaysWhereItIsAndThePlanSaysSo) {
  Picture picture(a_in("london", ", power: stopped"));
  picture.has_all();
  EXPECT_THAT(picture.plan().warnings, IsEmpty());
  picture.want(a_in("london", ", power: stopped, cps: 60"));
  EXPECT_THAT(picture.plan().warnings, IsEmpty()) << "that costs nothing until it is started";
  for (const Phase phase : {Phase::kStopped, Phase::kExpired}) {
    picture["a"].phase = phase;
    picture.want(a_in("frankfurt", ", power: stopped"));
    EXPECT_TRUE(picture.plan().empty());
    EXPECT_THAT(
        picture.plan().warnings,
        ElementsAre("Server/a stands still and stays where it is: spec.region differs, and it is replaced when it "
                    "is started again"));
  }
  picture["a"].phase = Phase::kStopped;
  picture.want(a_in("frankfurt"));
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("replace Server/a"));
  EXPECT_THAT(picture.plan().warnings, IsEmpty());
}

TEST(Replacement, AnExpiredMachineThatGoesNeedsARunwayOnlyIfItStays) {
  Picture picture(a_in("london"));
  picture.has_all();
  picture["a"].phase = Phase::kExpired;
  picture.want(a_in("frankfurt"));
  picture.balance("0.05");
  EXPECT_THAT(holds_of(picture.plan().holds),
              UnorderedElementsAre(HasSubstr("reactivate Server/a: runway"), "replace Server/a: runway"));
}

TEST(Replacement, OthersGoOutOnlyOnceTheSuccessorOfAMachineThatIsDownServes) {
  const std::string b = "Server b {zone: london, size: s-1vcpu-2gb, cluster: core";
  Picture picture(a_in("london") + b + "}\n");
  picture.has_all();
  picture["a"].phase = Phase::kStopped;
  picture.want(a_in("frankfurt") + b + ", options: {tlsInternals: true}}\n");
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("replace Server/a", "update Server/b ~ replace Server/a"));
}

TEST(Replacement, WhatWasStartedMeanwhileIsDrainedBeforeItGoes) {
  Fleet fleet(a_in("london") + "Server b {zone: london, size: s-1vcpu-2gb, cluster: core}\n" + kFront);
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.power("a", Power::kStopped);
  fleet.want(a_in("frankfurt") + "Server b {zone: london, size: s-1vcpu-2gb, cluster: core}\n" + kFront);
  const std::string old = fleet.server_of("a").string_or("id", "");
  bool started = false;
  fleet.witness.before = [&](const Call& call) {
    if (started || !std::holds_alternative<CreateCall>(call.what)) return;
    started = true;
    fleet.ctl(CtlPower{old, Power::kRunning}).value();
    fleet.ctl(CtlCalls{old, 7, minutes(8)}).value();
  };
  EXPECT_EQ(fleet.apply().exit_code(), 0);
  EXPECT_TRUE(started);
  EXPECT_EQ(fleet.number("callsCut"), 0);
  EXPECT_THAT(fleet.world(), ElementsAre("a active", "b active", "front active"));
}

TEST(Replacement, AStartedServerIsDrainedBeforeItIsResized) {
  Fleet fleet(a_in("london") + "Server b {zone: london, size: s-1vcpu-2gb, cluster: core}\n" + kFront);
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.power("a", Power::kStopped);
  fleet.want(a_in("london", ", channels: 500") + "Server b {zone: london, size: s-2vcpu-4gb, cluster: core}\n" +
             kFront);
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.power("b", Power::kStopped);
  fleet.want(a_in("london", ", channels: 500") + "Server b {zone: london, size: s-4vcpu-8gb, cluster: core}\n" +
             kFront);
  const std::string b = fleet.server_of("b").string_or("id", "");
  bool called = false;
  fleet.witness.before = [&](const Call& call) {
    // It has come up, and calls reach it at once.
    const ProviderActionCall* act = std::get_if<ProviderActionCall>(&call.what);
    const AgentActionCall* by_agent = std::get_if<AgentActionCall>(&call.what);
    const bool next = (act != nullptr && act->action != Action::kStart) || by_agent != nullptr;
    if (called || !next) return;
    called = true;
    fleet.ctl(CtlCalls{b, 7, minutes(3)}).value();
  };
  EXPECT_EQ(fleet.apply().exit_code(), 0);
  EXPECT_TRUE(called);
  EXPECT_EQ(fleet.number("callsCut"), 0);
  EXPECT_EQ(fleet.server_of("b").string_or("size", ""), "s-4vcpu-8gb");
}

// Two zones of one region: nothing at the provider tells the two machines apart, only what is in force on them.
TEST(Replacement, OfTwoMachinesInOneRegionTheOneOfTheWantedZoneIsTheServer) {
  Picture picture(a_in("london"));
  picture.has_all();
  picture.want(a_in("islington"));
  ASSERT_THAT(changes_of(picture.plan()), ElementsAre("replace Server/a"));
  picture.has(server("a"));
  const Plan plan = picture.plan();
  ASSERT_THAT(changes_of(plan), ElementsAre("delete Server/a"));
  EXPECT_EQ(plan.changes[0].provider_id, "srv-1");
  EXPECT_THAT(plan.unmanaged, IsEmpty());
}

TEST(Replacement, KilledAnywhereAMoveBetweenZonesOfOneRegionEndsWithOneMachine) {
  const auto lock = test_lock();
  for (int lives = 0; lives < 90; ++lives) {
    Fleet fleet(a_in("london") + kFront, {.seed = 7, .lock = lock.get()});
    ASSERT_EQ(fleet.apply().exit_code(), 0);
    fleet.want(a_in("islington") + kFront);
    fleet.witness.lives = lives;
    bool killed = false;
    try {
      (void)fleet.apply();
    } catch (const Killed&) {
      killed = true;
    }
    fleet.witness.lives = -1;
    ASSERT_EQ(fleet.converge().exit_code(), 0) << lives;
    ASSERT_THAT(fleet.world(), ElementsAre("a active", "front active")) << lives;
    ASSERT_TRUE(fleet.plan().empty()) << lives;
    ASSERT_THAT(fleet.plan().unmanaged, IsEmpty()) << lives;
    if (!killed) break;
  }
}

constexpr const char* kB = "Server b {zone: london, size: s-1vcpu-2gb, cluster: core}\n";

std::string front_in(std::string_view zone, std::string_view more = "") {
  return "Server front {zone: " + std::string(zone) +
         ", type: dispatcher, size: s-1vcpu-2gb, balancer: {cluster: core}" + std::string(more) + "}\n";
}

TEST(Replacement, AServerWhoseReplacementIsHeldIsToldOfNewPeers) {
  Picture picture(a_in("london") + front_in("london"));
  picture.has_all();
  picture.want(a_in("london") + kB + front_in("frankfurt", ", protect: true"));
  const Plan plan = picture.plan();
  EXPECT_THAT(changes_of(plan), ElementsAre("create Server/b", "update Server/front <- create Server/b"));
  EXPECT_THAT(holds_of(plan.holds), ElementsAre("replace Server/front: protection"));
  const Change* told = find_change(plan, Action::kUpdate, server("front"));
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(told->effect, Effect::kLive);
  ASSERT_EQ(told->fields.size(), 1U) << "the rest is held";
  EXPECT_EQ(told->fields[0].path, "destinations");
}

TEST(Replacement, WhatKeepsAllAwayFromAServerIsSaidOnce) {
  Picture picture(a_in("london") + front_in("london"));
  picture.has_all();
  picture.want(a_in("london") + kB + front_in("frankfurt"));
  picture.say(Override::What::kSuspended, server("front"));
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("create Server/b"));
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("replace Server/front: override"));
}

// What a dispatcher's destinations are is part of what is held: it becomes a switch.
TEST(Replacement, AServerThatIsToBecomeAnotherTypeKeepsItsPeersWhileThatIsHeld) {
  Picture picture(a_in("london") + front_in("london"));
  picture.has_all();
  picture.want(a_in("london") + kB + "Server front {zone: london, size: s-1vcpu-2gb, cluster: core, protect: true}\n");
  // The other switch learns where it is; it itself is told nothing.
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("create Server/b", "update Server/a"));
}

TEST(Replacement, WhileItIsHeldSwitchesComeAndGoBehindTheDispatcher) {
  Fleet fleet(a_in("london") + front_in("london"));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  const std::string id = fleet.server_of("front").string_or("id", "");
  const std::string held = front_in("frankfurt", ", protect: true, cps: 40");
  fleet.want(a_in("london") + kB + held);
  const ApplyReport report = fleet.apply();
  EXPECT_THAT(report.failures, IsEmpty());
  EXPECT_THAT(holds_of(report.holds), ElementsAre("replace Server/front: protection"));
  EXPECT_THAT(acquaintances(fleet, "front"), ElementsAre("a", "b"));
  EXPECT_THAT(fleet.plan().changes, IsEmpty()) << "law 7: what is held is held, and nothing else is left";
  fleet.want(std::string(kGround) + kB + held);
  EXPECT_THAT(holds_of(fleet.apply().holds), ElementsAre("replace Server/front: protection"));
  EXPECT_THAT(fleet.world(), ElementsAre("b active", "front active"));
  EXPECT_THAT(acquaintances(fleet, "front"), ElementsAre("b"));
  EXPECT_EQ(fleet.server_of("front").string_or("id", ""), id);
  fleet.want(std::string(kGround) + kB + front_in("frankfurt", ", cps: 40"));
  EXPECT_EQ(fleet.apply().exit_code(), 0);
  EXPECT_NE(fleet.server_of("front").string_or("id", ""), id);
  EXPECT_THAT(fleet.world(), ElementsAre("b active", "front active"));
  EXPECT_TRUE(fleet.plan().empty());
}

// A lone dispatcher that always has calls would never be told otherwise.
TEST(Replacement, AServerWhoseRestartWaitsForItsCallsIsToldOfNewPeers) {
  Fleet fleet(a_in("london") + front_in("london"));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.calls("front", 7);
  const std::string restarts = front_in("london", ", options: {tlsInternals: true}");
  fleet.want(a_in("london") + kB + restarts);
  EXPECT_THAT(holds_of(fleet.apply().holds), ElementsAre("update Server/front: channels"));
  EXPECT_THAT(acquaintances(fleet, "front"), ElementsAre("a", "b"));
  EXPECT_EQ(fleet.number("callsCut"), 0);
  EXPECT_THAT(fleet.plan().changes, IsEmpty());
  fleet.calls("front", 0);
  EXPECT_EQ(fleet.apply().exit_code(), 0);
  EXPECT_TRUE(fleet.plan().empty());
}

TEST(Replacement, ASwitchWithASecretWhoseRestartWaitsIsToldWhereItsMediaServerWent) {
  ASSERT_EQ(setenv("REPLACEMENT_TEST_SECRET", "1b7fe0", 1), 0);
  const std::string carrier =
      "Carrier acme {destinations: [{uri: \"sip:gw.example\"}], registration: {registrar: sip.example, username: u, "
      "password: {env: REPLACEMENT_TEST_SECRET}}}\n";
  const auto wanted = [&](std::string_view zone, std::string_view more) {
    return std::string(kGround) + carrier +
           "Server a {zone: london, size: s-1vcpu-2gb, options: {rtp: [m], carriers: [acme], uacAuth: true" +
           std::string(more) + "}}\nRtpServer m {zone: " + std::string(zone) + ", size: s-1vcpu-2gb}\n";
  };
  Fleet fleet(wanted("london", ""));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.calls("a", 7);
  fleet.want(wanted("frankfurt", ", tlsInternals: true"));
  const ApplyReport report = fleet.apply();
  EXPECT_THAT(report.failures, IsEmpty());
  EXPECT_THAT(holds_of(report.holds), ElementsAre("update Server/a: channels"));
  EXPECT_THAT(fleet.world(), ElementsAre("a active", "m active")) << "the old media server is gone";
  EXPECT_EQ(fleet.server_of("m").string_or("region", ""), "fra1");
  EXPECT_EQ(fleet.number("callsCut"), 0);
  EXPECT_THAT(fleet.plan().changes, IsEmpty());
  fleet.calls("a", 0);
  EXPECT_EQ(fleet.apply().exit_code(), 0);
  EXPECT_TRUE(fleet.plan().empty());
}

TEST(Replacement, AServerOfAnotherTypeTakesItsPlaceBehindADispatcher) {
  const std::string other = "Server b {zone: london, size: s-1vcpu-2gb, cluster: core}\n";
  const std::string second =
      "Server c {zone: london, type: dispatcher, size: s-1vcpu-2gb, balancer: {cluster: core}}\n";
  Fleet fleet(a_in("london") + other + kFront + second);
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.want(a_in("london") + other + kFront + "Server c {zone: london, size: s-1vcpu-2gb, cluster: core}\n");
  const ApplyReport report = fleet.apply();
  EXPECT_EQ(report.exit_code(), 0) << ::testing::PrintToString(holds_of(report.holds));
  EXPECT_THAT(fleet.world(), ElementsAre("a active", "b active", "c active", "front active"));
  EXPECT_TRUE(fleet.plan().empty());
}

TEST(Replacement, AServerMovesToAnotherAccountBehindItsDispatcher) {
  const auto ground = [](std::string_view zone) {
    return "Account main {provider: sim}\nAccount second {provider: sim}\nZone london {account: main, region: "
           "lon1}\nZone paris {account: second, region: lon1}\nCluster core {}\nServer a {zone: " +
           std::string(zone) + ", size: s-1vcpu-2gb, cluster: core}\n";
  };
  Fleet fleet(ground("london") + kFront);
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  // While the other account cannot pay, the machine that serves is sent to, whatever else changes.
  did_ok(fleet.ctl(CtlBalance{"1.00"}, "second"));
  const std::string weighed =
      "Server front {zone: london, type: dispatcher, size: s-1vcpu-2gb, cps: 40, balancer: "
      "{cluster: core}}\n";
  fleet.want(ground("paris") + weighed);
  const ApplyReport held = fleet.apply();
  EXPECT_THAT(holds_of(held.holds), ElementsAre(HasSubstr("replace Server/a: balance")));
  EXPECT_THAT(holds_of(fleet.apply().holds), ElementsAre(HasSubstr("replace Server/a: balance")));
  EXPECT_THAT(fleet.plan().changes, IsEmpty());
  did_ok(fleet.ctl(CtlBalance{"500.00"}, "second"));
  EXPECT_EQ(fleet.apply().exit_code(), 0);
  EXPECT_EQ(fleet.dump("main").find("servers")->array()->size(), 1U);
  EXPECT_EQ(fleet.dump("second").find("servers")->array()->size(), 1U);
  EXPECT_TRUE(fleet.plan().empty());
}

}  // namespace
}  // namespace switchyard::testing
