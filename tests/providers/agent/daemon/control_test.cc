#include "providers/agent/daemon/control.h"

#include <gmock/gmock.h>

#include "specs/base/digest.h"
#include "tests/providers/agent/daemon/small_server.h"

namespace switchyard::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ControlTest : public ::testing::Test {
 protected:
  ControlTest() { start_agent(); }

  // The agent ends, by whatever cause, and starts again; its server's process is not touched.
  void start_agent() {
    control_.emplace(server_.place(), ControlTimes{}, server_, server_, clock_, server_.keep_diary());
    ASSERT_TRUE(control_->open().ok());
  }
  void pass(Duration length, Duration at_a_time = std::chrono::milliseconds(250)) {
    for (const Duration end = clock_.running() + length; clock_.running() < end; clock_.wait(at_a_time))
      control_->step();
    control_->step();
  }
  std::string refusal(const Configuration& wanted, ErrorCode code = ErrorCode::kRefused) {
    const auto done = control_->configure(wanted);
    EXPECT_FALSE(done.ok());
    if (done.ok()) return {};
    EXPECT_EQ(done.error().code, code);
    return done.error().message;
  }
  std::string applied() { return control_->report().applied; }
  Json detail(std::string_view name) {
    const Json all = *parse_json(control_->report().details);
    const Json* one = all.find(name);
    return one == nullptr || one->find("value") == nullptr ? Json() : *one->find("value");
  }
  std::vector<std::int64_t> kept() const { return Generations(server_.folder()).numbers(); }

  SmallClock clock_;
  SmallServer server_{clock_};
  std::optional<Control> control_;
};

TEST_F(ControlTest, ANewServerHasNothingInForceAndNoCalls) {
  const AgentReport report = control_->report();
  EXPECT_EQ(report.applied, "{}");
  EXPECT_EQ(report.channels, 0);
  EXPECT_FALSE(report.booted);
  EXPECT_THAT(report.peers, IsEmpty());
  EXPECT_EQ(server_.starts, 0);
}

TEST_F(ControlTest, TheFirstConfigurationStartsTheProcess) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  ASSERT_TRUE(server_.process_);
  EXPECT_EQ(server_.process_->limit, 100);
  const AgentReport report = control_->report();
  EXPECT_EQ(report.applied_digest, digest_of(configured(5060, 100).fields));
  EXPECT_EQ(report.peers, configured(5060, 100).peers);
  EXPECT_EQ(report.channels, 0);
  EXPECT_EQ(report.release, "1.0");
  EXPECT_EQ(report.pending_release, "");
  EXPECT_EQ(report.booted, server_.process_->since);
  EXPECT_EQ(report.sip_latency_us, 250);
}

TEST_F(ControlTest, SecretsAreReportedAsFingerprintsUnderASaltThatStays) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  const AgentReport report = control_->report();
  ASSERT_EQ(report.fingerprints.size(), 1U);
  EXPECT_EQ(report.fingerprints[0].second, hmac_sha256_hex(report.salt, "very secret"));
  EXPECT_THAT(report.details, Not(HasSubstr("very secret")));
  start_agent();
  EXPECT_EQ(control_->report().fingerprints, report.fingerprints);
}

TEST_F(ControlTest, AHotValueIsPushedAndWritten) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  server_.process_->channels = 7;
  ASSERT_TRUE(control_->configure(configured(5060, 200)).ok());
  EXPECT_EQ(server_.starts, 1) << "calls go on";
  EXPECT_EQ(server_.process_->limit, 200);
  EXPECT_EQ(server_.process_->channels, 7);
  server_.crash();
  pass(std::chrono::seconds(1));
  EXPECT_EQ(server_.process_->limit, 200) << "it is read from the file as well";
}

TEST_F(ControlTest, WhatIsReadOnlyAtStartRestarts) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  ASSERT_TRUE(control_->configure(configured(5070, 100)).ok());
  EXPECT_EQ(server_.starts, 2);
  EXPECT_EQ(server_.process_->port, "5070");
  EXPECT_EQ(control_->report().channels, 0) << "it had none when it was stopped";
}

