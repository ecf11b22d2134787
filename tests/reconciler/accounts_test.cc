// Money and the limit of destroys are decided account by account: diff() alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reconciler/picture.h"

namespace switchyard::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr const char* kTwo = R"(
Account east {provider: sim}
Account west {provider: sim}
Zone london {account: east, region: lon1}
Zone frankfurt {account: west, region: fra1}
)";

std::string servers(std::string_view in_east, std::string_view in_west) {
  std::string text = kTwo;
  for (const char name : in_east) text += std::string("Server ") + name + " {zone: london, size: s-1vcpu-2gb}\n";
  for (const char name : in_west) text += std::string("Server ") + name + " {zone: frankfurt, size: s-1vcpu-2gb}\n";
  return text;
}

std::string many(int number, std::string_view account = "provider: sim") {
  std::string text = "Account main {" + std::string(account) + "}\nZone london {account: main, region: lon1}\n";
  for (int i = 0; i < number; ++i) {
    text += "Server s" + std::to_string(i) + " {zone: london, size: s-1vcpu-2gb}\n";
  }
  return text;
}

TEST(Accounts, EachPaysForItsOwnServers) {
  Picture picture(servers("ab", "cd"));
  picture.account("east").balance->amount = Money{2000, Currency()};
  picture.account("west").balance->amount = Money{4000, Currency()};
  const Plan plan = picture.plan();
  EXPECT_THAT(changes_of(plan), UnorderedElementsAre("create Server/a", "create Server/c", "create Server/d"));
  EXPECT_THAT(holds_of(plan.holds), ElementsAre("create Server/b: balance, needs 40.00, short 20.00"));
  EXPECT_EQ(plan.balances[0].affordable, 1);
  EXPECT_EQ(plan.balances[1].affordable, 2);
}

TEST(Accounts, OneThatIsShortOfRunwayKeepsNoOtherFromBuying) {
  Picture picture(servers("ab", "cd"));
  picture.has(server("a"));
  picture.has(server("c"));
  picture["a"].phase = Phase::kExpired;
  picture["c"].phase = Phase::kExpired;
  picture.account("east").balance->amount = Money{0, Currency()};
  const Plan plan = picture.plan();
  EXPECT_THAT(changes_of(plan), UnorderedElementsAre("reactivate Server/c", "create Server/d"));
  ASSERT_EQ(plan.holds.size(), 2U);
  EXPECT_THAT(holds_of(plan.holds)[0], HasSubstr("reactivate Server/a: runway"));
  EXPECT_EQ(holds_of(plan.holds)[1], "create Server/b: runway");
}

TEST(Accounts, OneWhoseBalanceNobodyKnowsReactivatesNothing) {
  Picture picture(servers("a", "c"));
  picture.has(server("a"));
  picture.has(server("c"));
  picture["a"].phase = Phase::kExpired;
  picture["c"].phase = Phase::kExpired;
  picture.account("east").balance.reset();
  const Plan plan = picture.plan();
  EXPECT_THAT(changes_of(plan), ElementsAre("reactivate Server/c"));
  ASSERT_THAT(holds_of(plan.holds), ElementsAre("reactivate Server/a: observation"));
  EXPECT_EQ(plan.holds[0].reason, "the balance of account \"east\" was never observed");
}

TEST(Accounts, ABalanceInAnotherCurrencyIsNoneThatIsKnown) {
  Picture picture(many(1));
  picture.account().balance->amount = Money{50000, *Currency::parse("EUR")};
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("create Server/s0: observation"));
}

TEST(Accounts, AnUnknownPriceHoldsNewServersBehindTheReactivation) {
  Picture picture(many(3));
  picture.has(server("s0"));
  picture.has(server("s1"));
  picture["s0"].phase = Phase::kExpired;
  picture["s1"].price.reset();
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("reactivate Server/s0: runway", "create Server/s2: runway"));
}

