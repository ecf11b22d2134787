// Whole applies over generated fleets: edits, a world that moves by itself, faults, kills.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/reconciler/fleet_fixture.h"
#include "tests/reconciler/generated.h"
#include "tests/reconciler/story.h"

namespace switchyard::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Convergence : public Stories {};

TEST_F(Convergence, Law7AfterAnApplyWithoutHoldsTheNextPlanIsEmptyWhateverHappenedBefore) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    Generated generated(seed);
    Random random(seed * 31 + 5);
    Fleet fleet(generated.lines(), options(seed));
    fleet.balance("90000.00");
    std::string story = fmt::format("seed {}: ", seed);
    for (int round = 0; round < 4; ++round) {
      for (std::uint64_t i = random.below(3); round > 0 && i > 0; --i) {
        Generated edited = generated;
        edited.edit(random);
        if (fleet.try_want(edited.lines())) generated = edited;
      }
      for (std::uint64_t i = random.below(3); round > 0 && i > 0; --i) story += disturb(random, fleet) + ", ";
      if (random.below(2) == 0) {
        const auto kind = static_cast<FaultKind>(random.below(kFaultKinds));
        fleet.fault(kind, random.between(1, 3), 500'000);
        story += fmt::format("fault {}, ", to_string(kind));
      }
      const ApplyReport report = fleet.apply(generous());
      story += fmt::format("apply ({}), ", words(report));
      if (report.exit_code() == 0) {
        fleet.no_faults();
        const Plan next = fleet.plan(generous());
        ASSERT_TRUE(next.empty()) << story << words(next) << tail(fleet);
      }
    }
    fleet.no_faults();
    fleet.advance(hours(1));  // calls end
    ApplyReport last = fleet.converge(generous(), 12);
    for (const Hold& hold : std::vector<Hold>(last.holds)) {
      // What hangs at its provider waits for a person, who does what the hold says.
      if (hold.reason.find("switchyard action power-cycle") == std::string::npos) continue;
      PlanOptions allowed = generous();
      allowed.allow_disruption = {hold.resource};
      ASSERT_EQ(fleet.act(Action::kPowerCycle, hold.resource, allowed).exit_code(), 0) << story;
      last = fleet.converge(generous(), 12);
    }
    ASSERT_EQ(last.exit_code(), 0) << story << words(last) << tail(fleet);
    const Plan next = fleet.plan(generous());
    ASSERT_TRUE(next.empty()) << story << words(next) << tail(fleet);
    expect_the_wanted_and_no_other(fleet, story);
    ASSERT_EQ(fleet.number("refusedForMoney"), 0) << story;
    ASSERT_EQ(fleet.number("callsCut"), 0) << story << ": law 6";
    if (HasFailure()) FAIL() << story;
  }
}

TEST_F(Convergence, Law4WhileListingsStopHalfWayOrLagNothingIsMadeReplacedOrRemoved) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Generated generated(seed);
    Random random(seed + 3);
    Fleet fleet(generated.lines(), options(seed));
    fleet.balance("90000.00");
    ASSERT_EQ(fleet.converge().exit_code(), 0) << "seed " << seed;
    const auto no_such_call = [seed](const Call& call) {
      EXPECT_FALSE(std::holds_alternative<CreateCall>(call.what)) << "seed " << seed;
      EXPECT_FALSE(std::holds_alternative<RemoveCall>(call.what)) << "seed " << seed;
    };
    fleet.witness.before = no_such_call;
    fleet.fault(FaultKind::kLagList, std::nullopt);
    ASSERT_EQ(fleet.apply(generous()).changes_done, 0) << "seed " << seed;
    // Even what the YAML now asks for waits until the account can be seen.
    fleet.fault(FaultKind::kLagList, 0, 0);
    fleet.fault(FaultKind::kPartialList, std::nullopt);
    for (int i = 0; i < 4; ++i) {
      Generated edited = generated;
      edited.edit(random);
      if (fleet.try_want(edited.lines())) generated = edited;
    }
    ASSERT_EQ(fleet.apply(generous()).changes_done, 0) << "seed " << seed;
    fleet.witness.before = nullptr;
    fleet.no_faults();
    ASSERT_EQ(fleet.converge(generous(), 12).exit_code(), 0) << "seed " << seed;
  }
}

