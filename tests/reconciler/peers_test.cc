// Which servers are told of which others: the cluster's bus, failover, the dispatchers that may send calls.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/core/peer_wishes.h"
#include "tests/reconciler/fleet_fixture.h"
#include "tests/reconciler/picture.h"

namespace switchyard::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string cluster(std::string_view spec, std::string_view of_a = "", std::string_view more = "") {
  std::string lines = "Account main {provider: sim}\nZone london {account: main, region: lon1}\nCluster core {";
  lines += spec;
  lines += "}\nServer a {zone: london, size: s-1vcpu-2gb, cluster: core";
  lines += of_a;
  lines += "}\n";
  for (const char* name : {"b", "c"}) {
    lines += std::string("Server ") + name + " {zone: london, size: s-1vcpu-2gb, cluster: core}\n";
  }
  return lines + std::string(more);
}

constexpr const char* kNothingShared = "share: {dialogs: false, throughput: false, locations: false}";
constexpr const char* kFront =
    "Server front {zone: london, size: s-1vcpu-2gb, type: dispatcher, balancer: {cluster: core}}\n";

// "member a", for each that `name` is to know.
std::vector<std::string> wishes(const Picture& picture, std::string_view name) {
  std::vector<std::string> words;
  const PeerWishes all(picture.desired());
  for (const PeerWishes::Wish& wish : all.of(*picture.desired().server(server(name)))) {
    words.push_back(std::string(to_string(wish.purpose)) + " " + wish.server->key.name);
  }
  return words;
}

TEST(Peers, EachMemberOfABusKnowsAllOthers) {
  const Picture picture(cluster(""));
  EXPECT_THAT(wishes(picture, "a"), ElementsAre("member b", "member c"));
  EXPECT_THAT(wishes(picture, "b"), ElementsAre("member a", "member c"));
  EXPECT_THAT(wishes(picture, "c"), ElementsAre("member a", "member b"));
}

TEST(Peers, AClusterThatSharesNothingHasNoBus) {
  const Picture picture(cluster(kNothingShared));
  EXPECT_THAT(wishes(picture, "b"), IsEmpty());
}

TEST(Peers, AFullSwitchKnowsTheOneThatItNames) {
  const Picture picture(cluster(kNothingShared, ", options: {capacityFailover: c}"));
  EXPECT_THAT(wishes(picture, "a"), ElementsAre("failover c"));
}

TEST(Peers, ARestrictedSwitchKnowsTheDispatchersOfItsCluster) {
  const Picture picture(cluster(kNothingShared, ", options: {restrictDirect: true}", kFront));
  EXPECT_THAT(wishes(picture, "a"), ElementsAre("dispatcher front"));
  EXPECT_THAT(wishes(picture, "b"), IsEmpty());
  EXPECT_THAT(wishes(picture, "front"), ElementsAre("destination a", "destination b", "destination c"));
}

TEST(Peers, TheOthersAreMadeKnowingTheFirst) {
  const Plan plan = Picture(cluster("")).plan();
  EXPECT_THAT(changes_of(plan),
              ElementsAre("create Server/a", "create Server/b ~ create Server/a", "create Server/c ~ create Server/a"));
}

TEST(Peers, ANewFirstMemberIsToldToTheOthersLive) {
  Picture picture(cluster(""));
  picture.has_all();
  picture["a"].ipv4 = "10.9.9.9";
  const Plan plan = picture.plan();
  ASSERT_THAT(changes_of(plan), ElementsAre("update Server/b", "update Server/c"));
  EXPECT_EQ(plan.changes[0].reason, "members differ");
  EXPECT_THAT(fields_of(plan.changes[0]), ElementsAre(HasSubstr("a 10.9.9.9")));
  EXPECT_EQ(plan.changes[0].effect, Effect::kLive);
}

TEST(Peers, AMemberThatComesOrGoesIsToldToAllOthersInTheSameApply) {
  Fleet fleet(cluster(""));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  EXPECT_THAT(acquaintances(fleet, "a"), ElementsAre("b", "c"));
  EXPECT_THAT(acquaintances(fleet, "c"), ElementsAre("a", "b"));
  fleet.want(cluster("", "", "Server d {zone: london, size: s-1vcpu-2gb, cluster: core}\n"));
  EXPECT_EQ(fleet.apply().exit_code(), 0);
  for (const char* old : {"a", "b", "c"}) EXPECT_THAT(acquaintances(fleet, old), Contains("d"));
  EXPECT_THAT(acquaintances(fleet, "d"), ElementsAre("a", "b", "c"));
  EXPECT_TRUE(fleet.plan().empty());
  fleet.want(cluster(""));
  EXPECT_EQ(fleet.apply().exit_code(), 0);
  EXPECT_THAT(acquaintances(fleet, "b"), ElementsAre("a", "c"));
  EXPECT_TRUE(fleet.plan().empty());
}

