// Which machine is which resource: marks, doubles, renames, strangers. diff() alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reconciler/picture.h"

namespace switchyard::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

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

TEST(Identity, WhatTurnsUpUnderAUidThatWasGivenUpIsSweptAndOnlyThat) {
  Picture picture(kOne);
  picture.has_all();
  picture["a"].mark->uid = "u-new";
  picture.declarations[0].uid = "u-new";
  picture.has(server("a"));
  picture.given_up.push_back(GivenUp{"u-a", server("a"), "main", picture.now});
  const Plan plan = picture.plan();
  ASSERT_THAT(changes_of(plan), ElementsAre("delete Server/a"));
  EXPECT_EQ(plan.changes[0].uid, "u-a");
}

TEST(Identity, MarkedServersAreAdoptedUnmarkedOnesListedWithTheirCost) {
  Picture picture(kOne);
  picture.has(server("a"));
  picture.has(server("a"));
  ObservedServer& stranger = picture.account().servers[1];
  stranger.mark.reset();
  stranger.name = "z";
  const Plan plan = picture.plan();
  EXPECT_TRUE(plan.empty());
  EXPECT_THAT(plan.adopted, ElementsAre(server("a")));
  ASSERT_EQ(plan.unmanaged.size(), 1U);
  EXPECT_EQ(plan.unmanaged[0].why, "carries no mark");
  EXPECT_TRUE(plan.unmanaged[0].price.has_value());
}

TEST(Identity, AServerOfAnotherFleetIsNoneOfOurs) {
  Picture picture(kOne);
  picture.has_all();
  picture["a"].mark->fleet = "other";
  picture["a"].mark->uid = "u-theirs";
  const Plan plan = picture.plan();
  EXPECT_THAT(changes_of(plan), ElementsAre("create Server/a"));
  EXPECT_EQ(plan.unmanaged[0].why, "is marked for fleet \"other\"");
}

// Server/a stands, and this state knows that it was made for it.
Picture made_here() {
  Picture picture(kOne);
  picture.has_all();
  picture.declarations[0].uid = picture["a"].mark->uid;
  return picture;
}

std::string under_another_name(const std::string& server) {
  return "Account main {provider: sim, fleet: other}\nZone london {account: main, region: lon1}\n" + server + "\n";
}

TEST(Identity, AFleetThatIsGivenAnotherNameIsNotBoughtAnew) {
  Picture picture = made_here();
  picture.want(under_another_name("Server a {zone: london, size: s-1vcpu-2gb}"));
  const Plan plan = picture.plan();
  EXPECT_THAT(changes_of(plan), ElementsAre());
  ASSERT_THAT(holds_of(plan.holds), ElementsAre("create Server/a: protection"));
  EXPECT_THAT(plan.holds[0].reason, HasSubstr("\"srv-1\" was made for it and is marked for fleet \"main\""));
  EXPECT_THAT(plan.holds[0].reason, HasSubstr("`fleet: main` in Account/main takes it up again"));
}

TEST(Identity, AFleetThatIsGivenAnotherNameAndItsServersTooIsNotBoughtAnew) {
  Picture picture = made_here();
  picture.want(under_another_name("Server b {zone: london, size: s-1vcpu-2gb} | formerly: [a]"));
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("create Server/b: protection"));
}

TEST(Identity, WhatWasMadeForAFormerNameOfTheFleetAndIsGoneIsBoughtAnew) {
  Picture picture = made_here();
  picture["a"].mark->fleet = "former";
  picture["a"].confirmed_gone = true;
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("create Server/a"));
}

TEST(Identity, ASecondServerWithTheSameMarkIsReportedAndNotTouched) {
  Picture picture(kOne);
  picture.has_all();
  picture.has(server("a"));
  picture.account().servers[1].mark->uid = "u-double";
  const Plan plan = picture.plan();
  EXPECT_TRUE(plan.empty());
  ASSERT_EQ(plan.unmanaged.size(), 1U);
  EXPECT_THAT(plan.unmanaged[0].why, HasSubstr("carries the mark of Server/a, which is server \"srv-1\""));
}

TEST(Identity, ARenamedServerKeepsItsMachine) {
  Picture picture(kOne);
  picture.has_all();
  picture.want(R"(
Account main {provider: sim}
Zone london {account: main, region: lon1}
Server b {zone: london, size: s-1vcpu-2gb} | formerly: [a]
)");
  const Plan plan = picture.plan();
  ASSERT_THAT(changes_of(plan), ElementsAre("update Server/b"));
  EXPECT_THAT(fields_of(plan.changes[0]), Contains("metadata.name \"a\" -> \"b\" live"));
  EXPECT_FALSE(plan.changes[0].waits_for_zero_calls);
}

TEST(Identity, ARenamedZoneOrClusterDisturbsNobody) {
  Picture picture(kCluster);
  picture.has_all();
  picture["a"].agent->channels = 100;
  picture.want(R"(
Account main {provider: sim}
Zone lundon {account: main, region: lon1} | formerly: [london]
Cluster heart {} | formerly: [core]
Server a {zone: lundon, size: s-1vcpu-2gb, cluster: heart, channels: 500}
Server b {zone: lundon, size: s-1vcpu-2gb, cluster: heart, channels: 500}
)");
  const Plan plan = picture.plan();
  ASSERT_THAT(changes_of(plan), ElementsAre("update Server/a", "update Server/b"));
  EXPECT_EQ(plan.changes[0].effect, Effect::kLive);
}

TEST(Identity, ServersOfAnAccountThatIsGoneFromTheYamlAreHeld) {
  Picture picture(kOne);
  picture.declare(server("old"), "/fleet/all.yaml", "gone");
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("delete Server/old: dependency"));
}

}  // namespace
}  // namespace switchyard::testing
