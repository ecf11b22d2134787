// What each resource needs: diff() alone, one sentence a branch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reconciler/picture.h"

namespace switchyard::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kOne = R"(
Account main {provider: sim}
Zone london {account: main, region: lon1}
Server a {zone: london, size: s-1vcpu-2gb}
)";

constexpr const char* kCluster = R"(
Account main {provider: sim}
Zone london {account: main, region: lon1}
Cluster core {}
Server a {zone: london, size: s-1vcpu-2gb, cluster: core, channels: 500}
Server b {zone: london, size: s-1vcpu-2gb, cluster: core, channels: 500}
)";

std::string one(std::string_view spec, std::string_view more = "") {
  return "Account main {provider: sim}\nZone london {account: main, region: lon1}\nServer a {zone: london, size: "
         "s-1vcpu-2gb" +
         std::string(spec) + "}" + std::string(more);
}

TEST(Core, AWantedServerThatIsNotThereIsCreated) {
  const Plan plan = Picture(kOne).plan();
  EXPECT_THAT(changes_of(plan), ElementsAre("create Server/a"));
  EXPECT_EQ(plan.changes[0].reason, "is wanted and not there");
  EXPECT_EQ(plan.changes[0].source, (Source{"/fleet/all.yaml", 12}));
  EXPECT_EQ(plan.summary.create, 1);
}

TEST(Core, AFleetThatIsAsItShouldBePlansNothing) {
  Picture picture(kCluster);
  picture.has_all();
  const Plan plan = picture.plan();
  EXPECT_TRUE(plan.empty());
  EXPECT_EQ(plan.summary.unchanged, 2);
}

TEST(Core, AFieldThatDiffersIsUpdatedWithItsEffect) {
  Picture picture(kOne);
  picture.has_all();
  picture.want(one(", cps: 60"));
  const Plan plan = picture.plan();
  ASSERT_THAT(changes_of(plan), ElementsAre("update Server/a"));
  EXPECT_THAT(fields_of(plan.changes[0]), ElementsAre(HasSubstr("-> 60 live")));
  EXPECT_FALSE(plan.changes[0].waits_for_zero_calls);
}

TEST(Core, ARestartingFieldWaitsForZeroCalls) {
  Picture picture(kOne);
  picture.has_all();
  picture.want(one(", options: {tlsInternals: true}"));
  const Plan plan = picture.plan();
  ASSERT_THAT(changes_of(plan), ElementsAre("update Server/a"));
  EXPECT_EQ(plan.changes[0].effect, Effect::kRestart);
  EXPECT_TRUE(plan.changes[0].waits_for_zero_calls);
}

TEST(Core, AnotherSizeReboots) {
  Picture picture(kOne);
  picture.has_all();
  picture["a"].size = "s-2vcpu-4gb";
  const Plan plan = picture.plan();
  ASSERT_THAT(changes_of(plan), ElementsAre("update Server/a"));
  EXPECT_THAT(fields_of(plan.changes[0]), ElementsAre("spec.size \"s-2vcpu-4gb\" -> \"s-1vcpu-2gb\" reboot"));
}

TEST(Core, AnotherRegionReplaces) {
  Picture picture(kOne);
  picture.has_all();
  picture["a"].region = "fra1";
  const Plan plan = picture.plan();
  ASSERT_THAT(changes_of(plan), ElementsAre("replace Server/a"));
  EXPECT_EQ(plan.changes[0].effect, Effect::kReplace);
  EXPECT_EQ(plan.safety.destroys, 1);
}

TEST(Core, AProtectedServerIsNotReplaced) {
  Picture picture(one(", protect: true"));
  picture.has_all();
  picture["a"].region = "fra1";
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("replace Server/a: protection"));
}

TEST(Core, AServerWhoseDocumentWentIsDeleted) {
  Picture picture(kCluster);
  picture.has_all();
  picture.want(R"(
Account main {provider: sim}
Zone london {account: main, region: lon1}
Cluster core {}
Server a {zone: london, size: s-1vcpu-2gb, cluster: core, channels: 500}
)");
  const Plan plan = picture.plan();
  EXPECT_THAT(changes_of(plan), ElementsAre("delete Server/b"));
  EXPECT_EQ(plan.changes[0].reason, "is no longer declared");
}

