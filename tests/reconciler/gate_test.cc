// What must not be done now, and in which order the rest goes: diff() alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reconciler/picture.h"

namespace switchyard::testing {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kGround = R"(
Account main {provider: sim}
Zone london {account: main, region: lon1}
Cluster core {}
)";

std::string switches(std::string_view names, std::string_view more = "") {
  std::string text = kGround;
  for (const char name : names) {
    text += std::string("Server ") + name + " {zone: london, size: s-1vcpu-2gb, cluster: core, channels: 500" +
            std::string(more) + "}\n";
  }
  return text;
}

constexpr const char* kFront =
    "Server front {zone: london, type: dispatcher, size: s-1vcpu-2gb, balancer: {cluster: core}}\n";
constexpr const char* kMedia = "RtpServer relay {zone: london, size: s-1vcpu-2gb, maxSessions: 100}\n";

TEST(Money, OfNineWithFiveThereThreeAreBoughtAndTheFourthIsTwoSixtyShort) {
  Picture picture(switches("abcde"));
  picture.has_all();
  picture.want(switches("abcdefghi"));
  picture.balance("177.40");
  const Plan plan = picture.plan();
  EXPECT_THAT(changes_of(plan), ElementsAre("create Server/f", "create Server/g", "create Server/h"));
  EXPECT_THAT(holds_of(plan.holds), ElementsAre("create Server/i: balance, needs 180.00, short 2.60"));
  EXPECT_EQ(plan.balances[0].servers, 5);
  EXPECT_EQ(plan.balances[0].affordable, 3);
  picture.balance("180.00");
  EXPECT_EQ(picture.plan().changes.size(), 4U);
}

TEST(Money, TheReserveIsNeverPlannedBelow) {
  Picture picture(R"(
Account main {provider: sim, reserve: "10.00"}
Zone london {account: main, region: lon1}
Server a {zone: london, size: s-1vcpu-2gb}
Server b {zone: london, size: s-1vcpu-2gb}
)");
  picture.balance("49.99");
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("create Server/b: balance, needs 40.00, short 0.01"));
}

TEST(Money, PriorityGoesFirstThenName) {
  Picture picture(switches("ab") + "Server z {zone: london, size: s-1vcpu-2gb, priority: 5}\n");
  picture.balance("40.00");
  const Plan plan = picture.plan();
  EXPECT_THAT(changes_of(plan), ElementsAre("create Server/z", "create Server/a"));
  EXPECT_THAT(holds_of(plan.holds), ElementsAre("create Server/b: balance, needs 60.00, short 20.00"));
}

TEST(Money, ACreateThatAnotherGateHoldsTakesNoPlace) {
  Picture picture(switches("ab"));
  picture.say(Override::What::kSuspended, server("a"));
  picture.balance("20.00");
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("create Server/b"));
}

TEST(Money, ExpiredAndStoppedServersAndBothHalvesOfAReplacementCount) {
  Picture picture(switches("abcd"));
  picture.has(server("a"));
  picture.has(server("b"));
  picture.has(server("c"));
  picture.acquaint();
  picture["a"].phase = Phase::kStopped;
  picture.say(Override::What::kStopped, server("a"));
  picture["c"].region = "fra1";
  picture.balance("80.00");
  const Plan plan = picture.plan();
  EXPECT_THAT(changes_of(plan), ElementsAre("replace Server/c"));
  EXPECT_THAT(holds_of(plan.holds), ElementsAre("create Server/d: balance, needs 100.00, short 20.00"));
}

TEST(Money, AnUnknownBalanceBuysNothing) {
  Picture picture(switches("a"));
  picture.account().balance.reset();
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("create Server/a: observation"));
}

TEST(Money, WhatIfBalanceIsCountedInsteadOfTheReal) {
  Picture picture(switches("ab"));
  picture.options.what_if_balance = Money{2000, Currency()};
  const Plan plan = picture.plan();
  EXPECT_EQ(plan.changes.size(), 1U);
  EXPECT_THAT(holds_of(plan.holds), ElementsAre("create Server/b: balance, needs 40.00, short 20.00"));
}