TEST(Peers, AMemberThatCameWithAPlanFileIsToldToAllOthersAsWell) {
  Fleet fleet(cluster(""));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.want(cluster("", "", "Server d {zone: london, size: s-1vcpu-2gb, cluster: core}\n"));
  const Plan approved = fleet.plan();
  ASSERT_THAT(changes_of(approved), ElementsAre("create Server/d"));
  EXPECT_EQ(fleet.apply_file(approved).exit_code(), 0);
  EXPECT_THAT(acquaintances(fleet, "a"), ElementsAre("b", "c", "d"));
  EXPECT_TRUE(fleet.plan().empty());
}

// Its calls count until then.
TEST(Peers, AMemberThatLeavesIsHeardUntilItIsGone) {
  const std::string d = "Server d {zone: london, size: s-1vcpu-2gb, cluster: core}\n";
  Picture picture(cluster("", "", d));
  picture.has_all();
  picture.declarations.at(3).protect = true;
  picture.want(cluster(""));
  EXPECT_THAT(picture.plan().changes, IsEmpty());
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("delete Server/d: protection"));
  std::erase_if(picture.observed.at(0).servers, [](const ObservedServer& machine) { return machine.name == "d"; });
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("update Server/a", "update Server/b", "update Server/c"));
}

// It would take the new one for a stranger, and drop its words.
TEST(Peers, AMemberWhoseReplacementIsHeldHearsANewOneAllTheSame) {
  const auto fleet_of = [](std::string_view b, std::string_view more) {
    return "Account main {provider: sim}\nZone london {account: main, region: lon1}\n"
           "Zone frankfurt {account: main, region: fra1}\nCluster core {}\n"
           "Server a {zone: london, size: s-1vcpu-2gb, cluster: core}\n"
           "Server b {size: s-1vcpu-2gb, cluster: core, " +
           std::string(b) + "}\n" + std::string(more);
  };
  Fleet fleet(fleet_of("zone: london", ""));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.want(fleet_of("zone: frankfurt, protect: true", "Server c {zone: london, size: s-1vcpu-2gb, cluster: core}\n"));
  EXPECT_THAT(holds_of(fleet.apply().holds), ElementsAre("replace Server/b: protection"));
  EXPECT_THAT(acquaintances(fleet, "b"), ElementsAre("a", "c"));
  EXPECT_THAT(fleet.plan().changes, IsEmpty());
}

TEST(Peers, ADispatcherThatGoesWaitsForNoSwitchThatOnlyListensToIt) {
  Picture picture(cluster(kNothingShared, ", options: {restrictDirect: true}", kFront));
  picture.has_all();
  picture.want(cluster(kNothingShared, ", options: {restrictDirect: true}"));
  const Plan plan = picture.plan();
  EXPECT_THAT(plan.holds, IsEmpty());
  EXPECT_THAT(changes_of(plan), ElementsAre("update Server/a", "delete Server/front"));
}

TEST(Peers, LimitsOfAClusterTellItsMembersHowManyTheyAre) {
  Picture picture(cluster("limits: {cps: 30}"));
  picture.has_all();
  picture.want(cluster("limits: {cps: 30}", "", "Server d {zone: london, size: s-1vcpu-2gb, cluster: core}\n"));
  const Plan plan = picture.plan();
  const Change* told = find_change(plan, Action::kUpdate, server("b"));
  ASSERT_NE(told, nullptr);
  EXPECT_THAT(fields_of(*told), ElementsAre("cluster.members 3 -> 4 live"));
}

TEST(Peers, AFleetOfAllOfThemConvergesInOneApply) {
  Fleet fleet(cluster("limits: {cps: 30}", ", options: {capacityFailover: b, restrictDirect: true}", kFront));
  EXPECT_EQ(fleet.apply().exit_code(), 0);
  EXPECT_TRUE(fleet.plan().empty());
}

}  // namespace
}  // namespace switchyard::testing
