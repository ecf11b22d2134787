// Each fault of the simulated provider: what it does, and that it is counted.
#include "providers/sim/faults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/providers/small_world.h"

namespace switchyard {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::int64_t fired(SmallWorld& world, FaultKind kind) {
  return world.dump().find("faults")->integer_or(to_string(kind), 0);
}

void strike(SmallWorld& world, FaultKind kind, std::int64_t times = 1) {
  world.ctl(CtlFault{.fault = {.kind = kind, .times = times}});
}

TEST(Faults, RefuseSaysNoToChangesAlone) {
  SmallWorld world;
  strike(world, FaultKind::kRefuse);
  ASSERT_TRUE(world.provider().list("", kLimits).ok());
  EXPECT_EQ(world.provider().create(wanted("a"), kLimits).error().code, ErrorCode::kRefused);
  EXPECT_TRUE(world.provider().create(wanted("a"), kLimits).ok());
  EXPECT_EQ(fired(world, FaultKind::kRefuse), 1);
}

TEST(Faults, DelayLetsTimePassBeforeTheAnswer) {
  SmallWorld world;
  strike(world, FaultKind::kDelay);
  ASSERT_TRUE(world.provider().create(wanted("a"), {.timeout = seconds(30), .fence = 0}).ok());
  const Duration waited = world.time().now() - *parse_timestamp(kBeginning);
  EXPECT_GE(waited, seconds(1));
  EXPECT_LE(waited, seconds(20));
  EXPECT_EQ(fired(world, FaultKind::kDelay), 1);
}

TEST(Faults, ADelayBeyondTheDeadlineLeavesTheOutcomeUnknown) {
  SmallWorld world;
  strike(world, FaultKind::kDelay);
  EXPECT_EQ(world.provider().create(wanted("a"), {.timeout = Duration(500), .fence = 0}).error().code,
            ErrorCode::kOutcomeUnknown);
  EXPECT_EQ(world.time().now() - *parse_timestamp(kBeginning), Duration(500));
  EXPECT_EQ(world.provider().list("", kLimits)->servers.size(), 1U);
}

TEST(Faults, DropBeforeCommitChangesNothing) {
  SmallWorld world;
  const std::string id = world.delivered("a");
  strike(world, FaultKind::kDropBeforeCommit);
  EXPECT_EQ(world.provider().remove(id, kLimits).error().code, ErrorCode::kOutcomeUnknown);
  EXPECT_EQ(world.see(id).phase, Phase::kActive);
  EXPECT_EQ(fired(world, FaultKind::kDropBeforeCommit), 1);
}

TEST(Faults, DropAfterCommitChangesEverythingAndSaysNothing) {
  SmallWorld world;
  const std::string id = world.delivered("a");
  strike(world, FaultKind::kDropAfterCommit);
  EXPECT_EQ(world.provider().remove(id, kLimits).error().code, ErrorCode::kOutcomeUnknown);
  EXPECT_EQ(world.provider().get(id, kLimits).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(fired(world, FaultKind::kDropAfterCommit), 1);
}

TEST(Faults, ALaggingListShowsThePastWithinTheSettlingTime) {
  SmallWorld world;
  world.ctl(CtlFault{.fault = {.kind = FaultKind::kLagList}});
  const std::string gone = world.delivered("gone");
  const std::string stopped = world.delivered("stopped");
  world.advance(minutes(2));
  ASSERT_TRUE(world.provider().remove(gone, kLimits).ok());
  ASSERT_TRUE(world.provider().act(stopped, Action::kStop, {}, kLimits).ok());
  const std::string fresh = world.provider().create(wanted("fresh"), kLimits)->id;

  // Nothing of the last moment shows, however old the listing is.
  auto page = world.provider().list("", kLimits);
  ASSERT_EQ(page->servers.size(), 2U);
  EXPECT_EQ(page->servers[0].id, gone);
  EXPECT_EQ(page->servers[1].phase, Phase::kActive);
  EXPECT_EQ(page->now, world.time().now());
  // A GET does not lag.
  EXPECT_EQ(world.provider().get(gone, kLimits).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(world.see(stopped).phase, Phase::kUpdating);

  // All of it shows once the settling time is over.
  world.advance(seconds(40));
  page = world.provider().list("", kLimits);
  ASSERT_EQ(page->servers.size(), 2U);
  EXPECT_EQ(page->servers[0].id, stopped);
  EXPECT_NE(page->servers[0].phase, Phase::kActive);
  EXPECT_EQ(page->servers[1].id, fresh);
  EXPECT_EQ(fired(world, FaultKind::kLagList), 2);
}

TEST(Faults, APartialListNeverLooksComplete) {
  SmallWorld world;
  world.delivered("only");
  strike(world, FaultKind::kPartialList);
  const auto page = world.provider().list("", kLimits);
  EXPECT_THAT(page->servers, IsEmpty());
  ASSERT_NE(page->next, "");
  EXPECT_FALSE(world.provider().list(page->next, kLimits).ok());
  EXPECT_EQ(fired(world, FaultKind::kPartialList), 1);
}

TEST(Faults, ALostCreateIsAcceptedAndNeverExists) {
  SmallWorld world;
  strike(world, FaultKind::kLoseCreate);
  const auto created = world.provider().create(wanted("a"), kLimits);
  ASSERT_TRUE(created.ok());
  EXPECT_EQ(world.provider().get(created->id, kLimits).error().code, ErrorCode::kNotFound);
  world.advance(minutes(60));
  EXPECT_THAT(world.provider().list("", kLimits)->servers, IsEmpty());
  EXPECT_EQ(world.balance(), "500.00");
  EXPECT_EQ(fired(world, FaultKind::kLoseCreate), 1);
}

TEST(Faults, AFailedActionChangesNothingAndSaysWhy) {
  SmallWorld world;
  const std::string id = world.delivered("a");
  world.ctl(CtlCalls{.server = "a", .calls = 2, .lasting = {}});
  strike(world, FaultKind::kFailAction);
  ASSERT_TRUE(world.provider().act(id, Action::kRestart, {}, kLimits).ok());
  EXPECT_EQ(world.see(id).last_action_state, ObservedServer::ActionState::kRunning);
  world.advance(minutes(5));
  const ObservedServer server = world.see(id);
  EXPECT_EQ(server.last_action_state, ObservedServer::ActionState::kFailed);
  EXPECT_THAT(server.last_action_message, HasSubstr("restart"));
  EXPECT_EQ(server.phase, Phase::kActive);
  EXPECT_EQ(server.agent->channels, 2);
  EXPECT_EQ(fired(world, FaultKind::kFailAction), 1);
}

TEST(Faults, ADeliveryMayNeverFinish) {
  SmallWorld world;
  strike(world, FaultKind::kNeverFinish);
  const std::string id = world.provider().create(wanted("a"), kLimits)->id;
  world.advance(std::chrono::hours(24 * 365));
  EXPECT_EQ(world.see(id).phase, Phase::kProvisioning);
  EXPECT_EQ(fired(world, FaultKind::kNeverFinish), 1);
}

TEST(Faults, AnActionThatHangsIsReplacedByTheNext) {
  SmallWorld world;
  const std::string id = world.delivered("a");
  strike(world, FaultKind::kNeverFinish);
  ASSERT_TRUE(world.provider().act(id, Action::kRestart, {}, kLimits).ok());
  world.advance(std::chrono::hours(10));
  EXPECT_EQ(world.see(id).phase, Phase::kUpdating);
  ASSERT_TRUE(world.provider().act(id, Action::kPowerCycle, {}, kLimits).ok());
  world.advance(minutes(5));
  EXPECT_EQ(world.see(id).phase, Phase::kActive);
}

TEST(Faults, NeverStrikeWhatIsDoneByHand) {
  SmallWorld world;
  world.delivered("a");
  for (std::size_t kind = 0; kind < kFaultKinds; ++kind) {
    world.ctl(CtlFault{.fault = {.kind = static_cast<FaultKind>(kind)}});
  }
  world.ctl(CtlSet{.server = "world", .field = "requestsPerMinute", .value = "1"});
  for (int i = 0; i < 20; ++i) world.ctl(CtlCalls{.server = "a", .calls = i, .lasting = {}});
  const Json dump = world.dump();
  EXPECT_EQ(to_string(*dump.find("faults")), "{}");
  EXPECT_EQ(dump.find("servers")->array()->front().integer_or("channels", 0), 19);
}

TEST(Faults, StrikeAboutAsOftenAsTheirRateAndTheSameForASeed) {
  const auto strikes = [](std::uint64_t seed) {
    FaultBook book(seed);
    book.set({.kind = FaultKind::kRefuse, .rate_ppm = 250'000});
    std::string trace;
    for (int i = 0; i < 4000; ++i) trace += book.strikes(FaultKind::kRefuse) ? '!' : '.';
    return trace;
  };
  const std::string trace = strikes(3);
  const auto count = std::ranges::count(trace, '!');
  EXPECT_GT(count, 850);
  EXPECT_LT(count, 1150);
  EXPECT_EQ(trace, strikes(3));
  EXPECT_NE(trace, strikes(4));
}

TEST(Faults, GoOnAfterTheyWereKept) {
  FaultBook book(9);
  book.set({.kind = FaultKind::kDelay, .rate_ppm = 500'000, .times = 50});
  for (int i = 0; i < 20; ++i) book.strikes(FaultKind::kDelay);
  auto kept = FaultBook::from_json(book.to_json());
  ASSERT_TRUE(kept.ok());
  for (int i = 0; i < 200; ++i) EXPECT_EQ(book.strikes(FaultKind::kDelay), kept->strikes(FaultKind::kDelay));
  EXPECT_EQ(kept->fired(FaultKind::kDelay), 50);
}

TEST(Faults, ComeFromAFileOfJson) {
  const auto faults =
      faults_from_json(R"([{"kind": "delay", "rate": 0.25}, {"kind": "lose-create", "rate": "1", "times": 3}])");
  ASSERT_TRUE(faults.ok());
  EXPECT_EQ((*faults)[0], (Fault{.kind = FaultKind::kDelay, .rate_ppm = 250'000}));
  EXPECT_EQ((*faults)[1], (Fault{.kind = FaultKind::kLoseCreate, .rate_ppm = 1'000'000, .times = 3}));
  EXPECT_THAT(faults_from_json(R"([{"kind": "gremlin"}])").error().message, HasSubstr("lag-list"));
  EXPECT_FALSE(faults_from_json("{}").ok());
  for (const char* wrong : {"", ".", "1.5", "-0.1", "x", "1e3"}) {
    EXPECT_FALSE(parse_fault_rate(wrong).ok()) << wrong;
  }
  EXPECT_EQ(*parse_fault_rate(".5"), 500'000);
}

}  // namespace
}  // namespace switchyard
