// Listings that show a machine as it was before our last change: within the settling time they undo nothing that we
// know (law 7), and what others did meanwhile is seen all the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reconciler/fleet_fixture.h"
#include "tests/reconciler/picture.h"

namespace switchyard::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kGround = "Account main {provider: sim}\nZone london {account: main, region: lon1}\n";

std::string server_of_name(std::string_view name, std::string_view more = "") {
  return std::string(kGround) + "Server " + std::string(name) + " {zone: london, size: s-1vcpu-2gb" +
         std::string(more) + "}";
}

// A fleet that has settled, whose provider remembers from here on what listings showed.
Fleet settled(const std::string& lines) {
  Fleet fleet(lines + "\n");
  EXPECT_EQ(fleet.apply().exit_code(), 0);
  fleet.fault(FaultKind::kLagList, std::nullopt, 1);
  fleet.advance(minutes(5));
  EXPECT_TRUE(fleet.plan().empty());
  return fleet;
}

// From here on every listing lags, each as much as it likes.
void lag(Fleet& fleet) {
  fleet.fault(FaultKind::kLagList, std::nullopt);
}

int lagged(const Plan& plan) {
  return static_cast<int>(plan.changes.size() + plan.holds.size());
}

TEST(Lag, ARenameIsNotShownAgain) {
  Fleet fleet = settled(server_of_name("a"));
  fleet.want(server_of_name("b") + " | formerly: [a]\n");
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  lag(fleet);
  for (int look = 0; look < 20; ++look) EXPECT_EQ(lagged(fleet.plan()), 0) << "look " << look;
  EXPECT_EQ(fleet.apply().changes_done, 0);
}

// The name that listings still show is known no more: taken at their word, "a" would be ended and "b" be bought.
TEST(Lag, ARenameWhoseFormerNameIsForgottenEndsAndBuysNothing) {
  Fleet fleet = settled(server_of_name("a"));
  const std::string id = fleet.server_of("a").string_or("id", "");
  fleet.want(server_of_name("b") + " | formerly: [a]\n");
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  lag(fleet);
  fleet.want(server_of_name("b") + "\n");
  for (int look = 0; look < 20; ++look) {
    const Plan plan = fleet.plan();
    EXPECT_THAT(changes_of(plan), IsEmpty()) << "look " << look;
    EXPECT_THAT(holds_of(plan.holds), IsEmpty()) << "look " << look;
  }
  EXPECT_EQ(fleet.apply().changes_done, 0);
  EXPECT_EQ(fleet.server_of("b").string_or("id", ""), id);
}

TEST(Lag, AnImportedServerIsNotBoughtASecondTime) {
  Fleet fleet = settled(server_of_name("a"));
  fleet.set("a", "mark", "none");
  fleet.advance(minutes(5));
  fleet.lose_state();
  ASSERT_THAT(changes_of(fleet.plan()), ElementsAre("create Server/a"));
  lag(fleet);
  ASSERT_TRUE(fleet.import_server(server("a"), fleet.server_of("a").string_or("id", "")).ok());
  for (int look = 0; look < 20; ++look) EXPECT_THAT(changes_of(fleet.plan()), IsEmpty()) << "look " << look;
  EXPECT_EQ(fleet.apply().changes_done, 0);
  EXPECT_EQ(fleet.number("created"), 1);
}

TEST(Lag, WhatIsDoneIsNotDoneAgain) {
  Fleet fleet = settled(server_of_name("a", ", channels: 500"));
  for (const char* more :
       {", channels: 600", ", channels: 600, options: {restrictDirect: true}", ", channels: 600, power: stopped",
        ", channels: 600", ", channels: 700, options: {ports: {udp: [5070]}}"}) {
    SCOPED_TRACE(more);
    fleet.want(server_of_name("a", more) + "\n");
    const ApplyReport report = fleet.apply();
    ASSERT_EQ(report.exit_code(), 0);
    ASSERT_GE(report.changes_done, 1);
    lag(fleet);
    const std::int64_t before = fleet.witness.mutations;
    for (int look = 0; look < 20; ++look) EXPECT_EQ(lagged(fleet.plan()), 0) << "look " << look;
    EXPECT_EQ(fleet.apply().changes_done, 0);
    EXPECT_EQ(fleet.witness.mutations, before);
    fleet.fault(FaultKind::kLagList, std::nullopt, 1);
    fleet.advance(minutes(5));
  }
}

