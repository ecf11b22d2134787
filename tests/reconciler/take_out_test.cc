// Who may go out of service, and who carries its calls meanwhile (law 6): diff() alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reconciler/picture.h"

namespace switchyard::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::string cluster(std::string_view names, std::string_view rollout = "") {
  std::string text = "Account main {provider: sim}\nZone london {account: main, region: lon1}\nCluster core {" +
                     std::string(rollout) + "}\n";
  for (const char name : names) {
    text += std::string("Server ") + name +
            " {zone: london, size: s-1vcpu-2gb, cluster: core, channels: 500, options: {tlsInternals: true}}\n";
  }
  return text;
}

// A cluster whose servers carry so many calls each; `names` differ in what needs a restart.
Picture restarting(std::string_view all, std::string_view names, std::int64_t calls = 0,
                   std::string_view rollout = "") {
  Picture picture(cluster(all, rollout));
  picture.has_all();
  for (const char name : all) picture[std::string(1, name)].agent->channels = calls;
  for (const char name : names) picture.applied(std::string(1, name), "spec.options.tlsInternals", false);
  return picture;
}

TEST(TakeOut, TheOthersCarryTheCallsOfAllToTheLastChannel) {
  Picture picture = restarting("abc", "a");
  picture["a"].agent->channels = 400;
  picture["b"].agent->channels = 300;
  picture["c"].agent->channels = 300;
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("update Server/a"));
  picture["a"].agent->channels = 401;
  const Plan plan = picture.plan();
  ASSERT_THAT(holds_of(plan.holds), ElementsAre("update Server/a: capacity"));
  EXPECT_EQ(plan.holds[0].reason,
            "the others of cluster core carry 1000 calls at the most and 1001 are up; it goes once fewer are");
}

TEST(TakeOut, ServersThatCarryNothingNowCarryNothingForOthers) {
  Picture picture = restarting("abc", "a", 250);
  picture["c"].created = picture.now;
  picture["c"].delivered.reset();
  picture["c"].phase = Phase::kProvisioning;
  picture.acquaint();
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("update Server/a"));
  picture["a"].agent->channels = 251;
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("update Server/a: capacity"));
}

TEST(TakeOut, APeerWhoseCallsNobodyKnowsIsNotCountedOn) {
  Picture picture = restarting("ab", "a");
  picture["b"].agent->channels.reset();
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("update Server/a: capacity"));
  picture["b"].agent.reset();
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("update Server/a: capacity", "update Server/b: observation"));
}

TEST(TakeOut, OneThatIsWantedStoppedIsNeitherAPeerNorOut) {
  Picture picture = restarting("ab", "a", 1);
  std::string lines = cluster("a") +
                      "Server b {zone: london, size: s-1vcpu-2gb, cluster: core, channels: 500, power: stopped, "
                      "options: {tlsInternals: true}}\n";
  picture["b"].phase = Phase::kStopped;
  picture.want(lines);
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("update Server/a: channels"));
  EXPECT_THAT(picture.plan().holds[0].reason, HasSubstr("1 call on it and no other server takes its calls"));
}

TEST(TakeOut, AServerAloneGoesAtZeroCallsAndIsHeldAboveIt) {
  Picture picture = restarting("a", "a");
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("update Server/a"));
  picture["a"].agent->channels = 1;
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("update Server/a: channels"));
}

TEST(TakeOut, AServerThatDrainsIsAskedForItsCallsAsWell) {
  Picture picture = restarting("a", "a");
  picture["a"].phase = Phase::kDraining;
  picture["a"].agent->channels = 2;
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("update Server/a: channels"));
}

TEST(TakeOut, NobodyMoreGoesWhileAsManyAreOutAsMayBe) {
  Picture picture = restarting("abcd", "a", 0, "rollout: {maxUnavailable: 2}");
  picture.say(Override::What::kStopped, server("d"));
  picture["d"].phase = Phase::kStopped;
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("update Server/a"));
  picture.say(Override::What::kDrained, server("c"));
  picture["c"].agent->drained = true;
  const Plan plan = picture.plan();
  ASSERT_THAT(holds_of(plan.holds), ElementsAre("update Server/a: capacity"));
  EXPECT_EQ(plan.holds[0].reason, "2 of cluster core are out of service already (c, d) and maxUnavailable is 2");
}

