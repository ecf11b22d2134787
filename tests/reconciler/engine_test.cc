// The engine against a world in memory: what it does, call by call, and what it does when an answer does not come.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/reconciler/fleet_fixture.h"

namespace switchyard::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kGround = R"(
Account main {provider: sim}
Zone london {account: main, region: lon1}
Zone frankfurt {account: main, region: fra1}
Cluster core {share: {dialogs: false, throughput: false, locations: false}, rollout: {drainTimeout: 10m}}
)";
constexpr const char* kKeep = R"(
Account main {provider: sim}
Zone london {account: main, region: lon1}
Cluster core {share: {dialogs: false, throughput: false, locations: false}, rollout: {drainTimeout: 10m, onTimeout: keep}}
)";
constexpr const char* kFront =
    "Server front {zone: london, type: dispatcher, size: s-1vcpu-2gb, balancer: {cluster: core}}\n";

std::string switches(std::string_view names, std::string_view more = "", std::string_view ground = kGround) {
  std::string text(ground);
  for (const char name : names) {
    text += std::string("Server ") + name + " {zone: london, size: s-1vcpu-2gb, cluster: core, channels: 500" +
            std::string(more) + "}\n";
  }
  return text;
}

TEST(Engine, AFleetIsBroughtUpAndTheNextPlanIsEmpty) {
  Fleet fleet(switches("abc") + kFront);
  const ApplyReport report = fleet.apply();
  EXPECT_EQ(report.exit_code(), 0);
  EXPECT_EQ(report.changes_done, 4);
  EXPECT_THAT(fleet.world(), ElementsAre("a active", "b active", "c active", "front active"));
  EXPECT_TRUE(fleet.plan().empty());
  EXPECT_EQ(fleet.number("refusedForMoney"), 0);
}

TEST(Engine, OfNineThreeAreDeployedAndToppedUpByTwoSixtyTheFourth) {
  Fleet fleet(switches("abcde"));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.balance("177.40");
  fleet.want(switches("abcdefghi"));
  const ApplyReport short_of_money = fleet.apply();
  EXPECT_EQ(short_of_money.changes_done, 3);
  EXPECT_THAT(holds_of(short_of_money.holds), ElementsAre("create Server/i: balance, needs 180.00, short 2.60"));
  EXPECT_EQ(short_of_money.exit_code(), 3);
  fleet.balance("+2.60");
  const ApplyReport topped_up = fleet.apply();
  EXPECT_EQ(topped_up.changes_done, 1);
  EXPECT_EQ(topped_up.exit_code(), 0);
  EXPECT_EQ(fleet.world().size(), 9U);
  EXPECT_EQ(fleet.number("refusedForMoney"), 0);
}

TEST(Engine, ARefusalForMoneyByTheProviderIsAHoldAndNoError) {
  Fleet fleet(switches("a"));
  fleet.set("world", "depositBase", "900.00");
  const ApplyReport report = fleet.apply();
  EXPECT_THAT(holds_of(report.holds), ElementsAre("create Server/a: balance"));
  EXPECT_THAT(report.failures, IsEmpty());
  EXPECT_EQ(report.exit_code(), 3);
}

TEST(Engine, ASwitchLeavesItsDispatcherBeforeItGoes) {
  Fleet fleet(switches("ab") + kFront);
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.want(switches("a") + kFront);
  fleet.witness.keeps_trace = true;
  EXPECT_EQ(fleet.apply().exit_code(), 0);
  std::vector<std::string> calls;
  for (const std::string& line : fleet.witness.trace) {
    const std::string call = line.substr(line.find(' ') + 1);
    if (call.starts_with("configure") || call.starts_with("drain") || call.starts_with("remove")) calls.push_back(call);
  }
  EXPECT_THAT(calls, ElementsAre("configure sim-3", "drain sim-2", "remove sim-2"));
  EXPECT_TRUE(fleet.plan().empty());
}

TEST(Engine, AReplacementServesBeforeTheOldOneGoes) {
  Fleet fleet(switches("ab") + kFront);
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.calls("a", 5, minutes(3));
  std::string moved = switches("b") + kFront;
  moved += "Server a {zone: frankfurt, size: s-1vcpu-2gb, cluster: core, channels: 500}\n";
  fleet.want(moved);
  const ApplyReport report = fleet.apply();
  EXPECT_EQ(report.exit_code(), 0);
  EXPECT_EQ(fleet.server_of("a").string_or("region", ""), "fra1");
  EXPECT_THAT(fleet.world(), ElementsAre("a active", "b active", "front active"));
  EXPECT_EQ(fleet.number("callsCut"), 0);
  EXPECT_TRUE(fleet.plan().empty());
}