// Each death loses what was not written: the answer to the mark, its outcome, the row of the machine.
TEST(Lag, KilledAnywhereInARenameTheMachineIsNeitherEndedNorBoughtAgain) {
  const auto lock = test_lock();
  int deaths = 0;
  for (int lives = 0; lives < 40; ++lives) {
    Fleet fleet(server_of_name("a") + "\n", {.seed = 3, .lock = lock.get()});
    ASSERT_EQ(fleet.apply().exit_code(), 0);
    fleet.fault(FaultKind::kLagList, std::nullopt, 1);
    fleet.advance(minutes(5));
    const std::string id = fleet.server_of("a").string_or("id", "");
    fleet.want(server_of_name("b") + " | formerly: [a]\n");
    fleet.witness.lives = lives;
    try {
      (void)fleet.apply();
    } catch (const Killed&) {
      ++deaths;
    }
    fleet.witness.lives = -1;
    lag(fleet);
    ASSERT_EQ(fleet.apply().exit_code(), 0) << lives;
    EXPECT_EQ(lagged(fleet.plan()), 0) << lives;
    EXPECT_EQ(fleet.server_of("b").string_or("id", ""), id) << lives;
    EXPECT_EQ(fleet.number("created"), 1) << lives;
  }
  EXPECT_GT(deaths, 5);
}

TEST(Lag, KilledAnywhereInAnImportTheMachineIsNotBoughtASecondTime) {
  const auto lock = test_lock();
  int deaths = 0;
  for (int lives = 0; lives < 30; ++lives) {
    Fleet fleet(server_of_name("a") + "\n", {.seed = 3, .lock = lock.get()});
    ASSERT_EQ(fleet.apply().exit_code(), 0);
    fleet.set("a", "mark", "none");
    fleet.advance(minutes(5));
    fleet.lose_state();
    lag(fleet);
    ASSERT_THAT(changes_of(fleet.plan()), ElementsAre("create Server/a")) << lives;
    const std::string id = fleet.server_of("a").string_or("id", "");
    fleet.witness.lives = lives;
    try {
      (void)fleet.import_server(server("a"), id).ok();
    } catch (const Killed&) {
      ++deaths;
    }
    fleet.witness.lives = -1;
    // Whoever died before it was known to be done imports it again.
    if (fleet.server_of("a").string_or("fleet", "").empty()) {
      ASSERT_TRUE(fleet.import_server(server("a"), id).ok()) << lives;
    }
    EXPECT_EQ(fleet.apply().exit_code(), 0) << lives;
    EXPECT_EQ(fleet.number("created"), 1) << lives;
  }
  EXPECT_GT(deaths, 2);
}

TEST(Lag, WhatSomebodyUndoesWithinTheSettlingTimeIsSeenAtOnce) {
  Fleet fleet = settled(server_of_name("a", ", channels: 500"));
  fleet.want(server_of_name("a", ", channels: 600") + "\n");
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.power("a", Power::kStopped);
  EXPECT_THAT(changes_of(fleet.plan()), ElementsAre("start Server/a"));
}

// One call for the one machine that stands otherwise than it was left, and none for those that stand as they should.
TEST(Lag, OnlyWhatStandsOtherwiseThanItWasLeftIsAskedFor) {
  Fleet fleet = settled(server_of_name("a", ", channels: 500") + "\nServer b {zone: london, size: s-1vcpu-2gb}");
  fleet.want(server_of_name("a", ", channels: 600") + "\nServer b {zone: london, size: s-1vcpu-2gb, channels: 7}\n");
  int asked = 0;
  fleet.witness.reaches = [&](const Call& call, Timestamp) {
    if (std::holds_alternative<GetCall>(call.what)) ++asked;
    return true;
  };
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  EXPECT_TRUE(fleet.plan().empty());
  EXPECT_EQ(asked, 0);
  fleet.power("a", Power::kStopped);
  EXPECT_THAT(changes_of(fleet.plan()), ElementsAre("start Server/a"));
  EXPECT_EQ(asked, 1);
  // Long after the change a listing is believed.
  fleet.advance(minutes(5));
  EXPECT_THAT(changes_of(fleet.plan()), ElementsAre("start Server/a"));
  EXPECT_EQ(asked, 1);
}

// Where it cannot be told, nothing is concluded (law 4).
TEST(Lag, AMachineThatCannotBeAskedForLeavesTheAccountUnknown) {
  Fleet fleet = settled(server_of_name("a"));
  fleet.want(server_of_name("b") + " | formerly: [a]\n");
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.power("b", Power::kStopped);
  fleet.witness.reaches = [](const Call& call, Timestamp) { return !std::holds_alternative<GetCall>(call.what); };
  const Plan plan = fleet.plan();
  EXPECT_THAT(changes_of(plan), IsEmpty());
  EXPECT_THAT(holds_of(plan.holds), IsEmpty());
}

}  // namespace
}  // namespace switchyard::testing
