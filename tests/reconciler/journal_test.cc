// What the journal stands for when several machines, scopes and accounts meet: nothing is forgotten, nothing is kept
// that is gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reconciler/fleet_fixture.h"
#include "tests/reconciler/picture.h"

namespace switchyard::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kGround =
    "Account main {provider: sim}\nZone london {account: main, region: lon1}\n"
    "Zone frankfurt {account: main, region: fra1}\n";
constexpr const char* kB = "Server b {zone: london, size: s-1vcpu-2gb}\n";

std::string a_in(std::string_view zone) {
  return "Server a {zone: " + std::string(zone) + ", size: s-1vcpu-2gb}\n";
}

std::int64_t counted(const Plan& plan) {
  return plan.balances.at(0).servers;
}

TEST(Journal, AMachineThatWentByItselfAndIsNoLongerWantedCountsNoMore) {
  Fleet fleet(std::string(kGround) + a_in("london") + kB);
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.vanish("a");
  fleet.want(std::string(kGround) + kB);
  ASSERT_EQ(fleet.converge().exit_code(), 0);
  EXPECT_EQ(counted(fleet.plan()), 1) << "it would cost a deposit for ever";
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  EXPECT_EQ(fleet.store().declarations()->size(), 1U);
}

// Seen in the simulation (seed 174133): its declaration was dropped, because the account it was to move to had none.
TEST(Journal, AMachineWhoseMoveToAnotherAccountWasHeldGoesWithItsDocument) {
  const std::string ground =
      std::string(kGround) + "Account other {provider: sim}\nZone paris {account: other, region: fra1}\n" + kB;
  Fleet fleet(ground + a_in("london"));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.override_as(Override::What::kFrozen, Key{Kind::kAccount, "other"});
  fleet.want(ground + a_in("paris"));
  ASSERT_THAT(holds_of(fleet.apply().holds), ElementsAre("replace Server/a: override"));
  fleet.want(ground);
  fleet.calls("a", 5, std::chrono::minutes(30));
  ASSERT_THAT(holds_of(fleet.apply().holds), ElementsAre("delete Server/a: channels"));
  ASSERT_EQ(fleet.converge().exit_code(), 0);
  EXPECT_THAT(fleet.world(), ElementsAre("b active"));
  EXPECT_EQ(fleet.store().declarations()->size(), 1U);
}

// Seen in 200 kills: the row of the machine before hid that another had been ordered in its place.
TEST(Journal, ASuccessorOfAMachineThatIsGoneIsNotOrderedAgain) {
  Fleet fleet(std::string(kGround) + a_in("london") + kB);
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.vanish("a");
  // The answer to the create is written, and then the program is killed.
  fleet.witness.before = [&](const Call& call) {
    if (std::holds_alternative<CreateCall>(call.what)) fleet.witness.lives = 3;
  };
  EXPECT_THROW((void)fleet.converge(), Killed);
  fleet.witness.before = nullptr;
  fleet.witness.lives = -1;
  fleet.fault(FaultKind::kLagList, 5);
  EXPECT_EQ(fleet.converge().exit_code(), 0);
  EXPECT_EQ(fleet.number("created"), 3);
  EXPECT_THAT(fleet.world(), ElementsAre("a active", "b active"));
  EXPECT_TRUE(fleet.plan().empty());
}

TEST(Journal, WhatAReplacementLeftAndWentByItselfCountsNoMore) {
  Fleet fleet(std::string(kGround) + a_in("london") + kB);
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  const std::string old = fleet.server_of("a").string_or("id", "");
  fleet.want(std::string(kGround) + a_in("frankfurt") + kB);
  // It vanishes just before it would have been removed, and the program with it.
  fleet.witness.before = [&](const Call& call) {
    if (!std::holds_alternative<RemoveCall>(call.what)) return;
    fleet.ctl(CtlVanish{old}).value();
    fleet.witness.lives = 0;
  };
  EXPECT_THROW((void)fleet.apply(), Killed);
  fleet.witness.before = nullptr;
  fleet.witness.lives = -1;
  ASSERT_EQ(fleet.converge().exit_code(), 0);
  EXPECT_EQ(counted(fleet.plan()), 2);
}