TEST_F(Convergence, Law5OverWholeAppliesTheProviderNeverRefusesForMoney) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    Generated generated(seed);
    Random random(seed + 99);
    Fleet fleet(generated.lines(), options(seed));
    for (int round = 0; round < 3; ++round) {
      for (const std::string& account : fleet.accounts()) {
        fleet.ctl(CtlBalance{to_string(Money{random.between(1000, 25000), Currency()})}, account).value();
      }
      for (int i = 0; i < 3; ++i) {
        Generated edited = generated;
        edited.edit(random);
        if (fleet.try_want(edited.lines())) generated = edited;
      }
      if (round > 0) disturb(random, fleet);
      const ApplyReport report = fleet.apply(generous());
      ASSERT_EQ(fleet.number("refusedForMoney"), 0) << "seed " << seed << ", " << words(report);
      ASSERT_NE(report.exit_code(), 1) << "seed " << seed << ", " << words(report);
    }
  }
}

TEST_F(Convergence, Law6NoCallIsCutThatNobodyAllowedToCut) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Generated generated(seed);
    Random random(seed + 17);
    Fleet fleet(generated.lines(), options(seed));
    fleet.balance("90000.00");
    ASSERT_NE(fleet.apply(generous()).exit_code(), 1) << "seed " << seed;
    for (int round = 0; round < 3; ++round) {
      for (const std::string& name : generated.servers()) {
        // Some last for ever, some end while they are waited for.
        std::optional<Duration> lasting;
        if (random.below(2) == 0) lasting = minutes(random.between(1, 15));
        const std::int64_t calls = random.between(0, 60);
        for (const std::string& account : fleet.accounts()) fleet.ctl(CtlCalls{name, calls, lasting}, account).ok();
      }
      for (int i = 0; i < 3; ++i) {
        Generated edited = generated;
        edited.edit(random);
        if (fleet.try_want(edited.lines())) generated = edited;
      }
      const ApplyReport report = fleet.apply(generous());
      ASSERT_EQ(fleet.number("callsCut"), 0) << "seed " << seed << ", round " << round << ", " << words(report);
    }
  }
}

TEST_F(Convergence, Law3KilledAnywhereAFleetConvergesWithNoServerTwiceAndNoneLost) {
  int kills = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Generated generated(seed % 20);
    Random random(seed * 7 + 1);
    Fleet fleet(generated.lines(), options(seed));
    fleet.balance("90000.00");
    if (random.below(3) == 0) fleet.fault(FaultKind::kDropAfterCommit, 2, 300'000);
    if (random.below(3) == 0) fleet.fault(FaultKind::kDropBeforeCommit, 2, 300'000);
    std::string story = fmt::format("seed {}: ", seed);
    for (int life = 0; life < 3; ++life) {
      fleet.witness.lives = random.between(0, 60);
      try {
        (void)fleet.apply(generous());
        story += "survived, ";
      } catch (const Killed&) {
        ++kills;
        story += "killed, ";
      }
      fleet.witness.lives = -1;
      Generated edited = generated;
      edited.edit(random);
      if (random.below(2) == 0 && fleet.try_want(edited.lines())) generated = edited;
    }
    const ApplyReport last = fleet.converge(generous(), 12);
    ASSERT_EQ(last.exit_code(), 0) << story << words(last) << tail(fleet);
    expect_the_wanted_and_no_other(fleet, story);
    const Plan next = fleet.plan(generous());
    ASSERT_TRUE(next.empty()) << story << words(next) << tail(fleet);
    ASSERT_THAT(*fleet.store().open_intents(), IsEmpty()) << story;
    ASSERT_EQ(fleet.number("callsCut"), 0) << story;
  }
  EXPECT_GT(kills, 300);
}

TEST_F(Convergence, Law12AfterTheStateIsLostAllIsAdoptedAndNothingBought) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    const Generated generated(seed);
    Fleet fleet(generated.lines(), options(seed));
    fleet.balance("90000.00");
    ASSERT_EQ(fleet.converge().exit_code(), 0) << "seed " << seed;
    const std::int64_t created = fleet.number("created");
    fleet.lose_state();
    const Plan plan = fleet.plan();
    ASSERT_TRUE(plan.empty()) << "seed " << seed;
    ASSERT_EQ(plan.adopted.size(), fleet.desired().servers.size()) << "seed " << seed;
    const ApplyReport report = fleet.apply();
    ASSERT_EQ(report.changes_done, 0) << "seed " << seed;
    ASSERT_EQ(fleet.number("created"), created) << "seed " << seed;
    ASSERT_THAT(fleet.plan().adopted, IsEmpty()) << "seed " << seed;
  }
}