TEST(Core, ProtectionOutlivesTheDocument) {
  Picture picture(kCluster);
  picture.has_all();
  picture.declarations[1].protect = true;
  picture.want(one(", cluster: core, channels: 500", "\nCluster core {}"));
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("delete Server/b: protection"));
}

TEST(Core, ProtectionIsReadOffTheMachineWhenTheStateWasLost) {
  Picture picture(one(", protect: true"));
  picture.has(server("a"));
  picture.options.destroy_all = true;
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("delete Server/a: protection"));
}

TEST(Core, PowerIsStartedAndStopped) {
  Picture picture(kOne);
  picture.has_all();
  picture["a"].phase = Phase::kStopped;
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("start Server/a"));
  picture["a"].phase = Phase::kActive;
  picture.want(one(", power: stopped"));
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("stop Server/a"));
  picture["a"].phase = Phase::kStopped;
  EXPECT_TRUE(picture.plan().empty());
}

TEST(Core, ANewServerThatIsWantedStoppedIsStoppedAfterItsCreate) {
  EXPECT_THAT(changes_of(Picture(one(", power: stopped")).plan()),
              ElementsAre("create Server/a", "stop Server/a <- create Server/a"));
}

TEST(Core, AnActionThatHangsIsAskedForAgainOrHeldForAPerson) {
  Picture picture(kOne);
  picture.has_all();
  picture["a"].phase = Phase::kUpdating;
  picture["a"].last_action_state = ObservedServer::ActionState::kRunning;
  EXPECT_THAT(picture.plan().under_way, ElementsAre(server("a")));
  picture.attempts.push_back(Attempts{.resource = server("a"), .action = Action::kStart, .failures = 1});
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("start Server/a"));
  picture.attempts[0].action = Action::kResize;
  const Plan plan = picture.plan();
  ASSERT_THAT(holds_of(plan.holds), ElementsAre("resize Server/a: provider"));
  EXPECT_THAT(plan.holds[0].reason, HasSubstr("`switchyard action power-cycle Server/a`"));
}

TEST(Core, WhatAReplacementLeftGoesAlsoWhenItsSuccessorIsWantedStopped) {
  Picture picture(one(", power: stopped"));
  picture.has_all();
  picture.has(server("a"));
  picture.account().servers[1].region = "fra1";
  picture.account().servers[1].phase = Phase::kActive;
  const Plan plan = picture.plan();
  ASSERT_THAT(changes_of(plan), ElementsAre("delete Server/a"));
  EXPECT_EQ(plan.changes[0].provider_id, "srv-2");
}

TEST(Core, WhatDiffersOnAStoppedServerComesAfterItsStart) {
  Picture picture(kOne);
  picture.has_all();
  picture.want(one(", cps: 60"));
  picture["a"].phase = Phase::kStopped;
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("start Server/a", "update Server/a <- start Server/a"));
}

TEST(Core, AnExpiredServerIsReactivated) {
  Picture picture(kOne);
  picture.has_all();
  picture["a"].phase = Phase::kExpired;
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("reactivate Server/a"));
}

TEST(Core, AnExpiredServerThatIsWantedStoppedIsLeftAlone) {
  Picture picture(one(", power: stopped"));
  picture.has_all();
  picture["a"].phase = Phase::kExpired;
  EXPECT_TRUE(picture.plan().empty());
}

TEST(Core, AFailedServerIsHeldAndNothingClimbsTheLadderByItself) {
  Picture picture(kOne);
  picture.has_all();
  picture["a"].phase = Phase::kFailed;
  const Plan plan = picture.plan();
  EXPECT_THAT(plan.changes, IsEmpty());
  ASSERT_THAT(holds_of(plan.holds), ElementsAre("restart Server/a: provider"));
  EXPECT_THAT(plan.holds[0].reason, HasSubstr("`switchyard action restart Server/a`"));
}