TEST(Money, AnExpiredServerWithoutRunwayIsHeldAndNothingNewIsBoughtBeforeIt) {
  Picture picture(switches("abc"));
  picture.has(server("a"));
  picture.has(server("b"));
  picture.acquaint();
  picture["b"].phase = Phase::kExpired;
  // Each costs the same by the hour; both must last 72 h.
  const Money needs = cost_rounded_up(*picture["a"].price + *picture["b"].price, std::chrono::hours(72));
  picture.balance(to_string(needs - Money{1, Currency()}));
  Plan plan = picture.plan();
  EXPECT_THAT(holds_of(plan.holds),
              ElementsAre("reactivate Server/b: runway, needs " + to_string(needs) + ", short 0.01",
                          "create Server/c: runway"));
  picture.balance(to_string(needs));
  plan = picture.plan();
  EXPECT_THAT(changes_of(plan), Contains("reactivate Server/b"));
}

TEST(Money, AnUnknownPriceIsAHoldForRunway) {
  Picture picture(switches("ab"));
  picture.has_all();
  picture["a"].phase = Phase::kExpired;
  picture["b"].price.reset();
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("reactivate Server/a: runway"));
}

TEST(Money, AReactivationThatWaitsOutAFailureBlocksNobody) {
  Picture picture(switches("abc"));
  picture.has(server("a"));
  picture.has(server("b"));
  picture.acquaint();
  picture["b"].phase = Phase::kExpired;
  picture.attempts.push_back(Attempts{.resource = server("b"),
                                      .action = Action::kReactivate,
                                      .failures = 1,
                                      .last = picture.now,
                                      .next_try = picture.now + std::chrono::hours(1),
                                      .message = "busy"});
  const Plan plan = picture.plan();
  EXPECT_THAT(holds_of(plan.holds), ElementsAre("reactivate Server/b: provider"));
  EXPECT_THAT(changes_of(plan), Contains("create Server/c"));
}

TEST(Money, AShortRunwayIsWarnedOfAtSevenDaysAndAtSeventyTwoHours) {
  Picture picture(switches("a"));
  picture.has_all();
  const Rate burn = *picture["a"].price;
  picture.account().balance->amount = cost_rounded_up(burn, std::chrono::hours(24 * 6));
  EXPECT_THAT(picture.plan().warnings, ElementsAre(HasSubstr("under 7 days")));
  picture.account().balance->amount = cost_rounded_up(burn, std::chrono::hours(70));
  EXPECT_THAT(picture.plan().warnings, ElementsAre(HasSubstr("under 72 hours")));
  picture.account().balance->amount = cost_rounded_up(burn, std::chrono::hours(24 * 8));
  EXPECT_THAT(picture.plan().warnings, IsEmpty());
}

TEST(Money, APostPaidAccountHasItsCreditLineLessWhatIsOwed) {
  Picture picture(R"(
Account main {provider: sim, creditLine: "100.00"}
Zone london {account: main, region: lon1}
Server a {zone: london, size: s-1vcpu-2gb}
)");
  picture.balance("-80.00");
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("create Server/a"));
  picture.balance("-80.01");
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("create Server/a: balance, needs 20.00, short 0.01"));
}

TEST(Gates, MoreDestroysThanTheLimitAreAllHeld) {
  Picture picture(switches("abcdefg"));
  picture.has_all();
  picture.want(switches("a"));
  Plan plan = picture.plan();
  EXPECT_THAT(plan.changes, IsEmpty());
  ASSERT_EQ(plan.holds.size(), 6U);
  EXPECT_THAT(holds_of(plan.holds), Each(::testing::EndsWith("limit")));
  EXPECT_THAT(plan.holds[0].reason, HasSubstr("`--max-destroy 6` lifts it"));
  picture.options.max_destroy = 6;
  plan = picture.plan();
  EXPECT_EQ(plan.changes.size(), 6U);
  EXPECT_EQ(plan.safety.destroys, 6);
}