TEST(TakeOut, TwoThatAreOutAlreadyDoNotHoldEachOther) {
  Picture picture = restarting("abc", "ab");
  picture["a"].agent->drained = true;
  picture["b"].agent->drained = true;
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("update Server/a", "update Server/b ~ update Server/a"));
  // With calls on it, it waits for them as before.
  picture["a"].agent->channels = 1;
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("update Server/a: capacity"));
}

TEST(TakeOut, TheLastOneInServiceStaysThoughItHasNoCallsNow) {
  Picture picture = restarting("ab", "a");
  picture.say(Override::What::kDrained, server("b"));
  picture["b"].agent->drained = true;
  const Plan plan = picture.plan();
  ASSERT_THAT(holds_of(plan.holds), ElementsAre("update Server/a: capacity"));
  EXPECT_EQ(plan.holds[0].reason, "1 of cluster core is out of service already (b) and maxUnavailable is 1");
}

TEST(TakeOut, AMemberThatWasNeverDeliveredIsNotOut) {
  Picture picture = restarting("abc", "a");
  picture["c"].created = picture.now;
  picture["c"].delivered.reset();
  picture["c"].phase = Phase::kProvisioning;
  picture.acquaint();
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("update Server/a"));
}

TEST(TakeOut, RemovalsTakeNoTurns) {
  Picture picture = restarting("abcd", "");
  picture.want(cluster("ab"));
  // Both at once, though maxUnavailable is 1: they do not come back.
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("delete Server/c", "delete Server/d"));
  picture["a"].phase = Phase::kStopped;
  picture.say(Override::What::kStopped, server("a"));
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("delete Server/c", "delete Server/d"));
}

TEST(TakeOut, ARemovalIsHeldWhereTheOthersCannotCarryItsCalls) {
  Picture picture = restarting("ab", "", 300);
  picture.want(cluster("a"));
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("delete Server/b: capacity"));
  picture["b"].agent->channels = 200;
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("delete Server/b"));
  picture["b"].agent->channels.reset();
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("delete Server/b: observation"));
}

TEST(TakeOut, AReplacementIsCarriedByItsOwnSuccessor) {
  Picture picture = restarting("ab", "", 400);
  picture["a"].region = "fra1";
  Plan plan = picture.plan();
  ASSERT_THAT(changes_of(plan), ElementsAre("replace Server/a"));
  EXPECT_TRUE(plan.changes[0].waits_for_zero_calls);
  EXPECT_EQ(plan.changes[0].channels, 400);
  // Also where it has no peer, or where as many are out as may be.
  picture["b"].phase = Phase::kStopped;
  picture.say(Override::What::kStopped, server("b"));
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("replace Server/a"));
  // But not where nobody knows what is on it.
  picture["a"].agent->channels.reset();
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("replace Server/a: observation"));
}

TEST(TakeOut, WhatIsDownHasNoCallsWhateverItsLastReportSaid) {
  Picture picture = restarting("ab", "");
  picture["b"].phase = Phase::kStopped;
  picture["b"].agent->channels = 7;
  picture.want(cluster("a"));
  Plan plan = picture.plan();
  ASSERT_THAT(changes_of(plan), ElementsAre("delete Server/b"));
  EXPECT_EQ(plan.changes[0].channels, 0);
  EXPECT_TRUE(plan.changes[0].waits_for_zero_calls) << "somebody may start it before its turn comes";
  EXPECT_EQ(plan.safety.calls_affected, 0);
}