TEST(Core, APendingReleaseIsUpgradedToAtZeroChannelsOnly) {
  Picture picture(one(", options: {autoUpgrade: true}"));
  picture.has_all();
  picture["a"].agent->pending_release = "2.1";
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("upgrade Server/a"));
  picture["a"].agent->channels = 3;
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("upgrade Server/a: channels"));
  picture["a"].agent->channels.reset();
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("upgrade Server/a: channels"));
  picture.want(one(", options: {autoUpgrade: false}"));
  EXPECT_THAT(holds_of(picture.plan().holds), IsEmpty());
}

TEST(Core, ADrainedServerThatNobodyDrainedIsUndrained) {
  Picture picture(kOne);
  picture.has_all();
  picture["a"].agent->drained = true;
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("undrain Server/a"));
}

TEST(Core, AStopOrDrainByHandIsRespectedAndShown) {
  Picture picture(kCluster);
  picture.has_all();
  picture["a"].phase = Phase::kStopped;
  picture["b"].agent->drained = true;
  picture.say(Override::What::kStopped, server("a"));
  picture.say(Override::What::kDrained, server("b"));
  const Plan plan = picture.plan();
  EXPECT_TRUE(plan.empty());
  EXPECT_EQ(plan.overrides.size(), 2U);
}

TEST(Core, ASuspendedResourceAndAFrozenAccountAreHeld) {
  Picture picture(kOne);
  picture.say(Override::What::kSuspended, server("a"));
  Plan plan = picture.plan();
  ASSERT_THAT(holds_of(plan.holds), ElementsAre("create Server/a: override"));
  EXPECT_THAT(plan.holds[0].reason, HasSubstr("suspended by ben@desk: looking into it; `switchyard resume Server/a`"));
  picture.overrides.clear();
  picture.say(Override::What::kFrozen, {Kind::kAccount, "main"});
  plan = picture.plan();
  ASSERT_THAT(holds_of(plan.holds), ElementsAre("create Server/a: override"));
  EXPECT_THAT(plan.holds[0].reason, HasSubstr("`switchyard unfreeze main` lifts it"));
}

TEST(Core, ASelectorThatMeansNothingIsWarnedOf) {
  Picture picture(kOne);
  picture.has_all();
  picture.options.target = {{.resource = server("aa"), .label = {}, .value = {}}};
  picture.options.exclude = {{.resource = std::nullopt, .label = "tier", .value = "gold"}};
  picture.options.allow_disruption = {server("b")};
  EXPECT_THAT(picture.plan().warnings, ElementsAre("--allow-disruption Server/b: no server is meant by it; mistyped?",
                                                   "--exclude tier=gold: no server is meant by it; mistyped?",
                                                   "--target Server/aa: no server is meant by it; mistyped?"));
  picture.options.exclude.clear();
  picture.options.allow_disruption.clear();
  picture.options.target = {{.resource = Key{Kind::kAccount, "main"}, .label = {}, .value = {}}};
  EXPECT_THAT(picture.plan().warnings, IsEmpty());
}

// The brake that is pulled in an emergency must hold all that stands behind the name.
TEST(Core, WhatBelongsToASuspendedZoneClusterSetOrAccountIsHeld) {
  const std::string ground =
      "Account main {provider: sim}\nZone london {account: main, region: lon1}\nZone paris {account: main, region: "
      "fra1}\nCluster core {}\n";
  const std::string servers =
      "ServerSet lon {replicas: 1, zones: [london], template: {spec: {type: switch, cluster: core, size: "
      "s-1vcpu-2gb}}}\nServer far {zone: paris, size: s-1vcpu-2gb}\n";
  for (const Key& named : {Key{Kind::kZone, "london"}, Key{Kind::kCluster, "core"}, Key{Kind::kServerSet, "lon"}}) {
    Picture picture(ground + servers);
    picture.say(Override::What::kSuspended, named);
    const Plan plan = picture.plan();
    EXPECT_THAT(changes_of(plan), ElementsAre("create Server/far"));
    ASSERT_THAT(holds_of(plan.holds), ElementsAre("create Server/lon-1: override"));
    EXPECT_THAT(plan.holds[0].reason, HasSubstr(to_string(named) + " was suspended by ben@desk"));
    EXPECT_THAT(plan.holds[0].reason, HasSubstr("`switchyard resume " + to_string(named) + "` lifts it"));
  }
  Picture picture(ground + servers);
  picture.has_all();
  picture.say(Override::What::kSuspended, {Kind::kCluster, "core"});
  picture.want(ground);
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("delete Server/far"));
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("delete Server/lon-1: override"))
      << "also once it is no longer declared";
}

