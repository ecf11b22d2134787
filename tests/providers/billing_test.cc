// Money at the simulated provider, against sums made by hand. s-1vcpu-2gb costs 0.01786 USD an hour.
#include <gtest/gtest.h>

#include "tests/providers/small_world.h"

namespace switchyard {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

TEST(Billing, AServerCostsNothingBeforeItsDelivery) {
  SmallWorld world;
  world.ctl(CtlFault{.fault = {.kind = FaultKind::kNeverFinish}});
  ASSERT_TRUE(world.provider().create(wanted("never"), kLimits).ok());
  world.advance(hours(1000));
  EXPECT_EQ(world.balance(), "500.00");
}

TEST(Billing, AnHourIsChargedAtItsEnd) {
  SmallWorld world;
  world.delivered("lon-1");
  world.advance(hours(1) - milliseconds(1));
  EXPECT_EQ(world.balance(), "500.00");
  world.advance(milliseconds(1));
  EXPECT_EQ(world.balance(), "499.98");  // 500 - 0.01786 = 499.98214, rounded down
}

TEST(Billing, ManyHoursAddUpExactly) {
  SmallWorld world;
  world.delivered("lon-1");
  world.advance(hours(56));
  EXPECT_EQ(world.balance(), "498.99");  // 500 - 56 x 0.01786 = 498.99984
  world.advance(hours(10000 - 56));
  EXPECT_EQ(world.balance(), "321.40");  // 500 - 178.60
}

TEST(Billing, ItMakesNoDifferenceInHowManyStepsTimePasses) {
  SmallWorld once;
  SmallWorld often;
  once.delivered("lon-1");
  often.delivered("lon-1");
  once.advance(hours(100));
  for (int i = 0; i < 1000; ++i) often.advance(minutes(6));
  EXPECT_EQ(once.dump(), often.dump());
}

TEST(Billing, EachServerIsChargedFromItsOwnDelivery) {
  SmallWorld world;
  world.delivered("a");
  world.advance(minutes(30));
  world.delivered("b");
  world.advance(minutes(29));
  // a's first hour has passed (its delivery took at least a minute after the half hour), b's has not.
  world.advance(minutes(10));
  EXPECT_EQ(world.balance(), "499.98");
  world.advance(minutes(60));
  EXPECT_EQ(world.balance(), "499.94");  // a twice, b once: 500 - 3 x 0.01786 = 499.94642
}

TEST(Billing, ABrokenHourOfARemovedServerIsFree) {
  SmallWorld world;
  const std::string id = world.delivered("lon-1");
  world.advance(minutes(119));
  ASSERT_TRUE(world.provider().remove(id, kLimits).ok());
  world.advance(hours(24));
  EXPECT_EQ(world.balance(), "499.98");
}

TEST(Billing, AStoppedServerGoesOnCosting) {
  SmallWorld world;
  const std::string id = world.delivered("lon-1");
  ASSERT_TRUE(world.provider().act(id, Action::kStop, {}, kLimits).ok());
  world.advance(hours(2));
  EXPECT_EQ(world.see(id).phase, Phase::kStopped);
  EXPECT_EQ(world.balance(), "499.96");
}

TEST(Billing, AServerRunsOnWhatIsLeftAndExpiresWhenItsHourCannotBePaid) {
  SmallWorld world;
  const std::string id = world.delivered("lon-1");
  world.ctl(CtlBalance{.amount = "0.02"});
  world.advance(hours(1));
  EXPECT_EQ(world.balance(), "0.00");  // 0.00214
  EXPECT_EQ(world.see(id).phase, Phase::kActive);
  world.advance(hours(1) - milliseconds(1));
  EXPECT_EQ(world.see(id).phase, Phase::kActive);
  world.advance(milliseconds(1));
  EXPECT_EQ(world.balance(), "-0.02");  // 0.00214 - 0.01786 = -0.01572, rounded down
  EXPECT_EQ(world.see(id).phase, Phase::kExpired);
}

TEST(Billing, WhenTheMoneyIsOutEverythingExpiresAndStopsCosting) {
  SmallWorld world;
  const std::string a = world.delivered("a");
  const std::string b = world.delivered("b");
  world.ctl(CtlCalls{.server = "b", .calls = 4, .lasting = {}});
  world.ctl(CtlBalance{.amount = "0.01"});
  world.advance(hours(1));
  EXPECT_EQ(world.see(a).phase, Phase::kExpired);
  EXPECT_EQ(world.see(b).phase, Phase::kExpired);
  EXPECT_FALSE(world.see(b).agent->channels.has_value());
  const std::string balance = world.balance();
  world.advance(hours(100));
  EXPECT_EQ(world.balance(), balance);
  EXPECT_EQ(world.dump().integer_or("callsLostToExpiry", 0), 4);
  EXPECT_EQ(world.dump().integer_or("callsCut", -1), 0);
}

TEST(Billing, ABalanceOfNothingExpiresAtOnce) {
  SmallWorld world;
  const std::string id = world.delivered("lon-1");
  world.ctl(CtlBalance{.amount = "0.00"});
  EXPECT_EQ(world.see(id).phase, Phase::kExpired);
}

TEST(Billing, ACreditLineLetsTheBalanceGoBelowZero) {
  SmallWorld world;
  const std::string id = world.delivered("lon-1");
  world.ctl(CtlSet{.server = "world", .field = "creditLine", .value = "1.00"});
  world.ctl(CtlBalance{.amount = "-0.98"});
  world.advance(hours(1));
  EXPECT_EQ(world.see(id).phase, Phase::kActive);  // -0.99786
  world.advance(hours(1));
  EXPECT_EQ(world.see(id).phase, Phase::kExpired);  // -1.01572
}

TEST(Billing, HoursCountAnewFromAReactivation) {
  SmallWorld world;
  const std::string id = world.delivered("lon-1");
  world.advance(minutes(59));
  world.ctl(CtlExpire{.server = "lon-1"});
  world.advance(hours(5));
  EXPECT_EQ(world.balance(), "500.00");
  ASSERT_TRUE(world.provider().act(id, Action::kReactivate, {}, kLimits).ok());
  world.advance(minutes(1));
  ASSERT_EQ(world.see(id).phase, Phase::kActive);
  world.advance(minutes(59));
  EXPECT_EQ(world.balance(), "500.00");
  world.advance(minutes(1));
  EXPECT_EQ(world.balance(), "499.98");
}

TEST(Billing, AResizedServerCostsItsNewPriceAtTheEndOfTheHour) {
  SmallWorld world;
  const std::string id = world.delivered("lon-1");
  Json arguments;
  arguments.set("size", "s-8vcpu-16gb");
  ASSERT_TRUE(world.provider().act(id, Action::kResize, arguments, kLimits).ok());
  world.advance(hours(1));
  EXPECT_EQ(world.balance(), "499.85");  // 500 - 0.14286 = 499.85714
}

TEST(Billing, ATestPeriodEndsServersAndIsOverOnceTheyArePaidFor) {
  SmallWorld world;
  world.ctl(CtlSet{.server = "world", .field = "testPeriod", .value = "2h"});
  const std::string id = world.delivered("trial");
  const ObservedServer server = world.see(id);
  ASSERT_TRUE(server.expires.has_value());
  EXPECT_EQ(*server.expires, *server.delivered + hours(2));
  world.advance(hours(2));
  EXPECT_EQ(world.see(id).phase, Phase::kExpired);
  EXPECT_EQ(world.balance(), "499.96");  // both hours were full
  ASSERT_TRUE(world.provider().act(id, Action::kReactivate, {}, kLimits).ok());
  world.advance(hours(50));
  EXPECT_EQ(world.see(id).phase, Phase::kActive);
  EXPECT_FALSE(world.see(id).expires.has_value());
}

TEST(Billing, TheDepositCountsExpiredAndStoppedServersToo) {
  SmallWorld world;
  const std::string a = world.delivered("a");
  world.delivered("b");
  ASSERT_TRUE(world.provider().act(a, Action::kStop, {}, kLimits).ok());
  world.ctl(CtlExpire{.server = "b"});
  world.ctl(CtlBalance{.amount = "59.99"});
  EXPECT_EQ(world.provider().create(wanted("c"), kLimits).error().code, ErrorCode::kRefusedForMoney);
  ASSERT_TRUE(world.provider().remove(a, kLimits).ok());
  EXPECT_TRUE(world.provider().create(wanted("c"), kLimits).ok());
}

TEST(Billing, ExamplesOfTheTrade) {
  // 177.40 with 5 servers carries three more, at 120, 140 and 160; the fourth needs 180 (domain.md).
  SmallWorld world;
  for (const char* name : {"a", "b", "c", "d", "e"}) ASSERT_TRUE(world.provider().create(wanted(name), kLimits).ok());
  world.ctl(CtlBalance{.amount = "177.40"});
  for (const char* name : {"f", "g", "h"}) EXPECT_TRUE(world.provider().create(wanted(name), kLimits).ok());
  EXPECT_EQ(world.provider().create(wanted("i"), kLimits).error().code, ErrorCode::kRefusedForMoney);
  world.ctl(CtlBalance{.amount = "+2.60"});
  EXPECT_TRUE(world.provider().create(wanted("i"), kLimits).ok());
}

}  // namespace
}  // namespace switchyard