TEST_F(ControlTest, WordsForPeopleAloneTouchNothing) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  const int pushes = server_.pushes;
  Configuration renamed = configured(5060, 100);
  set_field(renamed.fields, "spec.alias", "Ben");
  ASSERT_TRUE(control_->configure(renamed).ok());
  EXPECT_EQ(server_.starts, 1);
  EXPECT_EQ(server_.pushes, pushes);
  EXPECT_THAT(applied(), HasSubstr("Ben"));
  start_agent();
  EXPECT_THAT(applied(), HasSubstr("Ben"));
}

TEST_F(ControlTest, WhatThePlatformCannotDoIsRefusedBeforeAnythingIsWritten) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  EXPECT_THAT(refusal(configured(99999, 100), ErrorCode::kInvalid), HasSubstr("no port 99999"));
  EXPECT_THAT(kept(), ElementsAre(1));
}

TEST_F(ControlTest, FilesThatTheProgramDoesNotTakeLeaveAllAsItIs) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  server_.process_->channels = 3;
  server_.troubles.check = "parse error in line 7";
  EXPECT_THAT(refusal(configured(5070, 100)), HasSubstr("parse error in line 7"));
  EXPECT_EQ(server_.process_->channels, 3);
  EXPECT_THAT(applied(), HasSubstr("5060"));
  EXPECT_THAT(kept(), ElementsAre(1));
}

TEST_F(ControlTest, APortThatSomebodyHoldsIsSeenBeforeTheOldProcessIsStopped) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  server_.process_->channels = 3;
  server_.troubles.held = "udp 127.0.0.1:5070 is held by process 7 (nc)";
  EXPECT_THAT(refusal(configured(5070, 100), ErrorCode::kConflict), HasSubstr("held by process 7 (nc)"));
  EXPECT_EQ(server_.process_->channels, 3);
  EXPECT_EQ(server_.starts, 1);
}

TEST_F(ControlTest, AProcessThatDiesAtItsStartIsRolledBackWithItsOwnWords) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  server_.troubles = {.dies_at_start = true, .only_of_port = "5070"};
  EXPECT_THAT(refusal(configured(5070, 100)), ::testing::AllOf(HasSubstr("rolled back to generation 1"),
                                                               HasSubstr("status 255"), HasSubstr("ERROR: bad port")));
  EXPECT_EQ(server_.process_->port, "5060");
  EXPECT_THAT(applied(), HasSubstr("5060"));
  EXPECT_THAT(kept(), ElementsAre(1));
  EXPECT_EQ(control_->report().channels, 0) << "it had none, and nobody served since";
}

TEST_F(ControlTest, AProcessThatStartsAndAnswersNobodyIsRolledBack) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  server_.troubles = {.answers_nobody = true, .only_of_port = "5070"};
  EXPECT_THAT(refusal(configured(5070, 100)), HasSubstr("does not serve after 15s: no answer to OPTIONS"));
  EXPECT_EQ(server_.process_->port, "5060");
}

TEST_F(ControlTest, AnOkThatReadsBackWrongIsNotBelieved) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  server_.process_->channels = 3;
  server_.troubles.takes_no_limit = true;
  EXPECT_THAT(refusal(configured(5060, 200)),
              ::testing::AllOf(HasSubstr("rolled back"), HasSubstr("otherwise than it was told: limit")));
  EXPECT_EQ(server_.process_->channels, 3) << "calls go on";
  EXPECT_EQ(control_->report().applied_digest, digest_of(configured(5060, 100).fields));
  server_.troubles = {};
  server_.crash();
  pass(std::chrono::seconds(1));
  EXPECT_EQ(server_.process_->limit, 100) << "nothing of the refused one is left in the files";
}