TEST(Engine, AWholeClusterMovesToAnotherZoneBehindItsDispatcher) {
  Fleet fleet(switches("abc") + kFront);
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.calls("b", 5, minutes(3));
  fleet.set("a", "pendingRelease", "2.1");
  std::string moved = std::string(kGround) + kFront;
  for (const char* name : {"a", "b", "c"}) {
    moved += std::string("Server ") + name +
             " {zone: frankfurt, size: s-1vcpu-2gb, cluster: core, channels: 500, options: {autoUpgrade: true}}\n";
  }
  fleet.want(moved);
  EXPECT_EQ(fleet.apply().exit_code(), 0);
  for (const char* name : {"a", "b", "c"}) EXPECT_EQ(fleet.server_of(name).string_or("region", ""), "fra1");
  EXPECT_EQ(fleet.number("callsCut"), 0);
  EXPECT_TRUE(fleet.plan().empty());
}

TEST(Engine, ARollingRestartCutsNoCallAndEndsUndrained) {
  Fleet fleet(switches("abc") + kFront);
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  for (const char* name : {"a", "b", "c"}) fleet.calls(name, 20, minutes(4));
  fleet.want(switches("abc", ", options: {tlsInternals: true}") + kFront);
  EXPECT_EQ(fleet.apply().exit_code(), 0);
  EXPECT_EQ(fleet.number("callsCut"), 0);
  for (const char* name : {"a", "b", "c"}) EXPECT_FALSE(fleet.server_of(name).boolean_or("drained", true));
  EXPECT_TRUE(fleet.plan().empty());
}

TEST(Engine, ADrainThatTakesTooLongIsReleasedAndHeldWithTheCallsLeft) {
  Fleet fleet(switches("ab"));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.calls("a", 7);
  fleet.want(switches("ab", ", options: {tlsInternals: true}"));
  const ApplyReport report = fleet.apply();
  EXPECT_EQ(report.exit_code(), 3);
  const Hold* hold = find_hold(report.holds, Action::kUpdate, server("a"));
  ASSERT_NE(hold, nullptr);
  EXPECT_EQ(hold->gate, Gate::kChannels);
  EXPECT_THAT(hold->reason, HasSubstr("7 calls are left"));
  EXPECT_FALSE(fleet.server_of("a").boolean_or("drained", true));
  EXPECT_EQ(fleet.server_of("a").integer_or("channels", 0), 7);
  EXPECT_EQ(fleet.number("callsCut"), 0);
}

TEST(Engine, OnTimeoutKeepLeavesItDrained) {
  Fleet fleet(switches("ab", "", kKeep));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.calls("a", 7);
  fleet.want(switches("ab", ", options: {tlsInternals: true}", kKeep));
  EXPECT_EQ(fleet.apply().exit_code(), 3);
  EXPECT_TRUE(fleet.server_of("a").boolean_or("drained", false));
  fleet.calls("a", 0);
  EXPECT_EQ(fleet.apply().exit_code(), 0);
  EXPECT_FALSE(fleet.server_of("a").boolean_or("drained", true));
}

TEST(Engine, ALoneServerWithCallsIsNotDrainedAndNotCut) {
  Fleet fleet(switches("a"));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.calls("a", 1);
  fleet.want(switches("a", ", options: {tlsInternals: true}"));
  EXPECT_THAT(holds_of(fleet.apply().holds), ElementsAre("update Server/a: channels"));
  EXPECT_FALSE(fleet.server_of("a").boolean_or("drained", true));
  PlanOptions options;
  options.allow_disruption = {server("a")};
  EXPECT_EQ(fleet.apply(options).exit_code(), 0);
  EXPECT_EQ(fleet.number("callsCut"), 1);
  std::vector<std::string> types;
  for (const Event& event : value_of(fleet.store().events({}))) types.push_back(event.type);
  EXPECT_THAT(types, Contains("disruption"));
}

TEST(Engine, ACreateWhoseAnswerWasLostIsFoundByItsMark) {
  Fleet fleet(switches("a"));
  fleet.fault(FaultKind::kDropAfterCommit);
  EXPECT_EQ(fleet.apply().exit_code(), 0);
  EXPECT_EQ(fleet.number("created"), 1);
  EXPECT_THAT(fleet.progress, Contains(HasSubstr("found by its mark")));
}

