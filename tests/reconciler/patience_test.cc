// How an apply ends when something wanted cannot be had now: it says so, and it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reconciler/fleet_fixture.h"

namespace switchyard::testing {
namespace {

using std::chrono::minutes;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::string a_and_b(std::string_view more = "") {
  return "Account main {provider: sim}\nZone london {account: main, region: lon1}\nCluster core {}\nServer a {zone: "
         "london, size: s-1vcpu-2gb, cluster: core" +
         std::string(more) + "}\nServer b {zone: london, size: s-1vcpu-2gb, cluster: core}\n";
}

// A fleet whose server "a" is left busy for ever by an apply that was killed just after it had sent `action`.
std::unique_ptr<Fleet> killed_after(Action action) {
  auto fleet = std::make_unique<Fleet>(a_and_b());
  EXPECT_EQ(fleet->apply().exit_code(), 0);
  if (action == Action::kStart) fleet->power("a", Power::kStopped);
  if (action == Action::kStop) fleet->want(a_and_b(", power: stopped"));
  if (action == Action::kResize)
    fleet->want(
        "Account main {provider: sim}\nZone london {account: main, region: lon1}\n"
        "Cluster core {}\nServer a {zone: london, size: s-2vcpu-4gb, cluster: "
        "core}\nServer b {zone: london, size: s-1vcpu-2gb, cluster: core}\n");
  fleet->fault(FaultKind::kNeverFinish);
  fleet->witness.before = [&fleet = *fleet, action](const Call& call) {
    const ProviderActionCall* act = std::get_if<ProviderActionCall>(&call.what);
    if (act != nullptr && act->action == action) fleet.witness.lives = 1;
  };
  EXPECT_THROW((void)fleet->apply(), Killed);
  fleet->witness.lives = -1;
  fleet->witness.before = nullptr;
  EXPECT_EQ(fleet->server_of("a").string_or("phase", ""), "updating");
  return fleet;
}

TEST(Patience, AStopOrResizeThatHangsAfterAKillEndsHeldAndSaysWhatLiftsIt) {
  for (const Action action : {Action::kStop, Action::kResize}) {
    const auto fleet = killed_after(action);
    for (int again = 0; again < 2; ++again) {
      const ApplyReport report = fleet->apply();
      ASSERT_EQ(report.exit_code(), 3) << to_string(action);
      ASSERT_THAT(holds_of(report.holds), ElementsAre(std::string(to_string(action)) + " Server/a: provider"));
      EXPECT_THAT(report.holds[0].reason, HasSubstr("was not done within 20m"));
      EXPECT_THAT(report.holds[0].reason, HasSubstr("`switchyard action power-cycle Server/a`"));
    }
    PlanOptions allowed;
    allowed.allow_disruption = {server("a")};
    EXPECT_EQ(fleet->act(Action::kPowerCycle, server("a"), allowed).exit_code(), 0);
    EXPECT_EQ(fleet->converge().exit_code(), 0) << to_string(action);
    EXPECT_TRUE(fleet->plan().empty());
  }
}

TEST(Patience, AStartThatHangsAfterAKillIsAskedForAgain) {
  const auto fleet = killed_after(Action::kStart);
  EXPECT_EQ(fleet->apply().exit_code(), 0);
  EXPECT_THAT(fleet->world(), ElementsAre("a active", "b active"));
}

TEST(Patience, WhatHangsAndIsInNoJournalEndsHeldToo) {
  const auto fleet = killed_after(Action::kStop);
  fleet->lose_state();
  fleet->want(a_and_b());
  const ApplyReport report = fleet->apply();
  EXPECT_EQ(report.exit_code(), 3);
  ASSERT_THAT(holds_of(report.holds), ElementsAre("update Server/a: provider"));
  EXPECT_THAT(report.holds[0].reason, HasSubstr("`switchyard action power-cycle Server/a`"));
}

TEST(Patience, AnActionOfUnknownOutcomeInAnAccountThatCannotBeSeenIsHeldAtOnce) {
  const auto fleet = killed_after(Action::kStop);
  fleet->fault(FaultKind::kPartialList, std::nullopt);
  const ApplyReport report = fleet->apply();
  EXPECT_EQ(report.exit_code(), 3);
  EXPECT_THAT(holds_of(report.holds), Contains("stop Server/a: observation"));
}

TEST(Patience, APlanFileThatIsDoneWhileAServerIsNotDeliveredDoesNotSayThatAllIsWell) {
  Fleet fleet(a_and_b());
  fleet.witness.before = [&](const Call& call) {
    if (std::holds_alternative<CreateCall>(call.what)) fleet.witness.lives = 4;
  };
  EXPECT_THROW((void)fleet.apply(), Killed);
  fleet.witness.lives = -1;
  fleet.witness.before = nullptr;
  const ApplyReport report = fleet.apply_file(fleet.plan());
  EXPECT_EQ(report.exit_code(), 3);
  EXPECT_THAT(holds_of(report.holds), Contains(HasSubstr("create Server/")));
}

TEST(Patience, ACreateThatIsRefusedAgainAndAgainIsHeldAndDoesNotGoOnForEver) {
  Fleet fleet(a_and_b());
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  // It turns out to be one whose uid was given up, and it cannot go for its calls: its place is not free.
  fleet.want(
      "Account main {provider: sim}\nZone london {account: main, region: lon1}\nServer a {zone: london, size: "
      "s-1vcpu-2gb}\n");
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  Batch batch;
  batch.given_up.push_back(GivenUp{.uid = fleet.server_of("a").string_or("uid", ""),
                                   .resource = server("a"),
                                   .account = "main",
                                   .at = Timestamp{} + std::chrono::years(56)});
  ASSERT_TRUE(fleet.store().commit(batch, Durability::kSoon).ok());
  fleet.calls("a", 4);
  const ApplyReport report = fleet.apply();
  EXPECT_EQ(report.exit_code(), 3);
  EXPECT_THAT(holds_of(report.holds),
              UnorderedElementsAre("delete Server/a: channels", "create Server/a: observation"));
  EXPECT_LT(fleet.progress.size(), 50U);
}

}  // namespace
}  // namespace switchyard::testing
