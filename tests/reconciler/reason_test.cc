// The rules of money as numbers, and what each gate tells people: to the letter, because a wrong number in a reason is
// believed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/core/money.h"
#include "tests/reconciler/picture.h"

namespace switchyard::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using What = ReactivationVerdict::What;

Money cents(std::int64_t minor) {
  return Money{minor, Currency()};
}

TEST(MoneyRule, WhatIsAffordableIsThePrefixThatTheBalanceCarries) {
  const DepositRule rule{cents(2000), cents(2000), cents(0)};
  EXPECT_EQ(affordable(rule, cents(17740), 5, 9), 3);  // needs 120, 140, 160, 180
  EXPECT_EQ(affordable(rule, cents(18000), 5, 9), 4);
  EXPECT_EQ(affordable(rule, cents(18000), 5, 2), 2);
  EXPECT_EQ(affordable(rule, cents(18000), 5, 0), 0);
  EXPECT_EQ(affordable(rule, cents(1999), 0, 1), 0);
  EXPECT_EQ(affordable({cents(2000), cents(2000), cents(1)}, cents(2000), 0, 1), 0);
}

TEST(MoneyRule, WhatIsMissingIsNothingWhereItSufficesToTheMinorUnit) {
  const DepositRule rule{cents(2000), cents(2000), cents(500)};
  EXPECT_EQ(short_by(rule, cents(2500), cents(2000)), cents(0));
  EXPECT_EQ(short_by(rule, cents(2499), cents(2000)), cents(1));
  EXPECT_EQ(short_by(rule, cents(-100), cents(2000)), cents(2600));
  EXPECT_EQ(short_by(rule, cents(90000), cents(2000)), cents(0));
}

std::vector<std::string> told(const std::vector<ReactivationVerdict>& verdicts) {
  std::vector<std::string> lines;
  for (const ReactivationVerdict& one : verdicts) {
    const char* what = one.what == What::kGo ? "go" : one.what == What::kShort ? "short" : "unknown";
    lines.push_back(std::string(what) + " " + to_string(one.needs) + " " + to_string(one.short_by));
  }
  return lines;
}

TEST(MoneyRule, EachThatIsReactivatedBurnsWithThoseBeforeIt) {
  const Rate one{1'000'000, Currency()};  // a cent an hour
  const std::vector<std::optional<Rate>> three{one, one, one};
  EXPECT_THAT(told(decide_reactivations(cents(30), cents(0), hours(10), one, three)),
              ElementsAre("go 0.20 0.00", "go 0.30 0.00", "short 0.40 0.10"));
  EXPECT_THAT(told(decide_reactivations(cents(30), cents(1), hours(10), one, three)),
              ElementsAre("go 0.20 0.00", "short 0.30 0.01", "short 0.40 0.11"));
  // What comes behind one that has to wait waits as well, however cheap.
  const Rate nothing{0, Currency()};
  EXPECT_THAT(told(decide_reactivations(cents(15), cents(0), hours(10), one, {{one, nothing}})),
              ElementsAre("short 0.20 0.05", "short 0.20 0.05"));
}

TEST(MoneyRule, WithoutAnythingAboveTheReserveNothingIsReactivatedForFree) {
  const Rate nothing{0, Currency()};
  EXPECT_THAT(told(decide_reactivations(cents(5), cents(5), hours(10), nothing, {{nothing}})),
              ElementsAre("short 0.00 0.01"));
  EXPECT_THAT(told(decide_reactivations(cents(6), cents(5), hours(10), nothing, {{nothing}})),
              ElementsAre("go 0.00 0.00"));
}

TEST(MoneyRule, BehindAnUnknownPriceNobodyKnowsWhatIsNeeded) {
  const Rate one{1'000'000, Currency()};
  EXPECT_THAT(told(decide_reactivations(cents(90), cents(0), hours(10), one, {{one, std::nullopt, one}})),
              ElementsAre("go 0.20 0.00", "unknown 0.00 0.00", "unknown 0.00 0.00"));
  EXPECT_THAT(told(decide_reactivations(cents(90), cents(0), hours(10), std::nullopt, {{one}})),
              ElementsAre("unknown 0.00 0.00"));
}