TEST(Gates, WhatAnotherGateHoldsCountsAgainstTheLimitSoThatNoCrowdGoesInSmallGroups) {
  Picture picture(switches("abcdefg"));
  picture.has_all();
  picture.overrides.push_back(Override{.what = Override::What::kSuspended,
                                       .resource = server("g"),
                                       .who = "ben",
                                       .why = "looking into it",
                                       .since = picture.now,
                                       .until = std::nullopt});
  picture.want(switches("a"));
  // Once g is no longer suspended it would go as the sixth of six, without anybody having been asked.
  EXPECT_THAT(picture.plan().changes, IsEmpty());
  picture.options.max_destroy = 6;
  EXPECT_EQ(picture.plan().changes.size(), 5U);
}

TEST(Gates, WhatIsProtectedGoesByNobodysWordAndCountsForNothing) {
  Picture picture(switches("abcdef") + "Server keep {zone: london, size: s-1vcpu-2gb, protect: true}\n");
  picture.has_all();
  picture.want(switches("a"));
  EXPECT_EQ(picture.plan().changes.size(), 5U);
}

TEST(Gates, AReplacementIsADestroyAsWell) {
  Picture picture(switches("abcdef"));
  picture.has_all();
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) picture[name].region = "fra1";
  EXPECT_THAT(holds_of(picture.plan().holds), Each(HasSubstr("replace Server/")));
  EXPECT_EQ(picture.plan().holds.size(), 6U);
}

TEST(Gates, DestroyListsAllAndKeepsWhatIsProtected) {
  Picture picture(switches("abcdefg") + "Server keep {zone: london, size: s-1vcpu-2gb, protect: true}\n");
  picture.has_all();
  picture.options.destroy_all = true;
  const Plan plan = picture.plan();
  EXPECT_EQ(plan.changes.size(), 7U);
  EXPECT_THAT(holds_of(plan.holds), ElementsAre("delete Server/keep: protection"));
}

TEST(Gates, CallsThatNobodyTakesHoldTheChange) {
  Picture picture(switches("a", ", options: {tlsInternals: true}"));
  picture.has_all();
  picture.applied("a", "spec.options.tlsInternals", false);
  picture["a"].agent->channels = 4;
  Plan plan = picture.plan();
  ASSERT_THAT(holds_of(plan.holds), ElementsAre("update Server/a: channels"));
  EXPECT_THAT(plan.holds[0].reason, HasSubstr("4 calls on it and no other server takes its calls"));
  picture.options.allow_disruption = {server("a")};
  plan = picture.plan();
  ASSERT_THAT(changes_of(plan), ElementsAre("update Server/a"));
  EXPECT_FALSE(plan.changes[0].waits_for_zero_calls);
  EXPECT_EQ(plan.changes[0].channels, 4);
}

TEST(Gates, AnUnknownNumberOfCallsIsNotZero) {
  Picture picture(switches("ab", ", options: {tlsInternals: true}"));
  picture.has_all();
  picture.applied("a", "spec.options.tlsInternals", false);
  picture["a"].agent->channels.reset();
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("update Server/a: observation"));
}

TEST(Gates, OneGoesOutOnlyWhileTheOthersCarryTheCallsOfAll) {
  Picture picture(switches("ab", ", options: {tlsInternals: true}"));
  picture.has_all();
  picture.applied("a", "spec.options.tlsInternals", false);
  picture["a"].agent->channels = 300;
  picture["b"].agent->channels = 300;
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("update Server/a: capacity"));
  picture["b"].agent->channels = 200;
  const Plan plan = picture.plan();
  EXPECT_THAT(changes_of(plan), ElementsAre("update Server/a"));
  ASSERT_EQ(plan.safety.lowest.size(), 1U);
  EXPECT_EQ(plan.safety.lowest[0], (Safety::Capacity{.cluster = "core", .now = 1000, .lowest = 500, .in_use = 500}));
  EXPECT_EQ(plan.safety.calls_affected, 300);
}