TEST_F(ControlTest, AFirstConfigurationThatFailsLeavesNothing) {
  server_.troubles.dies_at_start = true;
  EXPECT_THAT(refusal(configured(5060, 100)), HasSubstr("nothing was in force before"));
  EXPECT_THAT(kept(), IsEmpty());
  pass(std::chrono::minutes(1));
  EXPECT_EQ(server_.starts, 1) << "it is not tried again by itself";
  server_.troubles = {};
  EXPECT_TRUE(control_->configure(configured(5060, 100)).ok());
}

TEST_F(ControlTest, FiveGenerationsAreKept) {
  for (int limit = 1; limit <= 9; ++limit) ASSERT_TRUE(control_->configure(configured(5060, limit)).ok());
  EXPECT_THAT(kept(), ElementsAre(5, 6, 7, 8, 9));
}

TEST_F(ControlTest, AValueTurnedByHandIsReportedAsItIsAndTurnedBack) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  server_.process_->limit = 50;
  clock_.wait(std::chrono::seconds(1));
  EXPECT_THAT(applied(), HasSubstr(R"("spec.cps":50)"));
  EXPECT_NE(control_->report().applied_digest, digest_of(configured(5060, 100).fields));
  pass(std::chrono::seconds(6));
  EXPECT_EQ(server_.process_->limit, 100);
  EXPECT_THAT(server_.diary, Contains("the process does otherwise than it was told"));
}

TEST_F(ControlTest, AProcessThatCannotBeRepairedIsTriedLessAndLess) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  server_.process_->limit = 50;
  server_.troubles.takes_no_limit = true;
  const int before = server_.pushes;
  pass(std::chrono::minutes(10));
  EXPECT_GT(server_.pushes - before, 5);
  EXPECT_LT(server_.pushes - before, 20);
  EXPECT_THAT(to_string(detail("trouble")), HasSubstr("could not be repaired"));
  EXPECT_EQ(to_string(detail("otherwise")), R"(["limit"])");
}

TEST_F(ControlTest, DrainedIsKeptThroughRestartsOfProcessAndAgent) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  ASSERT_TRUE(control_->act(Action::kDrain).ok());
  EXPECT_TRUE(server_.process_->drained);
  EXPECT_TRUE(control_->report().drained);
  server_.crash();
  pass(std::chrono::seconds(1));
  EXPECT_TRUE(server_.process_->drained) << "it came up drained: no call slipped in between";
  start_agent();
  ASSERT_TRUE(control_->configure(configured(5070, 100)).ok());
  EXPECT_TRUE(server_.process_->drained);
  ASSERT_TRUE(control_->act(Action::kUndrain).ok());
  EXPECT_FALSE(server_.process_->drained);
  server_.crash();
  pass(std::chrono::seconds(1));
  EXPECT_FALSE(server_.process_->drained);
}

TEST_F(ControlTest, DrainingMakesNoGeneration) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(control_->act(Action::kDrain).ok());
    ASSERT_TRUE(control_->act(Action::kUndrain).ok());
  }
  EXPECT_THAT(kept(), ElementsAre(1));
}

TEST_F(ControlTest, ACrashIsRepairedAtOnceAndCallsAreUnknownForAWhile) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  server_.process_->channels = 20;
  pass(std::chrono::minutes(2));
  server_.crash();
  control_->step();
  ASSERT_TRUE(server_.process_);
  const AgentReport report = control_->report();
  EXPECT_EQ(report.channels, std::nullopt) << "it counts none, though twenty go on";
  EXPECT_THAT(to_string(detail("channels")), HasSubstr("may go on until"));
  EXPECT_THAT(to_string(detail("trouble")), HasSubstr("signal 9"));
  start_agent();
  EXPECT_EQ(control_->report().channels, std::nullopt) << "an agent that starts again knows no better";
  pass(std::chrono::hours(2), std::chrono::seconds(30));
  EXPECT_EQ(control_->report().channels, 0);
}

TEST_F(ControlTest, ADrainedProcessWithoutCallsIsKnownToHaveNoneAfterACrash) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  ASSERT_TRUE(control_->act(Action::kDrain).ok());
  pass(std::chrono::seconds(10));
  server_.crash();
  pass(std::chrono::seconds(1));
  EXPECT_EQ(control_->report().channels, 0);
}

