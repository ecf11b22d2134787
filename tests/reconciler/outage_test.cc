// A provider that cannot be reached, or that limits how often it is asked, while an apply runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/reconciler/fleet_fixture.h"

namespace switchyard::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

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
  const Result<ApplyReport> report = fleet.try_apply();
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, ErrorCode::kCancelled) << report.error().message;
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

// For so long, from the first create on its way, that many calls reach nobody.
void goes_away_after_create(Fleet& fleet, Duration after, Duration lasting) {
  fleet.witness.reaches = [after, lasting, began = std::optional<Timestamp>()](const Call& call,
                                                                               Timestamp now) mutable {
    if (!began && std::holds_alternative<CreateCall>(call.what)) began = now + after;
    return !began || now < *began || now >= *began + lasting;
  };
}

TEST(Outage, AProviderThatGoesAwayDuringDeliveryIsNamedAndTheApplyGoesOn) {
  Fleet fleet(switches("ab"));
  goes_away_after_create(fleet, seconds(1), minutes(3));
  EXPECT_EQ(fleet.apply().exit_code(), 0);
  EXPECT_THAT(fleet.progress, Contains("Account/main: cannot be seen: nobody listens there; next try in 5s"));
  EXPECT_THAT(fleet.progress, Contains("Account/main: "));
  EXPECT_EQ(std::ranges::count(fleet.progress, "Account/main: "), 1) << "it is told once that it answers again";
  EXPECT_THAT(fleet.world(), ElementsAre("a active", "b active"));
  EXPECT_EQ(fleet.number("created"), 2);
}

TEST(Outage, AProviderThatGoesAwayBeforeACreateIsNamedAndTheApplyGoesOn) {
  Fleet fleet(switches("ab"));
  goes_away_after_create(fleet, seconds(0), minutes(3));
  const ApplyReport report = fleet.apply();
  EXPECT_EQ(report.exit_code(), 0) << ::testing::PrintToString(report.failures);
  EXPECT_THAT(fleet.progress,
              Contains(ContainsRegex("create Server/a: account \"main\": nobody listens there; tried again in 1s")));
  EXPECT_THAT(fleet.progress, Contains("Account/main: cannot be seen: nobody listens there; next try in 5s"));
  EXPECT_THAT(fleet.world(), ElementsAre("a active", "b active"));
  EXPECT_EQ(fleet.number("created"), 2);
}

TEST(Outage, AProviderThatStaysAwayIsToldAsHeldAndTheNextApplyGoesOn) {
  Fleet fleet(switches("ab"));
  goes_away_after_create(fleet, seconds(0), minutes(20));
  const ApplyReport report = fleet.apply();
  EXPECT_EQ(report.exit_code(), 1);
  EXPECT_THAT(report.failures, Contains(HasSubstr("nobody listens there")));
  EXPECT_THAT(holds_of(report.holds), ElementsAre("create Server/a: observation", "create Server/b: observation"));
  fleet.advance(minutes(30));
  fleet.witness.reaches = nullptr;
  EXPECT_EQ(fleet.converge().exit_code(), 0);
  EXPECT_EQ(fleet.number("created"), 2);
}

// One that was never there is not waited for: the plan says so, and the apply ends.
TEST(Outage, AProviderThatIsAwayFromTheStartEndsTheApplyAtOnce) {
  Fleet fleet(switches("ab"));
  fleet.witness.reaches = [](const Call&, Timestamp) { return false; };
  const ApplyReport report = fleet.apply();
  EXPECT_EQ(report.exit_code(), 3);
  EXPECT_THAT(fleet.progress, IsEmpty());
}

}  // namespace
}  // namespace switchyard::testing