TEST(Gates, NoMoreAreOutThanMaxUnavailable) {
  Picture picture(switches("abc", ", options: {tlsInternals: true}"));
  picture.has_all();
  picture.applied("a", "spec.options.tlsInternals", false);
  picture["b"].agent->drained = true;
  picture.say(Override::What::kDrained, server("b"));
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("update Server/a: capacity"));
}

TEST(Order, RollingChangesGoOneAfterTheOther) {
  Picture picture(switches("abc", ", options: {tlsInternals: true}"));
  picture.has_all();
  for (const char* name : {"a", "b", "c"}) picture.applied(name, "spec.options.tlsInternals", false);
  EXPECT_THAT(changes_of(picture.plan()),
              ElementsAre("update Server/a", "update Server/b ~ update Server/a", "update Server/c ~ update Server/b"));
}

TEST(Order, MaxUnavailableTwoLetsTwoGoAtOnce) {
  Picture picture("Cluster wide {rollout: {maxUnavailable: 2}}\n" + std::string(kGround) +
                  "Server a {zone: london, size: s-1vcpu-2gb, cluster: wide, options: {tlsInternals: true}}\n"
                  "Server b {zone: london, size: s-1vcpu-2gb, cluster: wide, options: {tlsInternals: true}}\n"
                  "Server c {zone: london, size: s-1vcpu-2gb, cluster: wide, options: {tlsInternals: true}}\n"
                  "Server d {zone: london, size: s-1vcpu-2gb, cluster: wide, options: {tlsInternals: true}}\n");
  picture.has_all();
  for (const char* name : {"a", "b", "c", "d"}) picture.applied(name, "spec.options.tlsInternals", false);
  EXPECT_THAT(changes_of(picture.plan()),
              ElementsAre("update Server/a", "update Server/b", "update Server/c ~ update Server/a",
                          "update Server/d ~ update Server/b"));
}

TEST(Order, OnesThatComeBackGoBeforeOnesThatGoOut) {
  Picture picture(switches("abc", ", options: {tlsInternals: true}"));
  picture.has_all();
  picture.applied("a", "spec.options.tlsInternals", false);
  picture["c"].phase = Phase::kStopped;
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("start Server/c", "update Server/a ~ start Server/c"));
}

TEST(Order, MediaComesBeforeSwitchesAndSwitchesBeforeDispatchers) {
  const Plan plan = Picture(switches("a") + kFront + kMedia).plan();
  EXPECT_THAT(changes_of(plan), ElementsAre("create RtpServer/relay", "create Server/a ~ create RtpServer/relay",
                                            "create Server/front ~ create Server/a"));
}

TEST(Order, ANewSwitchEntersItsDispatchersListLast) {
  Picture picture(switches("a") + kFront);
  picture.has_all();
  picture.want(switches("ab") + kFront);
  const Plan plan = picture.plan();
  ASSERT_THAT(changes_of(plan), ElementsAre("create Server/b", "update Server/front <- create Server/b"));
  EXPECT_THAT(fields_of(plan.changes[1]), ElementsAre(HasSubstr("b (known after create)")));
  EXPECT_EQ(plan.changes[1].effect, Effect::kLive);
}

TEST(Order, ASwitchLeavesItsDispatchersListBeforeItGoes) {
  Picture picture(switches("ab") + kFront);
  picture.has_all();
  picture.want(switches("a") + kFront);
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("update Server/front", "delete Server/b <- update Server/front"));
}

TEST(Order, ASwitchDoesNotGoWhileADispatcherThatIsLeftOutSendsToIt) {
  Picture picture(switches("ab") + kFront);
  picture.has_all();
  picture.want(switches("a") + kFront);
  picture.options.exclude = {{.resource = server("front"), .label = {}, .value = {}}};
  const Plan plan = picture.plan();
  EXPECT_THAT(plan.changes, IsEmpty());
  EXPECT_THAT(holds_of(plan.holds), ElementsAre("delete Server/b: dependency"));
}