TEST_F(ControlTest, ARestartWithCallsUpDoesNotClaimThatThereAreNone) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  server_.process_->channels = 20;
  ASSERT_TRUE(control_->act(Action::kRestart).ok());
  EXPECT_EQ(server_.starts, 2);
  EXPECT_EQ(control_->report().channels, std::nullopt);
}

TEST_F(ControlTest, AProcessThatKeepsDyingIsStartedLessAndLess) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  server_.troubles.dies_at_start = true;
  server_.crash();
  pass(std::chrono::minutes(10));
  EXPECT_GT(server_.starts, 8);
  EXPECT_LT(server_.starts, 25);
  EXPECT_EQ(control_->report().channels, std::nullopt);
  EXPECT_EQ(to_string(detail("process")), R"("does not run")");
  server_.troubles = {};
  pass(std::chrono::minutes(1));
  EXPECT_TRUE(server_.process_) << "the longest pause is a minute";
}

TEST_F(ControlTest, AProcessThatHangsIsEndedAndStartedAgain) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  server_.troubles.answers_nobody = true;
  pass(std::chrono::seconds(20));
  EXPECT_EQ(server_.starts, 1) << "not yet";
  EXPECT_EQ(control_->report().channels, std::nullopt);
  pass(std::chrono::seconds(40));
  EXPECT_GT(server_.starts, 1);
}

TEST_F(ControlTest, AnAgentThatStartsAgainAdoptsWhatRuns) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  server_.process_->channels = 9;
  const auto booted = control_->report().booted;
  clock_.wait(std::chrono::minutes(5));
  start_agent();
  pass(std::chrono::minutes(1));
  EXPECT_EQ(server_.starts, 1);
  const AgentReport report = control_->report();
  EXPECT_EQ(report.channels, 9);
  EXPECT_EQ(report.booted, booted);
  EXPECT_EQ(report.applied_digest, digest_of(configured(5060, 100).fields));
}

TEST_F(ControlTest, ANewerAgentThatRendersOtherwiseRestartsNothingUnasked) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  server_.process_->channels = 9;
  server_.rendering = "v2";
  start_agent();
  pass(std::chrono::minutes(1));
  ASSERT_TRUE(control_->configure(configured(5060, 200)).ok());
  EXPECT_EQ(server_.starts, 1) << "the change itself is hot, and nine calls are up";
  EXPECT_EQ(server_.process_->limit, 200);
  EXPECT_THAT(control_->report().pending_release, HasSubstr("configured as this agent does"));
  server_.process_->channels = 0;
  ASSERT_TRUE(control_->act(Action::kUpgrade).ok());
  EXPECT_EQ(server_.starts, 2);
  EXPECT_EQ(control_->report().pending_release, "");
}

TEST_F(ControlTest, AnUpgradeIsARestartOntoWhatIsOnTheDisk) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  ASSERT_TRUE(control_->act(Action::kUpgrade).ok());
  EXPECT_EQ(server_.starts, 1) << "nothing is pending";
  server_.release = "1.1";
  pass(std::chrono::minutes(2));
  EXPECT_EQ(control_->report().release, "1.0");
  EXPECT_EQ(control_->report().pending_release, "1.1");
  ASSERT_TRUE(control_->act(Action::kUpgrade).ok());
  EXPECT_EQ(server_.starts, 2);
  EXPECT_EQ(control_->report().release, "1.1");
  EXPECT_EQ(control_->report().pending_release, "");
}

TEST_F(ControlTest, WhatIsStoppedStaysStopped) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  ASSERT_TRUE(control_->act(Action::kStop).ok());
  pass(std::chrono::minutes(1));
  EXPECT_FALSE(server_.process_);
  start_agent();
  pass(std::chrono::minutes(1));
  EXPECT_FALSE(server_.process_);
  EXPECT_EQ(control_->report().channels, 0);
  ASSERT_TRUE(control_->configure(configured(5070, 100)).ok()) << "it is written for the next start";
  EXPECT_FALSE(server_.process_);
  ASSERT_TRUE(control_->act(Action::kStart).ok());
  ASSERT_TRUE(server_.process_);
  EXPECT_EQ(server_.process_->port, "5070");
}