TEST(Engine, ACreateThatNeverArrivedIsGivenUpAfterSettlingAndSentAnew) {
  Fleet fleet(switches("a"));
  fleet.fault(FaultKind::kDropBeforeCommit);
  EXPECT_EQ(fleet.apply().exit_code(), 0);
  EXPECT_EQ(fleet.world(), (std::vector<std::string>{"a active"}));
  EXPECT_EQ(fleet.store().given_up(Timestamp{})->size(), 1U);
}

TEST(Engine, ACreateThatWasAcceptedAndNeverExistedIsMadeAgain) {
  Fleet fleet(switches("a"));
  fleet.fault(FaultKind::kLoseCreate);
  const ApplyReport report = fleet.converge();
  EXPECT_EQ(report.exit_code(), 0);
  EXPECT_THAT(fleet.world(), ElementsAre("a active"));
  EXPECT_TRUE(fleet.plan().empty());
}

TEST(Engine, WhatTurnsUpLateUnderAGivenUpUidIsSweptAway) {
  Fleet fleet(switches("a"));
  fleet.fault(FaultKind::kDropBeforeCommit);
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  const std::string lost = fleet.store().given_up(Timestamp{})->front().uid;
  // The create that was lost arrives after all, under its own uid.
  fleet.want(switches("a") + "Server late {zone: london, size: s-1vcpu-2gb}\n");
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.set("late", "uid", lost);
  EXPECT_EQ(fleet.converge().exit_code(), 0);
  EXPECT_THAT(fleet.world(), ElementsAre("a active", "late active"));
  EXPECT_TRUE(fleet.plan().empty());
}

TEST(Engine, AServerThatWasNeverDeliveredIsRemovedAndMadeAgain) {
  Fleet fleet(switches("a"));
  fleet.fault(FaultKind::kNeverFinish);
  EXPECT_EQ(fleet.converge().exit_code(), 0);
  EXPECT_THAT(fleet.world(), ElementsAre("a active"));
  EXPECT_TRUE(fleet.plan().empty());
}

TEST(Engine, AVanishedServerIsMadeAgainOnceItIsProvenGone) {
  Fleet fleet(switches("ab"));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.vanish("a");
  fleet.advance(minutes(1));
  EXPECT_THAT(holds_of(fleet.plan().holds), ElementsAre("create Server/a: observation"));
  EXPECT_EQ(fleet.apply().exit_code(), 0);
  EXPECT_THAT(fleet.world(), ElementsAre("a active", "b active"));
  EXPECT_EQ(fleet.number("created"), 3);
}

TEST(Engine, AServerProvenGoneNoLongerCountsForTheDepositOfItsSuccessor) {
  Fleet fleet(switches("ab"));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.balance("41.00");  // 40.00 for a second server, 60.00 for a third one
  fleet.vanish("a");
  fleet.advance(minutes(1));
  EXPECT_EQ(fleet.apply().exit_code(), 0);
  EXPECT_THAT(fleet.world(), ElementsAre("a active", "b active"));
}

TEST(Engine, AnExpiredServerIsReactivatedAndTheBackOffOfAFailureGrows) {
  Fleet fleet(switches("a"));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.expire("a");
  fleet.fault(FaultKind::kFailAction, std::nullopt);
  EXPECT_EQ(fleet.apply().exit_code(), 1);
  const std::vector<Attempts> first = *fleet.store().attempts();
  ASSERT_EQ(first.size(), 1U);
  fleet.advance(hours(2));
  EXPECT_EQ(fleet.apply().exit_code(), 1);
  const std::vector<Attempts> second = *fleet.store().attempts();
  ASSERT_EQ(second.size(), 1U);
  EXPECT_GT(second[0].failures, first[0].failures);
  EXPECT_GT(second[0].next_try - second[0].last, first[0].next_try - first[0].last);
  fleet.no_faults();
  fleet.advance(hours(2));
  EXPECT_EQ(fleet.apply().exit_code(), 0);
  EXPECT_THAT(fleet.world(), ElementsAre("a active"));
  EXPECT_THAT(*fleet.store().attempts(), IsEmpty());
}

TEST(Engine, AnActionThatNeverEndsIsGivenUpAndDoneAgain) {
  Fleet fleet(switches("a"));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.power("a", Power::kStopped);
  fleet.fault(FaultKind::kNeverFinish);
  fleet.apply();
  EXPECT_EQ(fleet.converge().exit_code(), 0);
  EXPECT_THAT(fleet.world(), ElementsAre("a active"));
}

