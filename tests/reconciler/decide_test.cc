// Borders of what a resource needs, looked at alone: times, outcomes that are not known, what comes after what.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reconciler/picture.h"

namespace switchyard::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string one(std::string_view spec = "", std::string_view name = "a", std::string_view metadata = "") {
  return "Account main {provider: sim}\nZone london {account: main, region: lon1}\nServer " + std::string(name) +
         " {zone: london, size: s-1vcpu-2gb" + std::string(spec) + "}" + std::string(metadata) + "\n";
}

Picture there(std::string_view spec = "") {
  Picture picture(one(spec));
  picture.has_all();
  return picture;
}

OpenIntent sent(Action action, const Timestamp at, std::string uid) {
  Intent intent{};
  intent.action = action;
  intent.resource = server("a");
  intent.account = "main";
  intent.uid = std::move(uid);
  intent.written = at;
  return OpenIntent{.intent = intent, .outcome = std::nullopt};
}

TEST(Decide, ADeliveryIsLateAtItsTimeAndHasFailedAtThatOfFailure) {
  Picture picture = there();
  picture["a"].phase = Phase::kProvisioning;
  picture["a"].delivered.reset();
  const auto ordered = [&](Duration ago) {
    picture["a"].created = picture.now - ago;
    return picture.plan();
  };
  EXPECT_THAT(ordered(minutes(5) - milliseconds(1)).warnings, IsEmpty());
  EXPECT_THAT(ordered(minutes(5)).warnings, ElementsAre(HasSubstr("Server/a is late: ordered 5m ago")));
  const Plan waits = ordered(minutes(15) - milliseconds(1));
  EXPECT_THAT(waits.changes, IsEmpty());
  EXPECT_THAT(waits.under_way, ElementsAre(server("a")));
  EXPECT_EQ(waits.summary.unchanged, 0);
  const Plan failed = ordered(minutes(15));
  ASSERT_THAT(changes_of(failed), ElementsAre("delete Server/a"));
  EXPECT_EQ(failed.changes[0].reason, "was not delivered within 15m; a new one is made after");
  EXPECT_EQ(failed.safety.destroys, 0) << "it never served anybody";
  picture["a"].phase = Phase::kFailed;
  EXPECT_THAT(changes_of(ordered(minutes(1))), ElementsAre("delete Server/a"));
}

TEST(Decide, WhatIsAskedOfAServerAndNotKnownYetIsWaitedForWhereItCanBeSeen) {
  Picture picture = there();
  picture.applied("a", "spec.cps", 7);
  picture.open_intents = {sent(Action::kUpdate, picture.now - minutes(1), "u-a")};
  Plan plan = picture.plan();
  EXPECT_TRUE(plan.empty());
  EXPECT_THAT(plan.under_way, ElementsAre(server("a")));
  EXPECT_EQ(plan.summary.unchanged, 0);
  picture.account().trouble = Error{ErrorCode::kConflict, "no answer"};
  plan = picture.plan();
  ASSERT_THAT(holds_of(plan.holds), ElementsAre("update Server/a: observation"));
  EXPECT_THAT(plan.holds[0].reason, HasSubstr("cannot be seen now"));
  picture.account().trouble.reset();
  picture.account().listed.reset();
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("update Server/a: observation"));
}

TEST(Decide, AnOpenCreateIsOverOnceItsMachineIsSeen) {
  Picture picture = there();
  picture.open_intents = {sent(Action::kCreate, picture.now - minutes(1), "u-a")};
  EXPECT_TRUE(picture.plan().empty());
  picture.open_intents = {sent(Action::kCreate, picture.now - minutes(1), "u-another")};
  const Plan plan = picture.plan();
  ASSERT_THAT(holds_of(plan.holds), ElementsAre("create Server/a: observation"));
  EXPECT_THAT(plan.holds[0].reason, HasSubstr("it is looked for before anything is sent again"));
}

TEST(Decide, OneThatStaysStoppedIsOnlyMarkedAnew) {
  Picture picture = there(", power: stopped");
  picture.want(one(", power: stopped, cps: 60", "b", " | formerly: [a]"));
  const Plan plan = picture.plan();
  ASSERT_THAT(changes_of(plan), ElementsAre("update Server/b"));
  EXPECT_EQ(plan.changes[0].effect, Effect::kLive);
  ASSERT_EQ(plan.changes[0].fields.size(), 1U);
  EXPECT_EQ(plan.changes[0].fields[0].path, "metadata.name");
  picture["a"].phase = Phase::kExpired;
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("update Server/b"));
}