TEST(Accounts, WhatARunwayNeedsIsSaidWithTheReserveAboveWhichItIs) {
  Picture picture(many(1, "provider: sim, reserve: \"10.00\""));
  picture.has(server("s0"));
  picture["s0"].phase = Phase::kExpired;
  const Money needs = cost_rounded_up(*picture["s0"].price, std::chrono::hours(72));
  picture.balance(to_string(needs + Money{999, Currency()}));
  Plan plan = picture.plan();
  ASSERT_EQ(plan.holds.size(), 1U);
  EXPECT_THAT(plan.holds[0].reason, HasSubstr(for_people(needs) + " for 72h above a reserve of 10.00 USD; "));
  EXPECT_THAT(plan.holds[0].reason, EndsWith(", 0.01 USD short"));
  picture.balance(to_string(needs + Money{1000, Currency()}));
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("reactivate Server/s0"));
}

TEST(Accounts, WithNothingAboveTheReserveNoRunwayIsLongEnough) {
  Picture picture(many(1, "provider: sim, reserve: \"10.00\", reactivation: {minimumRunway: 0s}"));
  picture.has(server("s0"));
  picture["s0"].phase = Phase::kExpired;
  picture.balance("10.00");
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("reactivate Server/s0: runway, needs 0.00, short 0.01"));
  picture.balance("10.01");
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("reactivate Server/s0"));
}

TEST(Accounts, TheFirstThatIsShortKeepsThoseBehindItWaiting) {
  Picture picture(R"(
Account main {provider: sim}
Zone london {account: main, region: lon1}
Server big {zone: london, size: s-8vcpu-16gb, priority: 5}
Server small {zone: london, size: s-1vcpu-2gb}
)");
  picture.has_all();
  picture["big"].phase = Phase::kExpired;
  picture["small"].phase = Phase::kExpired;
  const Money alone = cost_rounded_up(*picture["small"].price, std::chrono::hours(72));
  picture.balance(to_string(alone));
  // The small one alone could be paid, but the big one goes first.
  EXPECT_THAT(changes_of(picture.plan()), IsEmpty());
  picture["big"].phase = Phase::kActive;
  picture.balance(to_string(alone + cost_rounded_up(*picture["big"].price, std::chrono::hours(72))));
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("reactivate Server/small"));
}

TEST(Accounts, AReplacementInAnotherAccountIsPaidThere) {
  Picture picture(servers("a", "c"));
  picture.has_all();
  picture.want(servers("", "ac"));
  picture.account("west").balance->amount = Money{3999, Currency()};
  EXPECT_THAT(holds_of(picture.plan().holds), ElementsAre("replace Server/a: balance, needs 40.00, short 0.01"));
  picture.account("west").balance->amount = Money{4000, Currency()};
  picture.account("east").balance->amount = Money{0, Currency()};
  EXPECT_THAT(changes_of(picture.plan()), Contains("replace Server/a"));
}

TEST(Accounts, EachHasItsOwnLimitOfDestroys) {
  Picture picture(servers("abcdefg", "uvwxyz"));
  picture.has_all();
  picture.want(servers("a", "u"));
  const Plan plan = picture.plan();
  EXPECT_EQ(plan.changes.size(), 5U) << "west loses five of six";
  EXPECT_EQ(plan.holds.size(), 6U) << "east would lose six of seven";
  EXPECT_EQ(plan.safety.destroys, 11);
  EXPECT_EQ(plan.safety.destroy_limit, "east: 5, west: 5");
}

TEST(Accounts, ALimitInPercentIsOfWhatIsThere) {
  constexpr const char* kTenth = "provider: sim, limits: {maxDestroy: \"10%\"}";
  Picture picture(many(20, kTenth));
  picture.has_all();
  picture.want(many(18, kTenth));
  EXPECT_EQ(picture.plan().changes.size(), 2U);
  EXPECT_EQ(picture.plan().safety.destroy_limit, "10% (2)");
  picture.want(many(17, kTenth));
  EXPECT_THAT(changes_of(picture.plan()), IsEmpty());
}

TEST(Accounts, ALimitInPercentLetsOneGoAtLeast) {
  constexpr const char* kTenth = "provider: sim, limits: {maxDestroy: \"10%\"}";
  Picture picture(many(3, kTenth));
  picture.has_all();
  picture.want(many(2, kTenth));
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("delete Server/s2"));
  EXPECT_EQ(picture.plan().safety.destroy_limit, "10% (1)");
  picture.want(many(1, kTenth));
  EXPECT_THAT(changes_of(picture.plan()), IsEmpty());
}

}  // namespace
}  // namespace switchyard::testing