TEST(MoneyRule, OneOtherServerIsNotMany) {
  EXPECT_EQ(with_others(0), "with 0 other servers");
  EXPECT_EQ(with_others(1), "with 1 other server");
  EXPECT_EQ(with_others(2), "with 2 other servers");
}

constexpr const char* kTwo = R"(
Account main {provider: sim}
Zone london {account: main, region: lon1}
Server a {zone: london, size: s-1vcpu-2gb}
Server b {zone: london, size: s-1vcpu-2gb}
)";
constexpr const char* kReserve = R"(
Account main {provider: sim, reserve: "0.01"}
Zone london {account: main, region: lon1}
Server a {zone: london, size: s-1vcpu-2gb}
Server b {zone: london, size: s-1vcpu-2gb}
)";

// The reasons of what is held, in the order of the plan.
std::vector<std::string> reasons(const Picture& picture) {
  std::vector<std::string> all;
  for (const Hold& hold : picture.plan().holds) all.push_back(hold.reason);
  return all;
}

TEST(Reason, OfABalanceNamesTheReserveWhereThereIsOne) {
  Picture picture(kTwo);
  picture.balance("39.99");
  EXPECT_THAT(reasons(picture),
              ElementsAre("with 1 other server it needs 40.00 USD; 39.99 USD is there, 0.01 USD short"));
  picture.want(kReserve);
  EXPECT_THAT(reasons(picture), ElementsAre("with 1 other server it needs 40.00 USD above a reserve of 0.01 USD; "
                                            "39.99 USD is there, 0.02 USD short"));
}

TEST(Reason, OfARunwayNamesTheReserveWhereThereIsOne) {
  Picture picture(kTwo);
  picture.has_all();
  picture["b"].phase = Phase::kExpired;
  picture.balance("1.00");
  const std::string needs = to_string(cost_rounded_up(*picture["a"].price + *picture["b"].price, hours(72)));
  EXPECT_THAT(reasons(picture), ElementsAre(HasSubstr("needs " + needs + " USD for 72h; 1.00 USD is there, ")));
  picture.want(kReserve);
  EXPECT_THAT(
      reasons(picture),
      ElementsAre(HasSubstr("needs " + needs + " USD for 72h above a reserve of 0.01 USD; 1.00 USD is there, ")));
}

TEST(Reason, OfAnAccountThatCannotBeSeenSaysWhy) {
  Picture picture(kTwo);
  picture.account().listed.reset();
  EXPECT_THAT(reasons(picture),
              ElementsAre("account \"main\" was never observed; nothing is done to what cannot be seen",
                          "account \"main\" was never observed; nothing is done to what cannot be seen"));
  picture.account().trouble = Error{ErrorCode::kNotSent, "no route"};
  EXPECT_THAT(reasons(picture)[0],
              "account \"main\" was never observed: no route; nothing is done to what cannot be seen");
  picture.account().listed = picture.now;
  EXPECT_THAT(reasons(picture)[0],
              "the newest look at account \"main\" failed: no route; it is done once a listing is complete again");
}

Attempts failed(const Picture& picture, std::int64_t failures, Duration wait) {
  return Attempts{.resource = server("a"),
                  .action = Action::kCreate,
                  .failures = failures,
                  .last = picture.now,
                  .next_try = picture.now + wait,
                  .message = "busy"};
}

TEST(Reason, OfABackOffCountsFailuresAndEndsWhenItsTimeHasCome) {
  Picture picture(kTwo);
  picture.attempts = {failed(picture, 1, minutes(1))};
  Plan plan = picture.plan();
  ASSERT_THAT(holds_of(plan.holds), ElementsAre("create Server/a: provider"));
  EXPECT_EQ(plan.holds[0].reason, "failed once in a row, last: busy; next try at 2026-03-01T00:01:00Z");
  EXPECT_EQ(plan.holds[0].until, picture.now + minutes(1));
  picture.attempts = {failed(picture, 2, minutes(1))};
  EXPECT_THAT(reasons(picture), ElementsAre("failed 2 times in a row, last: busy; next try at 2026-03-01T00:01:00Z"));
  picture.attempts = {failed(picture, 2, {})};
  EXPECT_THAT(reasons(picture), IsEmpty());
}