TEST(TakeOut, WhoIsAllowedToCutNeedsNoPeerAndNoReading) {
  Picture picture = restarting("a", "a");
  picture["a"].agent->channels.reset();
  picture.options.allow_disruption = {server("a")};
  const Plan plan = picture.plan();
  ASSERT_THAT(changes_of(plan), ElementsAre("update Server/a"));
  EXPECT_FALSE(plan.changes[0].waits_for_zero_calls);
  EXPECT_EQ(plan.changes[0].channels, std::nullopt);
}

TEST(TakeOut, OneThatIsAllowedToCutTakesNoTurn) {
  Picture picture = restarting("abc", "ab");
  picture.options.allow_disruption = {server("a")};
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("update Server/a", "update Server/b"));
}

TEST(TakeOut, WhateverBringsAMemberBackGoesFirst) {
  Picture picture = restarting("abcd", "a", 0, "rollout: {maxUnavailable: 3}");
  picture["b"].phase = Phase::kExpired;
  picture["c"].phase = Phase::kStopped;
  picture["d"].agent->drained = true;
  EXPECT_THAT(changes_of(picture.plan()),
              ElementsAre("reactivate Server/b", "start Server/c", "undrain Server/d",
                          "update Server/a ~ reactivate Server/b ~ start Server/c ~ undrain Server/d"));
}

TEST(TakeOut, AReplacementBringsBackOnlyWhatIsDown) {
  Picture picture = restarting("abcd", "a", 0, "rollout: {maxUnavailable: 3}");
  picture["c"].region = "fra1";
  EXPECT_THAT(changes_of(picture.plan()), UnorderedElementsAre("replace Server/c", "update Server/a"));
  picture["c"].phase = Phase::kStopped;
  picture["d"].region = "fra1";
  EXPECT_THAT(changes_of(picture.plan()),
              UnorderedElementsAre("replace Server/c", "replace Server/d", "update Server/a ~ replace Server/c"));
}

TEST(TakeOut, NobodyWaitsForOneThatIsHeld) {
  // Without a the others could not carry the calls, without b they can.
  Picture picture = restarting("abc", "ab", 100);
  picture.want(R"(
Account main {provider: sim}
Zone london {account: main, region: lon1}
Cluster core {}
Server a {zone: london, size: s-1vcpu-2gb, cluster: core, channels: 500, options: {tlsInternals: true}}
Server b {zone: london, size: s-1vcpu-2gb, cluster: core, channels: 100, options: {tlsInternals: true}}
Server c {zone: london, size: s-1vcpu-2gb, cluster: core, channels: 100, options: {tlsInternals: true}}
)");
  for (const char* name : {"b", "c"}) picture.applied(name, "spec.channels", 100);
  Plan plan = picture.plan();
  EXPECT_THAT(changes_of(plan), ElementsAre("update Server/b"));
  EXPECT_THAT(holds_of(plan.holds), ElementsAre("update Server/a: capacity"));
  // Nor for one that a person leaves alone, though it would bring a member back.
  picture = restarting("abc", "ac", 0, "rollout: {maxUnavailable: 3}");
  picture["c"].phase = Phase::kStopped;
  picture.attempts = {Attempts{.resource = server("c"),
                               .action = Action::kUpdate,
                               .failures = 1,
                               .last = picture.now,
                               .next_try = picture.now + std::chrono::hours(1),
                               .message = "busy"}};
  plan = picture.plan();
  EXPECT_THAT(changes_of(plan), ElementsAre("start Server/c", "update Server/a ~ start Server/c"));
  EXPECT_THAT(holds_of(plan.holds), ElementsAre("update Server/c: provider"));
}

TEST(TakeOut, NobodyWaitsForOneThatIsOnlyCalledOtherwise) {
  Picture picture = restarting("abc", "a");
  picture["c"].phase = Phase::kStopped;
  picture.want(cluster("ab") +
               "Server z {zone: london, size: s-1vcpu-2gb, cluster: core, channels: 500, power: stopped, options: "
               "{tlsInternals: true}} | formerly: [c]\n");
  picture.acquaint();
  EXPECT_THAT(changes_of(picture.plan()), UnorderedElementsAre("update Server/a", "update Server/z"));
}

