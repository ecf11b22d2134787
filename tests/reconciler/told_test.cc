// What a plan tells beside its changes: how old its eyes are, what it costs, what it thins out, what it counts.
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
using ::testing::UnorderedElementsAre;

constexpr const char* kGround = "Account main {provider: sim}\nZone london {account: main, region: lon1}\n";

std::string small(std::string_view names) {
  std::string text = kGround;
  for (const char name : names) text += std::string("Server ") + name + " {zone: london, size: s-1vcpu-2gb}\n";
  return text;
}

constexpr const char* kTwo = R"(
Account east {provider: sim}
Account west {provider: sim}
Zone london {account: east, region: lon1}
Zone frankfurt {account: west, region: fra1}
Server a {zone: london, size: s-1vcpu-2gb}
Server b {zone: frankfurt, size: s-1vcpu-2gb}
)";

PlanOptions::Selector only(Kind kind, const char* name) {
  return {.resource = Key{kind, name}, .label = {}, .value = {}};
}

TEST(Told, APlanIsAsOldAsTheOldestListingItUsed) {
  Picture picture(kTwo);
  picture.account("east").listed = picture.now - minutes(10);
  picture.account("west").listed = picture.now - hours(1);
  EXPECT_EQ(picture.plan().observed_at, picture.now - hours(1));
  EXPECT_EQ(picture.plan().looked_at, std::nullopt);
  // The provider of east has a clock that is ahead: what counts is when the engine looked.
  picture.account("east").looked = picture.now - hours(2);
  EXPECT_EQ(picture.plan().observed_at, picture.now - minutes(10));
  EXPECT_EQ(picture.plan().looked_at, picture.now - hours(2));
  picture.account("east").listed.reset();
  EXPECT_EQ(picture.plan().observed_at, picture.now - hours(1));
}

TEST(Told, APlanHoldsGoodUntilTheFirstThingThatTimeChanges) {
  Picture picture(small("ab"));
  EXPECT_EQ(picture.plan().valid_until, std::nullopt);
  const auto fails = [&](const char* name, Timestamp next) {
    picture.attempts.push_back(
        Attempts{.resource = server(name), .action = Action::kCreate, .failures = 1, .next_try = next});
  };
  fails("a", picture.now);
  EXPECT_EQ(picture.plan().valid_until, std::nullopt) << "its time has come already";
  EXPECT_THAT(picture.plan().holds, IsEmpty());
  fails("b", picture.now + hours(2));
  EXPECT_EQ(picture.plan().valid_until, picture.now + hours(2));
  picture.say(Override::What::kSuspended, server("a"));
  EXPECT_EQ(picture.plan().valid_until, picture.now + hours(2)) << "that has no end";
  picture.overrides[0].until = picture.now + hours(3);
  EXPECT_EQ(picture.plan().valid_until, picture.now + hours(2));
  picture.overrides[0].until = picture.now + hours(1);
  EXPECT_EQ(picture.plan().valid_until, picture.now + hours(1));
}

TEST(Told, WhatRunsNowAndWhatWillRunCostsByTheHour) {
  Picture picture(small("ab"));
  picture.has(server("a"));
  picture.acquaint();
  const Rate one = *picture["a"].price;
  const AccountMoney money = picture.plan().balances[0];
  EXPECT_EQ(money.servers, 1);
  EXPECT_EQ(money.affordable, 1);
  EXPECT_EQ(money.burn, one);
  EXPECT_EQ(money.burn_after, one + one);
  EXPECT_EQ(money.runway, lasts(Money{50000, Currency()}, one));
  EXPECT_EQ(money.runway_after, lasts(Money{50000, Currency()}, one + one));
}

TEST(Told, ARunwayIsOfWhatIsAboveTheReserve) {
  Picture picture(
      "Account main {provider: sim, reserve: \"100.00\"}\nZone london {account: main, region: lon1}\n"
      "Server a {zone: london, size: s-1vcpu-2gb}\n");
  picture.has_all();
  EXPECT_EQ(picture.plan().balances[0].runway, lasts(Money{40000, Currency()}, *picture["a"].price));
  EXPECT_EQ(picture.plan().balances[0].runway_after, picture.plan().balances[0].runway);
}

TEST(Told, WhatGoesCostsNoMore) {
  Picture picture(small("abc"));
  picture.has_all();
  const Rate one = *picture["a"].price;
  picture["c"].phase = Phase::kExpired;
  picture.want(small("a"));
  const AccountMoney money = picture.plan().balances[0];
  EXPECT_EQ(money.burn, one + one) << "what has expired costs nothing";
  EXPECT_EQ(money.burn_after, one);
  EXPECT_EQ(money.affordable, 0);
}