TEST(Reason, OfAPersonsWordIsTheFirstAndItsEndIsTheHolds) {
  Picture picture(kTwo);
  picture.attempts = {failed(picture, 1, minutes(1))};
  const auto say = [&](Override::What what, const Key& of, Duration until) {
    picture.overrides = {Override{.what = what,
                                  .resource = of,
                                  .who = "amy",
                                  .why = "audit",
                                  .since = picture.now,
                                  .until = picture.now + until}};
  };
  say(Override::What::kSuspended, server("a"), hours(1));
  Plan plan = picture.plan();
  EXPECT_EQ(plan.holds[0].reason,
            "suspended by amy, until 2026-03-01T01:00:00Z: audit; `switchyard resume Server/a` lifts it");
  EXPECT_EQ(plan.holds[0].until, picture.now + hours(1));
  say(Override::What::kSuspended, Key{Kind::kZone, "london"}, hours(2));
  plan = picture.plan();
  ASSERT_EQ(plan.holds.size(), 2U);
  EXPECT_EQ(
      plan.holds[0].reason,
      "Zone/london was suspended by amy, until 2026-03-01T02:00:00Z: audit; `switchyard resume Zone/london` lifts it");
  EXPECT_EQ(plan.holds[0].until, picture.now + hours(2));
  say(Override::What::kFrozen, Key{Kind::kAccount, "main"}, hours(3));
  plan = picture.plan();
  EXPECT_EQ(plan.holds[0].reason,
            "account \"main\" was frozen by amy, until 2026-03-01T03:00:00Z: audit; `switchyard "
            "unfreeze main` lifts it");
  EXPECT_EQ(plan.holds[0].until, picture.now + hours(3));
}

// A replacement spends in the account of its successor, and ends something in the one it leaves.
TEST(Reason, OfAMoveBetweenAccountsIsEitherAccounts) {
  const std::string other = "Account other {provider: sim}\nZone paris {account: other, region: fra1}\n";
  Picture picture(std::string(kTwo) + other);
  picture.has_all();
  picture.want("Account main {provider: sim}\nZone london {account: main, region: lon1}\n" + other +
               "Server a {zone: paris, size: s-1vcpu-2gb}\nServer b {zone: london, size: s-1vcpu-2gb}\n");
  ASSERT_THAT(changes_of(picture.plan()), ElementsAre("replace Server/a"));
  for (const char* account : {"main", "other"}) {
    picture.overrides.clear();
    picture.say(Override::What::kFrozen, Key{Kind::kAccount, account});
    EXPECT_THAT(reasons(picture), ElementsAre(HasSubstr("account \"" + std::string(account) + "\" was frozen by")));
  }
}

TEST(Reason, ThatWasThereFirstKeepsItsOwnEnd) {
  Picture picture(kTwo);
  picture.has_all();
  for (Declaration& declaration : picture.declarations) declaration.protect = true;
  picture.want(
      "Account main {provider: sim}\nZone london {account: main, region: lon1}\n"
      "Server b {zone: london, size: s-1vcpu-2gb}\n");
  for (const auto& [what, of] : {std::pair(Override::What::kFrozen, Key{Kind::kAccount, "main"}),
                                 std::pair(Override::What::kSuspended, Key{Kind::kZone, "london"})}) {
    picture.overrides = {Override{.what = what,
                                  .resource = of,
                                  .who = "amy",
                                  .why = "audit",
                                  .since = picture.now,
                                  .until = picture.now + hours(1)}};
    const Plan plan = picture.plan();
    ASSERT_THAT(holds_of(plan.holds), ElementsAre("delete Server/a: protection"));
    EXPECT_EQ(plan.holds[0].until, std::nullopt);
  }
}