TEST(Decide, WhatAReplacementLeftGoesOnceItsSuccessorServes) {
  Picture picture = there(", protect: true");
  picture.has(server("a"));
  picture.account().servers[1].region = "fra1";
  picture.account().servers[1].mark->uid = "u-old";
  picture.account().servers[0].agent->drained = true;
  picture.say(Override::What::kDrained, server("a"));
  EXPECT_THAT(changes_of(picture.plan()), IsEmpty()) << "nobody would take its calls";
  picture.account().servers[0].agent->drained = false;
  const Plan plan = picture.plan();
  // Protection is of the server, and the server stays.
  ASSERT_THAT(changes_of(plan), ElementsAre("delete Server/a"));
  EXPECT_EQ(plan.changes[0].provider_id, "srv-2");
  EXPECT_EQ(plan.changes[0].uid, "u-old");
  EXPECT_EQ(plan.safety.destroys, 1);
}

TEST(Decide, ASuccessorThatNoListingShowsHoldsTheReplacement) {
  Picture picture = there();
  picture.has(server("a"));
  picture.account().servers[0].region = "fra1";
  picture.account().servers[1].missing_since = picture.now;
  picture.account().servers[1].mark->uid = "u-new";
  const Plan plan = picture.plan();
  ASSERT_THAT(holds_of(plan.holds), ElementsAre("replace Server/a: observation"));
  EXPECT_THAT(plan.holds[0].reason, HasSubstr("server \"srv-2\" was ordered in its place"));
}

TEST(Decide, AnUpgradeComesAfterTheUpdateAndAnUndrainAfterBoth) {
  Picture picture = there(", options: {autoUpgrade: true}");
  picture.applied("a", "spec.cps", 7);
  picture["a"].agent->pending_release = "2.1";
  picture["a"].agent->drained = true;
  // An upgrade undrains by itself.
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("update Server/a", "upgrade Server/a <- update Server/a"));
  picture["a"].agent->pending_release.clear();
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("update Server/a", "undrain Server/a <- update Server/a"));
}

TEST(Decide, AChangeThatRestartsUndrainsByItself) {
  Picture picture = there(", options: {tlsInternals: true}");
  picture.applied("a", "spec.options.tlsInternals", false);
  picture["a"].agent->drained = true;
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("update Server/a"));
}

TEST(Decide, SeveralFieldsAreCounted) {
  Picture picture = there();
  picture.applied("a", "spec.cps", 7);
  EXPECT_EQ(picture.plan().changes[0].reason, "spec.cps differs");
  picture.applied("a", "spec.channels", 7);
  EXPECT_EQ(picture.plan().changes[0].reason, "2 fields differ");
}

TEST(Decide, AHoldThatEndsByItselfSaysWhen) {
  Picture picture = there();
  picture.applied("a", "spec.cps", 7);
  picture.say(Override::What::kSuspended, server("a"));
  picture.overrides[0].until = picture.now + hours(2);
  Plan plan = picture.plan();
  ASSERT_EQ(plan.holds.size(), 1U);
  EXPECT_EQ(plan.holds[0].until, picture.now + hours(2));
  EXPECT_THAT(plan.holds[0].reason, HasSubstr(", until 2026-03-01T02:00:00Z: "));
  picture.overrides.clear();
  picture.say(Override::What::kFrozen, {Kind::kAccount, "main"});
  picture.overrides[0].until = picture.now + hours(3);
  plan = picture.plan();
  ASSERT_EQ(plan.holds.size(), 1U);
  EXPECT_EQ(plan.holds[0].until, picture.now + hours(3));
}

TEST(Decide, AllThatIsDeclaredGoesWithItsDoubles) {
  Picture picture = there();
  picture.has(server("a"));
  picture.account().servers[1].mark->uid = "u-twin";
  EXPECT_TRUE(picture.plan().changes.empty());
  picture.options.destroy_all = true;
  const Plan plan = picture.plan();
  ASSERT_THAT(changes_of(plan), ElementsAre("delete Server/a", "delete Server/a"));
  EXPECT_EQ(plan.changes[0].reason, "everything declared here is to go");
}

}  // namespace
}  // namespace switchyard::testing