TEST(Order, WhatWaitsForAHeldChangeIsHeldWithIt) {
  Picture picture(switches("ab") + kFront);
  picture.has_all();
  picture.want(switches("a") + kFront);
  picture.say(Override::What::kSuspended, server("front"));
  EXPECT_THAT(holds_of(picture.plan().holds),
              ElementsAre("delete Server/b: dependency", "update Server/front: override"));
}

TEST(Order, EverythingGoesDispatchersFirstWhenAllIsDestroyed) {
  Picture picture(switches("ab") + kFront + kMedia);
  picture.has_all();
  picture.options.destroy_all = true;
  const std::vector<std::string> changes = changes_of(picture.plan());
  ASSERT_EQ(changes.size(), 4U);
  EXPECT_EQ(changes[0], "delete Server/front");
  EXPECT_THAT(changes[1], StartsWith("delete Server/a <- delete Server/front"));
  EXPECT_THAT(changes[3], StartsWith("delete RtpServer/relay <- delete Server/a"));
}

TEST(Selection, TargetAndExcludeNarrowAPlan) {
  Picture picture(switches("ab") + "Server c {zone: london, size: s-1vcpu-2gb} | labels: {tier: gold}\n" + kFront);
  picture.options.target = {{.resource = server("a"), .label = {}, .value = {}}};
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("create Server/a"));
  picture.options.target = {{.resource = std::nullopt, .label = "tier", .value = "gold"}};
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("create Server/c"));
  picture.options.target = {{.resource = Key{Kind::kCluster, "core"}, .label = {}, .value = {}}};
  EXPECT_EQ(picture.plan().changes.size(), 3U);
  picture.options.exclude = {{.resource = server("b"), .label = {}, .value = {}}};
  EXPECT_THAT(changes_of(picture.plan()), Not(Contains(HasSubstr("Server/b"))));
  picture.options = {};
  picture.options.target = {{.resource = Key{Kind::kZone, "london"}, .label = {}, .value = {}}};
  EXPECT_EQ(picture.plan().changes.size(), 4U);
}

TEST(PlanFile, APlanReadsBackAsItWasWritten) {
  Picture picture(switches("abcde", ", options: {tlsInternals: true}") + kFront + kMedia);
  picture.has_all();
  picture.applied("a", "spec.options.tlsInternals", false);
  picture["b"].phase = Phase::kExpired;
  picture["c"].region = "fra1";
  picture["d"].agent->drained = true;
  picture["e"].expires = picture.now + std::chrono::hours(5);
  picture.say(Override::What::kFrozen, {Kind::kAccount, "other"});
  picture.want(switches("abcdefg", ", options: {tlsInternals: true}") + kFront);
  picture.balance("150.00");
  const Plan plan = picture.plan();
  ASSERT_FALSE(plan.changes.empty());
  ASSERT_FALSE(plan.holds.empty());
  const std::string text = to_string(to_json(plan));
  const Result<Plan> read = plan_from_json(*parse_json(text));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(to_string(to_json(*read)), text);
  EXPECT_EQ(read->changes, plan.changes);
  EXPECT_EQ(read->holds, plan.holds);
}

TEST(PlanFile, ALineOfNoFileIsNoSource) {
  Picture picture(switches("a"));
  Json plan = to_json(picture.plan());
  Json change = plan.find("changes")->array()->front();
  change.set("source", Json::Object{{"fide", "fleet.yaml"}, {"line", 12}});
  plan.set("changes", Json::Array{change});
  const Result<Plan> read = plan_from_json(plan);
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.error().message, HasSubstr("source"));
}

TEST(PlanFile, NonsenseIsNoPlan) {
  EXPECT_FALSE(plan_from_json(Json(Json::Object{})).ok());
  EXPECT_FALSE(plan_from_json(*parse_json(R"({"formatVersion": 99})")).ok());
}

}  // namespace
}  // namespace switchyard::testing