TEST_F(ControlTest, AnAgentKilledBeforeTheRestartLeavesWhatRunsAlone) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  server_.process_->channels = 4;
  Generations generations(server_.folder());
  const Configuration wanted = configured(5070, 100);
  const auto half_way = generations.make(wanted, *server_.render(wanted, Traffic::kTaken));
  ASSERT_TRUE(half_way.ok());
  ASSERT_TRUE(generations.make_current(half_way->number).ok());
  start_agent();
  pass(std::chrono::minutes(1));
  EXPECT_EQ(server_.process_->channels, 4);
  EXPECT_THAT(applied(), HasSubstr("5060"));
  server_.crash();
  pass(std::chrono::seconds(1));
  EXPECT_EQ(server_.process_->port, "5060");
}

TEST_F(ControlTest, AnAgentKilledBetweenStopAndStartFinishesTheChange) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  Generations generations(server_.folder());
  const Configuration wanted = configured(5070, 100);
  const auto half_way = generations.make(wanted, *server_.render(wanted, Traffic::kTaken));
  ASSERT_TRUE(generations.make_current(half_way->number).ok());
  server_.crash();
  start_agent();
  pass(std::chrono::seconds(1));
  EXPECT_EQ(server_.process_->port, "5070");
  EXPECT_THAT(applied(), HasSubstr("5070"));
}

TEST_F(ControlTest, AnAgentKilledBetweenStopAndStartGoesBackIfTheChangeDoesNotDo) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  Generations generations(server_.folder());
  const Configuration wanted = configured(5070, 100);
  const auto half_way = generations.make(wanted, *server_.render(wanted, Traffic::kTaken));
  ASSERT_TRUE(generations.make_current(half_way->number).ok());
  server_.crash();
  server_.troubles = {.dies_at_start = true, .only_of_port = "5070"};
  start_agent();
  pass(std::chrono::seconds(1));
  ASSERT_TRUE(server_.process_);
  EXPECT_EQ(server_.process_->port, "5060");
  EXPECT_THAT(applied(), HasSubstr("5060"));
}

TEST_F(ControlTest, AnAgentKilledBeforeAPushFinishesIt) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  Generations generations(server_.folder());
  const Configuration wanted = configured(5060, 300);
  const auto half_way = generations.make(wanted, *server_.render(wanted, Traffic::kTaken));
  ASSERT_TRUE(generations.make_current(half_way->number).ok());
  start_agent();
  EXPECT_EQ(server_.process_->limit, 300);
  EXPECT_THAT(applied(), HasSubstr("300"));
  EXPECT_EQ(server_.starts, 1);
}

TEST_F(ControlTest, AnOldFenceIsRefusedForEver) {
  ASSERT_TRUE(control_->admit(7).ok());
  ASSERT_TRUE(control_->admit(7).ok());
  start_agent();
  const auto done = control_->admit(6);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, ErrorCode::kFenced);
  EXPECT_TRUE(control_->admit(8).ok());
}

TEST_F(ControlTest, OnlyAgentsActionsAreTaken) {
  for (const Action action : {Action::kCreate, Action::kPowerCycle, Action::kResize}) {
    const auto done = control_->act(action);
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().code, ErrorCode::kInvalid);
  }
}

TEST_F(ControlTest, WhatIsSeenCarriesItsTime) {
  ASSERT_TRUE(control_->configure(configured(5060, 100)).ok());
  const Json all = *parse_json(control_->report().details);
  ASSERT_NE(all.find("listeners"), nullptr);
  EXPECT_EQ(all.find("listeners")->string_or("at", ""), to_string(clock_.now()));
  EXPECT_EQ(to_string(*all.find("listeners")->find("value")), R"(["udp:127.0.0.1:5060"])");
  EXPECT_EQ(to_string(detail("uptime")), R"("1s")");
}

}  // namespace
}  // namespace switchyard::testing