TEST(Engine, AStopByHandHoldsUntilAStart) {
  Fleet fleet(switches("ab"));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  EXPECT_EQ(fleet.act(Action::kStop, server("a")).exit_code(), 0);
  EXPECT_THAT(fleet.world(), ElementsAre("a stopped", "b active"));
  EXPECT_TRUE(fleet.plan().empty());
  EXPECT_EQ(fleet.apply().changes_done, 0);
  EXPECT_EQ(fleet.act(Action::kStart, server("a")).exit_code(), 0);
  EXPECT_THAT(fleet.world(), ElementsAre("a active", "b active"));
  EXPECT_TRUE(fleet.plan().empty()) << "it takes calls again";
  EXPECT_FALSE(fleet.server_of("a").boolean_or("drained", true));
}

TEST(Engine, AnActionByHandWhoseAnswerWasLostIsNeverRepeated) {
  Fleet fleet(switches("a"));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.fault(FaultKind::kDropAfterCommit);
  EXPECT_EQ(fleet.act(Action::kRestart, server("a")).exit_code(), 1);
  fleet.advance(minutes(5));
  const std::int64_t before = fleet.witness.mutations;
  EXPECT_EQ(fleet.apply().exit_code(), 0);
  EXPECT_EQ(fleet.witness.mutations, before);
}

// Dies so many moments after a call of that kind is about to be sent: 1 is when it has arrived, 3 when its answer is on
// disk.
template <class Kind>
void die_at(Fleet& fleet, const std::function<bool(const Kind&)>& is, std::int64_t moments) {
  fleet.witness.before = [&fleet, is, moments](const Call& call) {
    const Kind* found = std::get_if<Kind>(&call.what);
    if (found != nullptr && is(*found)) fleet.witness.lives = moments;
  };
}

void live_again(Fleet& fleet) {
  fleet.witness = Witness{};
  fleet.witness.keeps_trace = true;
}

TEST(Engine, AStopByHandWhoseEndNobodySawIsAPersonsWordAllTheSame) {
  Fleet fleet(switches("ab"));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  die_at<ProviderActionCall>(
      fleet, [](const auto& act) { return act.action == Action::kStop; }, 1);
  EXPECT_THROW(fleet.act(Action::kStop, server("a")), Killed);
  live_again(fleet);
  EXPECT_EQ(fleet.converge().exit_code(), 0);
  EXPECT_THAT(fleet.witness.trace, Not(Contains(HasSubstr(" start "))));
  EXPECT_THAT(fleet.world(), ElementsAre("a stopped", "b active"));
  EXPECT_EQ(fleet.store().overrides(Timestamp{})->size(), 1U);
}

TEST(Engine, ADrainOnTheWayToAnActionByHandIsNobodysWord) {
  Fleet fleet(switches("ab"));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  EXPECT_EQ(fleet.act(Action::kRestart, server("a")).exit_code(), 0);
  EXPECT_THAT(*fleet.store().overrides(Timestamp{}), IsEmpty());
  EXPECT_FALSE(fleet.server_of("a").boolean_or("drained", true));
}

TEST(Engine, AnActionThatIsStillAtItAfterACrashIsNotAskedForAgain) {
  Fleet fleet(switches("ab"));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.expire("a");
  fleet.fault(FaultKind::kFailAction);
  int sent = 0;
  // The first one fails; the second one takes longer than anything settles.
  die_at<ProviderActionCall>(
      fleet, [&sent](const auto&) { return ++sent == 2; }, 1);
  EXPECT_THROW(fleet.apply(), Killed);
  live_again(fleet);
  EXPECT_EQ(fleet.converge().exit_code(), 0);
  EXPECT_THAT(fleet.witness.trace, Not(Contains(HasSubstr(" reactivate "))));
  EXPECT_THAT(fleet.world(), ElementsAre("a active", "b active"));
}

TEST(Engine, ASuccessorThatNoListingShowsYetIsNotOrderedAgain) {
  Fleet fleet(switches("ab") + kFront);
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.want(switches("b") + kFront + "Server a {zone: frankfurt, size: s-1vcpu-2gb, cluster: core, channels: 500}\n");
  die_at<CreateCall>(
      fleet, [](const auto&) { return true; }, 3);
  EXPECT_THROW(fleet.apply(), Killed);
  live_again(fleet);
  fleet.fault(FaultKind::kLagList, 5);
  EXPECT_EQ(fleet.converge().exit_code(), 0);
  EXPECT_EQ(fleet.number("created"), 4);
  EXPECT_THAT(fleet.world(), ElementsAre("a active", "b active", "front active"));
  EXPECT_TRUE(fleet.plan().empty());
}