TEST(Told, AReplacementCostsWhatItsSuccessorCosts) {
  Picture picture(small("a"));
  picture.has_all();
  picture["a"].region = "fra1";
  const AccountMoney money = picture.plan().balances[0];
  EXPECT_EQ(money.affordable, 1);
  EXPECT_EQ(money.burn_after, money.burn);
}

TEST(Told, AResizeCostsThePriceOfTheNewSize) {
  Picture picture(small("a"));
  picture.has_all();
  const Rate dear{picture["a"].price->micro_minor_per_hour * 3, Currency()};
  picture["a"].size = "s-2vcpu-4gb";
  const Rate cheap = *picture["a"].price;
  picture["a"].price = dear;
  const AccountMoney money = picture.plan().balances[0];
  EXPECT_EQ(money.burn, dear);
  EXPECT_EQ(money.burn_after, cheap);
}

TEST(Told, AReactivationCostsAgain) {
  Picture picture(small("ab"));
  picture.has_all();
  picture["b"].phase = Phase::kExpired;
  const AccountMoney money = picture.plan().balances[0];
  EXPECT_EQ(money.burn, *picture["a"].price);
  EXPECT_EQ(money.burn_after, *picture["a"].price + *picture["b"].price);
}

TEST(Told, WhereAPriceIsUnknownSoIsWhatAllCosts) {
  Picture picture(small("ab"));
  picture.has_all();
  picture["a"].price.reset();
  AccountMoney money = picture.plan().balances[0];
  EXPECT_EQ(money.burn, std::nullopt);
  EXPECT_EQ(money.runway, std::nullopt);
  EXPECT_EQ(money.burn_after, std::nullopt);
  picture["a"].price = Rate{1, *Currency::parse("EUR")};
  EXPECT_EQ(picture.plan().balances[0].burn, std::nullopt) << "another currency is no known price";
}

TEST(Told, EachAccountCostsWhatItsOwnServersCost) {
  Picture picture(kTwo);
  picture.has(server("a"));
  const Plan plan = picture.plan();
  EXPECT_EQ(plan.balances[0].burn_after, plan.balances[0].burn);
  EXPECT_EQ(plan.balances[1].burn, (Rate{0, Currency()}));
  EXPECT_EQ(plan.balances[1].burn_after, *picture["a"].price);
  EXPECT_EQ(plan.balances[0].affordable, 0);
  EXPECT_EQ(plan.balances[1].affordable, 1);
}

TEST(Told, AServerOnItsWayCountsOnce) {
  Picture picture(small("ab"));
  picture.has(server("a"));
  const auto sent = [&](const char* name) {
    Intent intent{};
    intent.action = Action::kCreate;
    intent.resource = server(name);
    intent.account = "main";
    intent.uid = std::string("u-") + name;
    intent.written = picture.now;
    picture.open_intents.push_back(OpenIntent{.intent = intent, .outcome = std::nullopt});
  };
  sent("a");
  EXPECT_EQ(picture.plan().balances[0].servers, 1) << "it is there already";
  sent("b");
  EXPECT_EQ(picture.plan().balances[0].servers, 2);
  picture["a"].missing_since = picture.now;
  EXPECT_EQ(picture.plan().balances[0].servers, 2) << "what a listing lacks is not gone";
  picture["a"].confirmed_gone = true;
  EXPECT_EQ(picture.plan().balances[0].servers, 1);
}

TEST(Told, TheLimitOfDestroysIsSaidAsItWasSet) {
  Picture picture(small("ab"));
  picture.has_all();
  EXPECT_EQ(picture.plan().safety.destroy_limit, "5");
  EXPECT_EQ(picture.plan().safety.destroys, 0);
  picture.options.max_destroy = 7;
  EXPECT_EQ(picture.plan().safety.destroy_limit, "7");
  picture.options.destroy_all = true;
  EXPECT_EQ(picture.plan().safety.destroy_limit, "none");
  EXPECT_EQ(picture.plan().safety.destroys, 2);
}

TEST(Told, OfSeveralAccountsOnlyTheLimitsOfThoseThatDestroyAreSaid) {
  Picture picture(kTwo);
  picture.has_all();
  EXPECT_EQ(picture.plan().safety.destroy_limit, "");
  picture["b"].region = "lon1";
  EXPECT_EQ(picture.plan().safety.destroy_limit, "west: 5");
}

TEST(Told, AnExpiryIsWarnedOfWithinSevenDays) {
  Picture picture(small("a"));
  picture.has_all();
  picture["a"].expires = picture.now + hours(24 * 7);
  EXPECT_THAT(picture.plan().warnings, IsEmpty());
  picture["a"].expires = picture.now + hours(24 * 7) - milliseconds(1);
  EXPECT_THAT(picture.plan().warnings, ElementsAre(HasSubstr("Server/a expires in 6d 23h")));
  picture["a"].expires = picture.now - hours(1);
  EXPECT_THAT(picture.plan().warnings, ElementsAre(HasSubstr("Server/a expires in 0ms")));
  picture["a"].phase = Phase::kExpired;
  EXPECT_THAT(picture.plan().warnings, IsEmpty());
}