TEST_F(Convergence, Law12UnmarkedServersAreListedWithTheirCostAndNeverTouched) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Generated generated(seed);
    Fleet fleet(generated.lines(), options(seed));
    fleet.balance("90000.00");
    ASSERT_EQ(fleet.converge().exit_code(), 0) << "seed " << seed;
    const std::string account = fleet.accounts().back();
    const Json before = fleet.dump(account);
    if (before.find("servers")->array()->empty()) continue;
    const std::string id = before.find("servers")->array()->front().string_or("id", "");
    fleet.ctl(CtlSet{id, "mark", "none"}, account).value();
    fleet.lose_state();
    const Plan plan = fleet.plan();
    ASSERT_EQ(plan.unmanaged.size(), 1U) << "seed " << seed;
    ASSERT_EQ(plan.unmanaged[0].id, id);
    ASSERT_EQ(plan.unmanaged[0].account, account);
    ASSERT_TRUE(plan.unmanaged[0].price.has_value());
    PlanOptions destroy;
    destroy.destroy_all = true;
    fleet.witness.before = [&](const Call& call) {
      const RemoveCall* remove = std::get_if<RemoveCall>(&call.what);
      if (remove != nullptr && call.account == account) {
        EXPECT_NE(remove->id, id) << "seed " << seed;
      }
    };
    fleet.apply(destroy);
    ASSERT_EQ(fleet.world().size(), 1U) << "seed " << seed << ": all of ours, and only ours, went";
  }
}

TEST_F(Convergence, Law2TheSameSeedGivesTheSameTrace) {
  const auto trace_of = [](std::uint64_t seed, std::uint64_t engine_seed) {
    Generated generated(seed);
    Random random(seed);
    Fleet fleet(generated.lines(), options(engine_seed));
    fleet.balance("90000.00");
    fleet.witness.keeps_trace = true;
    fleet.fault(FaultKind::kDropAfterCommit, 2, 300'000);
    fleet.fault(FaultKind::kFailAction, 2, 300'000);
    for (int round = 0; round < 3; ++round) {
      (void)fleet.apply(generous());
      Generated edited = generated;
      edited.edit(random);
      if (fleet.try_want(edited.lines())) generated = edited;
      disturb(random, fleet);
    }
    return fleet.witness.trace;
  };
  for (std::uint64_t seed = 0; seed < 15; ++seed) {
    const std::vector<std::string> first = trace_of(seed, 4);
    ASSERT_GT(first.size(), 10U);
    ASSERT_EQ(trace_of(seed, 4), first) << "seed " << seed;
    ASSERT_NE(trace_of(seed, 5), first) << "seed " << seed << ": uids and jitter come from the seed";
  }
}

}  // namespace
}  // namespace switchyard::testing