TEST(Engine, APersonsWordCountsWhileAnApplyRuns) {
  Fleet fleet(switches("abc"));
  // Somebody freezes the account from another terminal once the first create is on its way.
  fleet.witness.before = [&](const Call& call) {
    if (std::holds_alternative<CreateCall>(call.what)) {
      fleet.witness.before = nullptr;
      fleet.override_as(Override::What::kSuspended, server("front"));
    }
  };
  fleet.want(switches("abc") + kFront);
  const ApplyReport report = fleet.apply();
  EXPECT_THAT(holds_of(report.holds), ElementsAre("create Server/front: override"));
  EXPECT_THAT(fleet.world(), ElementsAre("a active", "b active", "c active"));
}

TEST(Engine, ARenamedServerIsMarkedAnewAndKeepsItsMachine) {
  Fleet fleet(switches("a"));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  const std::string id = fleet.server_of("a").string_or("id", "");
  fleet.want(std::string(kGround) +
             "Server b {zone: london, size: s-1vcpu-2gb, cluster: core, channels: 500} | formerly: [a]\n");
  const ApplyReport report = fleet.apply();
  EXPECT_THAT(report.failures, IsEmpty());
  EXPECT_EQ(report.exit_code(), 0);
  EXPECT_EQ(fleet.server_of("b").string_or("id", ""), id);
  EXPECT_TRUE(fleet.plan().empty());
}

// Its size waits until it is started again; the mark would be lost with the former name if that were dropped meanwhile.
TEST(Engine, AStoppedServerIsMarkedAnewAndNotTouchedOtherwise) {
  Fleet fleet(std::string(kGround) + "Server a {zone: london, size: s-1vcpu-2gb, power: stopped}\n");
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  const std::string id = fleet.server_of("a").string_or("id", "");
  fleet.want(std::string(kGround) + "Server b {zone: london, size: s-2vcpu-4gb, power: stopped} | formerly: [a]\n");
  EXPECT_EQ(fleet.apply().exit_code(), 0);
  EXPECT_TRUE(fleet.plan().empty());
  fleet.want(std::string(kGround) + "Server b {zone: london, size: s-2vcpu-4gb, power: stopped}\n");
  EXPECT_TRUE(fleet.plan().empty());
  EXPECT_EQ(fleet.server_of("b").string_or("id", ""), id);
  EXPECT_EQ(fleet.server_of("b").string_or("size", ""), "s-1vcpu-2gb");
}

TEST(Engine, AnImportedServerIsOursFromThenOn) {
  Fleet fleet(switches("a"));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.set("a", "mark", "none");
  fleet.lose_state();
  ASSERT_EQ(fleet.plan().unmanaged.size(), 1U);
  EXPECT_TRUE(fleet.import_server(server("a"), fleet.server_of("a").string_or("id", "")).ok());
  EXPECT_TRUE(fleet.plan().empty());
  EXPECT_EQ(fleet.apply().changes_done, 0);
}

TEST(Engine, ASecondApplyIsToldWhoHoldsTheLock) {
  const std::string path = ::testing::TempDir() + fmt::format("reconciler-two-applies-{}.db", getpid());
  const auto first = Lock::acquire(path, "ben@desk", minutes(5), {});
  ASSERT_TRUE(first.ok());
  const auto second = Lock::acquire(path, "amy@desk", minutes(5), {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kLocked);
  EXPECT_THAT(second.error().message, HasSubstr("ben@desk"));
}

TEST(Engine, AStopLetsWhatIsInFlightEndAndTheNextApplyGoesOn) {
  Fleet fleet(switches("abc") + kFront);
  fleet.witness.stop_after = 0;
  const ApplyReport stopped = fleet.apply();
  EXPECT_TRUE(stopped.interrupted);
  EXPECT_EQ(stopped.exit_code(), 4);
  fleet.witness = Witness{};
  EXPECT_EQ(fleet.apply().exit_code(), 0);
  EXPECT_THAT(fleet.world(), ElementsAre("a active", "b active", "c active", "front active"));
  EXPECT_EQ(fleet.number("created"), 4);
}

}  // namespace
}  // namespace switchyard::testing