TEST(Told, ARunwayOfExactlySevenDaysIsLongEnough) {
  Picture picture(small("a"));
  picture.has_all();
  picture["a"].price = Rate{1'000'000, Currency()};
  picture.account().balance->amount = Money{7 * 24, Currency()};
  EXPECT_THAT(picture.plan().warnings, IsEmpty());
  picture.account().balance->amount = Money{7 * 24 - 1, Currency()};
  EXPECT_THAT(picture.plan().warnings, ElementsAre(HasSubstr("lasts 6d 23h with this plan, under 7 days")));
  picture.account().balance->amount = Money{72, Currency()};
  EXPECT_THAT(picture.plan().warnings, ElementsAre(HasSubstr("under 7 days")));
  picture.account().balance->amount = Money{71, Currency()};
  EXPECT_THAT(picture.plan().warnings, ElementsAre(HasSubstr("under 72 hours")));
}

TEST(Told, ARunwayThatThisPlanMakesShortIsWarnedOf) {
  Picture picture(small("a"));
  picture.has_all();
  picture["a"].price = Rate{23'000'000, Currency()};
  picture.balance("40.00");
  EXPECT_THAT(picture.plan().warnings, IsEmpty()) << "7 days and 5 hours";
  picture.want(small("ab"));
  EXPECT_THAT(picture.plan().warnings, ElementsAre(HasSubstr("under 7 days")));
}

TEST(Told, EveryKindOfChangeIsCountedAsWhatItIs) {
  Picture picture(small("abcdefg"));
  picture.has_all();
  picture.applied("a", "spec.cps", 7);
  picture["b"].region = "fra1";
  picture["c"].phase = Phase::kStopped;
  picture["d"].phase = Phase::kExpired;
  picture.say(Override::What::kSuspended, server("e"));
  picture.applied("e", "spec.cps", 7);
  picture.want(small("abcdefh"));
  const Plan::Summary counted = picture.plan().summary;
  EXPECT_EQ(counted, (Plan::Summary{
                         .create = 1, .update = 1, .replace = 1, .remove = 1, .action = 2, .held = 1, .unchanged = 1}));
}

TEST(Told, ASelectionNamesAccountsZonesClustersSetsServersAndLabels) {
  Picture picture(R"(
Account east {provider: sim}
Account west {provider: sim}
Zone london {account: east, region: lon1}
Zone frankfurt {account: west, region: fra1}
Cluster core {}
ServerSet web {replicas: 2, zones: [london], template: {spec: {size: s-1vcpu-2gb}}}
Server web-a {zone: london, size: s-1vcpu-2gb} | labels: {tier: gold}
Server web-1b {zone: london, size: s-1vcpu-2gb} | labels: {tier: iron, other: gold}
Server webb {zone: frankfurt, size: s-1vcpu-2gb, cluster: core}
Server front {zone: frankfurt, type: dispatcher, size: s-1vcpu-2gb, balancer: {cluster: core}}
RtpServer web-7 {zone: frankfurt, size: s-1vcpu-2gb, maxSessions: 100}
)");
  const auto planned = [&](PlanOptions::Selector selector) {
    picture.options.target = {std::move(selector)};
    std::vector<std::string> names;
    for (const Change& change : picture.plan().changes) names.push_back(change.resource.name);
    return names;
  };
  EXPECT_THAT(planned(only(Kind::kServerSet, "web")), UnorderedElementsAre("web-1", "web-2"));
  EXPECT_THAT(planned(only(Kind::kAccount, "west")), UnorderedElementsAre("webb", "front", "web-7"));
  EXPECT_THAT(planned(only(Kind::kZone, "london")), UnorderedElementsAre("web-1", "web-2", "web-a", "web-1b"));
  EXPECT_THAT(planned(only(Kind::kCluster, "core")), UnorderedElementsAre("webb", "front"));
  EXPECT_THAT(planned(only(Kind::kServer, "web-7")), IsEmpty());
  EXPECT_THAT(planned(only(Kind::kRtpServer, "web-7")), ElementsAre("web-7"));
  EXPECT_THAT(planned({.resource = std::nullopt, .label = "tier", .value = "gold"}), ElementsAre("web-a"));
  EXPECT_THAT(planned(only(Kind::kCarrier, "web")), IsEmpty());
}

}  // namespace
}  // namespace switchyard::testing