TEST(TakeOut, NobodyWaitsForHimself) {
  Picture picture = restarting("ab", "a");
  picture["a"].phase = Phase::kStopped;
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("start Server/a", "update Server/a <- start Server/a"));
}

TEST(TakeOut, WhatWasNeverDeliveredHasNoCalls) {
  Picture picture = restarting("ab", "");
  picture["b"].delivered.reset();
  picture["b"].phase = Phase::kProvisioning;
  picture.want(cluster("a"));
  const Plan plan = picture.plan();
  const Change* removal = find_change(plan, Action::kDelete, server("b"));
  ASSERT_NE(removal, nullptr);
  EXPECT_EQ(removal->channels, 0);
}

TEST(TakeOut, OneThatIsHeldBringsNobodyBack) {
  Picture picture = restarting("abc", "a");
  picture["c"].phase = Phase::kStopped;
  picture.say(Override::What::kSuspended, server("c"));
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("update Server/a: capacity", "start Server/c: override"));
}

TEST(TakeOut, MembersOfOtherClustersDoNotWaitForEachOther) {
  std::string lines = cluster("ab") + "Cluster edge {}\n";
  for (const char* name : {"x", "y"}) {
    lines += std::string("Server ") + name +
             " {zone: london, size: s-1vcpu-2gb, cluster: edge, channels: 500, options: {tlsInternals: true}}\n";
  }
  lines += "Server alone {zone: london, size: s-1vcpu-2gb, options: {tlsInternals: true}}\n";
  lines += "Server apart {zone: london, size: s-1vcpu-2gb, options: {tlsInternals: true}}\n";
  Picture picture(lines);
  picture.has_all();
  for (const char* name : {"a", "x", "alone", "apart"}) picture.applied(name, "spec.options.tlsInternals", false);
  picture["y"].phase = Phase::kStopped;
  EXPECT_THAT(changes_of(picture.plan()),
              UnorderedElementsAre("start Server/y", "update Server/a", "update Server/x ~ start Server/y",
                                   "update Server/alone", "update Server/apart"));
}

TEST(TakeOut, DispatchersOfOneClusterGoOneAfterTheOther) {
  std::string lines = cluster("a");
  for (const char* name : {"north", "south"}) {
    lines += std::string("Server ") + name +
             " {zone: london, type: dispatcher, size: s-1vcpu-2gb, balancer: {cluster: core}, options: {tlsInternals: "
             "true}}\n";
  }
  Picture picture(lines);
  picture.has_all();
  for (const char* name : {"north", "south"}) picture.applied(name, "spec.options.tlsInternals", false);
  EXPECT_THAT(changes_of(picture.plan()),
              ElementsAre("update Server/north", "update Server/south ~ update Server/north"));
  EXPECT_THAT(picture.plan().safety.lowest, IsEmpty()) << "channels are those of switches";
}

TEST(TakeOut, TheLowestCapacityIsWithTheLargestOutAndTheRemovedGone) {
  Picture picture = restarting("abcd", "ab");
  picture.want(R"(
Account main {provider: sim}
Zone london {account: main, region: lon1}
Cluster core {}
Server a {zone: london, size: s-1vcpu-2gb, cluster: core, channels: 500, options: {tlsInternals: true}}
Server b {zone: london, size: s-1vcpu-2gb, cluster: core, channels: 300, options: {tlsInternals: true}}
Server c {zone: london, size: s-1vcpu-2gb, cluster: core, channels: 500, power: stopped, options: {tlsInternals: true}}
Server d {zone: london, size: s-1vcpu-2gb, cluster: core, channels: 500, options: {tlsInternals: true}}
)");
  picture["d"].agent->channels = 11;
  const Plan plan = picture.plan();
  ASSERT_EQ(plan.safety.lowest.size(), 1U);
  // c stops and stays away; of a and b the larger one is out at a time.
  EXPECT_EQ(plan.safety.lowest[0], (Safety::Capacity{.cluster = "core", .now = 1800, .lowest = 800, .in_use = 11}));
}

}  // namespace
}  // namespace switchyard::testing