TEST(Reason, OfAReactivationThatWaitsAnywayCostsTheOthersNothing) {
  Picture picture(kTwo);
  picture.has_all();
  picture["a"].phase = Phase::kExpired;
  picture["b"].phase = Phase::kExpired;
  picture.balance(to_string(cost_rounded_up(*picture["b"].price, hours(72))));
  picture.attempts = {failed(picture, 1, minutes(1))};
  picture.attempts[0].action = Action::kReactivate;
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("reactivate Server/b"));
}

// It changes nothing where it is wanted to be, only what it is called where it stands.
TEST(Reason, OfAnAccountThatBuysNothingIsNoReason) {
  const std::string other = "Account other {provider: sim}\nZone paris {account: other, region: fra1}\n";
  Picture picture(std::string(kTwo) + other);
  picture.has_all();
  picture["a"].phase = Phase::kStopped;
  picture.want("Account main {provider: sim}\nZone london {account: main, region: lon1}\n" + other +
               "Server z {zone: paris, size: s-1vcpu-2gb, power: stopped} | formerly: [a]\n"
               "Server b {zone: london, size: s-1vcpu-2gb}\n");
  picture.say(Override::What::kFrozen, Key{Kind::kAccount, "other"});
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("update Server/z"));
}

TEST(Reason, OfALimitIsAShareOfAHundred) {
  const std::string ground =
      "Account main {provider: sim, limits: {maxDestroy: \"99%\"}}\nZone london {account: main, region: lon1}\n";
  std::string lines = ground;
  for (int i = 0; i < 10; ++i) lines += "Server s" + std::to_string(i) + " {zone: london, size: s-1vcpu-2gb}\n";
  Picture picture(lines);
  picture.has_all();
  picture.want(ground);
  EXPECT_THAT(reasons(picture)[0],
              "10 servers of account \"main\" would be destroyed and the limit is 9; `--max-destroy 10` lifts it");
}

TEST(Reason, OfALimitCountsWhatTheSameCommandHasRemoved) {
  const std::string ground =
      "Account main {provider: sim, limits: {maxDestroy: \"50%\"}}\nZone london {account: main, region: lon1}\n";
  const auto servers = [&](std::string_view names) {
    std::string lines = ground;
    for (const char name : names) lines += std::string("Server ") + name + " {zone: london, size: s-1vcpu-2gb}\n";
    return lines;
  };
  Picture picture(servers("abc"));
  picture.has_all();
  picture.want(servers("ab"));
  // Of four one is gone: half of them are two.
  picture.removed = {{"main", 1}};
  EXPECT_THAT(changes_of(picture.plan()), ElementsAre("delete Server/c"));
  picture.removed = {{"main", 2}};
  EXPECT_THAT(reasons(picture), ElementsAre("3 servers of account \"main\" would be destroyed and the limit is 2; "
                                            "`--max-destroy 3` lifts it"));
}

TEST(Reason, OfALimitInPercentIsRoundedDownAndNeverBelowOne) {
  std::string lines =
      "Account main {provider: sim, limits: {maxDestroy: \"10%\"}}\nZone london {account: main, region: lon1}\n";
  const std::string ground = lines;
  for (int i = 0; i < 20; ++i) lines += "Server s" + std::to_string(i) + " {zone: london, size: s-1vcpu-2gb}\n";
  Picture picture(lines);
  picture.has_all();
  const auto without = [&](int last) {
    std::string left = ground;
    for (int i = 0; i < last; ++i) left += "Server s" + std::to_string(i) + " {zone: london, size: s-1vcpu-2gb}\n";
    picture.want(left);
  };
  without(18);
  EXPECT_EQ(picture.plan().changes.size(), 2U);
  without(17);
  EXPECT_THAT(reasons(picture)[0],
              "3 servers of account \"main\" would be destroyed and the limit is 2; `--max-destroy 3` lifts it");
}

}  // namespace
}  // namespace switchyard::testing