TEST(Core, AReplacementIsHeldByTheAccountThatItWouldBeBoughtIn) {
  const std::string accounts =
      "Account main {provider: sim}\nAccount second {provider: sim}\nZone london {account: main, region: lon1}\n"
      "Zone paris {account: second, region: lon1}\n";
  const auto a_in = [&](std::string_view zone) {
    return accounts + "Server a {zone: " + std::string(zone) + ", size: s-1vcpu-2gb}\n";
  };
  Picture picture(a_in("london"));
  picture.has_all();
  picture.want(a_in("paris"));
  ASSERT_THAT(changes_of(picture.plan()), ElementsAre("replace Server/a"));
  picture.say(Override::What::kFrozen, {Kind::kAccount, "second"});
  EXPECT_THAT(changes_of(picture.plan()), IsEmpty());
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("replace Server/a: override"));
  picture.overrides.clear();
  picture.account("second").trouble = Error{ErrorCode::kNotSent, "nobody listens"};
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("replace Server/a: observation"));
}

TEST(Core, AnAccountThatWasNeverObservedPlansNoCreate) {
  Picture picture(kOne);
  picture.account().listed.reset();
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("create Server/a: observation"));
  picture.observed.clear();
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("create Server/a: observation"));
}

TEST(Core, AFailedLookHoldsWhatItWouldHaveDone) {
  Picture picture(kCluster);
  picture.has(server("a"));
  picture.applied("a", "spec.cps", 7);
  picture.account().trouble = Error{ErrorCode::kConflict, "the listing stopped half-way"};
  const Plan plan = picture.plan();
  EXPECT_THAT(plan.changes, IsEmpty());
  EXPECT_THAT(holds_of(plan.holds), ElementsAre("update Server/a: observation", "create Server/b: observation"));
  EXPECT_THAT(plan.holds[0].reason, HasSubstr("the listing stopped half-way"));
}

TEST(Core, AMissingServerIsNotMadeAnewAndAGoneOneIs) {
  Picture picture(kOne);
  picture.has_all();
  picture["a"].missing_since = picture.now - std::chrono::minutes(10);
  picture["a"].missing_listings = 7;
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("create Server/a: observation"));
  picture["a"].confirmed_gone = true;
  const Plan plan = picture.plan();
  ASSERT_THAT(changes_of(plan), ElementsAre("create Server/a"));
  EXPECT_EQ(plan.changes[0].reason, "server \"srv-1\" is gone from its provider");
}

TEST(Core, APeerThatIsMissingIsStillSentTo) {
  Picture picture(std::string(kCluster) +
                  "Server front {zone: london, type: dispatcher, size: s-1vcpu-2gb, balancer: "
                  "{cluster: core}}");
  picture.has_all();
  picture["a"].missing_since = picture.now;
  picture["a"].missing_listings = 1;
  EXPECT_THAT(changes_of(picture.plan()), IsEmpty());
}

TEST(Core, AnUnknownRegionOrSizeOfTheCatalogueIsHeldAtTheProvider) {
  Picture picture(kOne);
  picture.account().catalogue->regions = {"ams1"};
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("create Server/a: provider"));
  picture.account().catalogue->regions.clear();
  picture.account().catalogue->sizes.erase(picture.account().catalogue->sizes.begin());
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("create Server/a: provider"));
}

TEST(Core, AServerWithoutAReportIsNotConfiguredBlindly) {
  Picture picture(kOne);
  picture.has_all();
  picture["a"].agent.reset();
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("update Server/a: observation"));
}

