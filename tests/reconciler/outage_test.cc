// A provider that cannot be reached, or that limits how often it is asked, while an apply runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reconciler/fleet_fixture.h"

namespace switchyard::testing {
namespace {

using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string switches(std::string_view names) {
  std::string text = "Account main {provider: sim}\nZone london {account: main, region: lon1}\nCluster core {}\n";
  for (const char name : names) {
    text += std::string("Server ") + name + " {zone: london, size: s-1vcpu-2gb, cluster: core}\n";
  }
  return text;
}

void limit(Fleet& fleet, int requests_per_minute) {
  fleet.set("world", "requestsPerMinute", std::to_string(requests_per_minute));
}

TEST(RateLimit, AnApplyUnderATightOneTakesItsTimeAndConverges) {
  Fleet fleet(switches("abc"));
  limit(fleet, 6);
  const ApplyReport report = fleet.apply();
  EXPECT_THAT(report.failures, IsEmpty());
  EXPECT_EQ(report.exit_code(), 0) << ::testing::PrintToString(holds_of(report.holds));
  EXPECT_THAT(fleet.world(), ElementsAre("a active", "b active", "c active"));
  EXPECT_EQ(fleet.number("created"), 3);
  EXPECT_THAT(
      fleet.progress,
      Contains(StartsWith("Account/main: takes no more calls for now: its rate limit is reached; next try in ")));
  EXPECT_TRUE(fleet.plan().empty());
}

// The configuration is in force at once; only a look can tell, and looks are dear.
TEST(RateLimit, ATightOneDoesNotKeepAnOpenUpdateFromBeingClosed) {
  Fleet fleet(switches("ab"));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  std::string edited = switches("ab");
  edited.replace(edited.find("core}\nServer b"), 4, "core, cps: 40");
  fleet.want(edited);
  fleet.witness.before = [&fleet](const Call& call) {
    if (std::holds_alternative<ConfigureCall>(call.what)) fleet.witness.lives = 1;
  };
  EXPECT_THROW(fleet.apply(), Killed);
  fleet.witness.before = nullptr;
  fleet.witness.lives = -1;
  ASSERT_EQ(fleet.store().open_intents()->size(), 1U);
  limit(fleet, 6);
  // Somebody else has used up this minute.
  for (int i = 0; i < 3; ++i) (void)fleet.plan();
  const ApplyReport report = fleet.apply();
  EXPECT_EQ(report.exit_code(), 0) << ::testing::PrintToString(holds_of(report.holds));
  EXPECT_THAT(*fleet.store().open_intents(), IsEmpty());
  EXPECT_TRUE(fleet.plan().empty());
}

// More pages than a minute allows: begun anew at each refusal, such a listing would never end.
TEST(RateLimit, AListingOfMorePagesThanAMinuteAllowsIsReadToItsEnd) {
  Fleet fleet(switches("abcdefgh"));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.set("world", "pageSize", "1");
  limit(fleet, 3);
  const Plan plan = fleet.plan();
  EXPECT_TRUE(plan.empty()) << ::testing::PrintToString(holds_of(plan.holds));
  EXPECT_EQ(plan.summary.unchanged, 8);
}

TEST(RateLimit, AnApplyWhoseTimeIsUpDoesNotWaitForIt) {
  Fleet fleet(switches("a"));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  limit(fleet, 1);
  (void)fleet.plan();
  const std::string before = fleet.dump().string_or("now", "");
  fleet.timeout = Duration(0);
  EXPECT_EQ(fleet.apply().exit_code(), 4);
  EXPECT_EQ(fleet.dump().string_or("now", ""), before);
}

TEST(RateLimit, OneCallAMinuteIsEnough) {
  Fleet fleet(switches("a"));
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  limit(fleet, 1);
  fleet.want(switches("ab"));
  const ApplyReport report = fleet.apply();
  EXPECT_EQ(report.exit_code(), 0) << ::testing::PrintToString(holds_of(report.holds));
  EXPECT_THAT(fleet.world(), ElementsAre("a active", "b active"));
}

}  // namespace
}  // namespace switchyard::testing