TEST(Journal, KilledAnywhereAReplacementWhoseDocumentWentLeavesNoMachineWithoutAnOwner) {
  const auto lock = test_lock();
  for (int first = 0; first < 60; first += 3) {
    for (int second = 0; second < 24; ++second) {
      Fleet fleet(std::string(kGround) + a_in("london"), {.seed = 5, .lock = lock.get()});
      ASSERT_EQ(fleet.apply().exit_code(), 0);
      const auto apply_for = [&](int lives) {
        fleet.witness.lives = lives;
        try {
          (void)fleet.apply();
        } catch (const Killed&) {
        }
        fleet.witness.lives = -1;
      };
      fleet.want(std::string(kGround) + a_in("frankfurt"));
      apply_for(first);
      fleet.want(std::string(kGround) + kB);
      apply_for(second);
      ASSERT_EQ(fleet.converge().exit_code(), 0) << first << ", " << second;
      ASSERT_THAT(fleet.world(), ElementsAre("b active")) << first << ", " << second;
    }
  }
}

TEST(Journal, SweepingUpWhatTurnedUpLateForgetsNoServerOfAnotherFile) {
  const Files files{{"/fleet/a.yaml", a_in("london")}, {"/fleet/b.yaml", std::string(kGround) + kB}};
  const Files b_alone{files[1]};
  Fleet fleet(kGround);
  fleet.want_files(files, {"/fleet"});
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  const std::string uid = fleet.server_of("a").string_or("uid", "");
  // Killed between the halves of a replacement; and the uid of the first machine is one that was given up.
  fleet.want_files({{"/fleet/a.yaml", a_in("frankfurt")}, files[1]}, {"/fleet"});
  fleet.witness.before = [&](const Call& call) {
    if (std::holds_alternative<RemoveCall>(call.what)) fleet.witness.lives = 0;
  };
  ASSERT_THROW((void)fleet.apply(), Killed);
  fleet.witness.before = nullptr;
  fleet.witness.lives = -1;
  Batch batch;
  batch.given_up.push_back(
      GivenUp{.uid = uid, .resource = server("a"), .account = "main", .at = Timestamp{} + std::chrono::years(56)});
  ASSERT_TRUE(fleet.store().commit(batch, Durability::kSoon).ok());

  fleet.want_files(b_alone, {"/fleet/b.yaml"});
  ASSERT_EQ(fleet.converge().exit_code(), 0);
  ASSERT_THAT(fleet.world(), ElementsAre("a active", "b active")) << "one of two machines of a was swept";
  EXPECT_EQ(fleet.store().declarations()->size(), 2U);
  fleet.want_files(b_alone, {"/fleet"});
  ASSERT_EQ(fleet.converge().exit_code(), 0);
  EXPECT_THAT(fleet.world(), ElementsAre("b active"));
}

TEST(Journal, ACreateInAnAccountThatIsGoneFromTheYamlSaysWhoMustComeBack) {
  Picture picture(std::string(kGround) + a_in("london"));
  picture.open_intents.push_back(OpenIntent{.intent = Intent{.id = 1,
                                                             .resource = server("a"),
                                                             .account = "gone",
                                                             .action = Action::kCreate,
                                                             .origin = Intent::Origin::kPlanned,
                                                             .uid = "u1",
                                                             .provider_id = {},
                                                             .written = picture.now,
                                                             .provider_now = {},
                                                             .source_path = {},
                                                             .request = {},
                                                             .proof_before = {},
                                                             .actor = "ben",
                                                             .reason = {}},
                                            .outcome = {}});
  const Plan plan = picture.plan();
  EXPECT_THAT(plan.changes, IsEmpty());
  ASSERT_THAT(holds_of(plan.holds), ElementsAre("create Server/a: dependency"));
  EXPECT_THAT(plan.holds[0].reason, HasSubstr("restore the account"));
}

}  // namespace
}  // namespace switchyard::testing