TEST(Core, AFailureWaitsOutItsBackOff) {
  Picture picture(kOne);
  picture.attempts.push_back(Attempts{.resource = server("a"),
                                      .action = Action::kCreate,
                                      .failures = 2,
                                      .last = picture.now,
                                      .next_try = picture.now + std::chrono::minutes(1),
                                      .message = "no capacity"});
  const Plan plan = picture.plan();
  ASSERT_THAT(holds_of(plan.holds), ElementsAre("create Server/a: provider"));
  EXPECT_THAT(plan.holds[0].reason, HasSubstr("failed 2 times in a row, last: no capacity"));
  EXPECT_EQ(plan.holds[0].until, picture.now + std::chrono::minutes(1));
  EXPECT_EQ(plan.valid_until, plan.holds[0].until);
  picture.now += std::chrono::minutes(1);
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("create Server/a"));
}

TEST(Core, AnOpenCreateIsLookedForBeforeAnythingIsSentAgain) {
  Picture picture(kOne);
  picture.open_intents.push_back(OpenIntent{Intent{.id = 1,
                                                   .resource = server("a"),
                                                   .account = "main",
                                                   .action = Action::kCreate,
                                                   .origin = Intent::Origin::kPlanned,
                                                   .uid = "u-a",
                                                   .provider_id = {},
                                                   .written = picture.now,
                                                   .provider_now = {},
                                                   .source_path = {},
                                                   .request = {},
                                                   .proof_before = {},
                                                   .actor = {},
                                                   .reason = {}},
                                            std::nullopt});
  const Plan held = picture.plan();
  EXPECT_THAT(holds_of(held.holds), ElementsAre("create Server/a: observation"));
  EXPECT_EQ(held.balances[0].servers, 1) << "what is on its way counts in the money rule";
  picture.has(server("a"));
  EXPECT_TRUE(picture.plan().empty()) << "it turned up under the uid of the intent";
}

TEST(Core, ALateDeliveryIsWarnedOfAndAFailedOneIsCleanedUp) {
  Picture picture(kOne);
  picture.has_all();
  ObservedServer& machine = picture["a"];
  machine.delivered.reset();
  machine.agent.reset();
  machine.phase = Phase::kProvisioning;
  machine.created = picture.now - std::chrono::minutes(4);
  EXPECT_THAT(picture.plan().under_way, ElementsAre(server("a")));
  EXPECT_THAT(picture.plan().warnings, IsEmpty());
  machine.created = picture.now - std::chrono::minutes(6);
  EXPECT_THAT(picture.plan().warnings, ElementsAre(HasSubstr("Server/a is late: ordered 6m")));
  machine.created = picture.now - std::chrono::minutes(16);
  const Plan plan = picture.plan();
  EXPECT_THAT(changes_of(plan), ElementsAre("delete Server/a"));
  EXPECT_EQ(plan.safety.destroys, 0) << "what never served is no destruction";
}

TEST(Core, ATestPeriodThatEndsIsWarnedOf) {
  Picture picture(kOne);
  picture.has_all();
  picture["a"].expires = picture.now + std::chrono::hours(30);
  EXPECT_THAT(picture.plan().warnings, ElementsAre(HasSubstr("Server/a expires in 1d 6h")));
  picture["a"].expires = picture.now + std::chrono::hours(24 * 30);
  EXPECT_THAT(picture.plan().warnings, IsEmpty());
}

TEST(Core, ASecretThatCannotBeComparedIsNoChange) {
  Picture picture(kOne);
  picture.has_all();
  picture["a"].agent->fingerprints = {{"carriers.acme.registration.password", "0123456789abcdef"}};
  EXPECT_TRUE(picture.plan().empty());
  picture.fingerprints[{server("a"), "carriers.acme.registration.password"}] = "fedcba9876543210";
  const Plan plan = picture.plan();
  ASSERT_EQ(plan.changes.size(), 1U);
  EXPECT_THAT(fields_of(plan.changes[0]), ElementsAre(HasSubstr("fingerprint 0123456789ab")));
}

}  // namespace
}  // namespace switchyard::testing
