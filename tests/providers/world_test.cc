// Time, delivery and chance in the simulated world.
#include "providers/sim/world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/providers/small_world.h"

namespace switchyard {
namespace {

using std::chrono::minutes;
using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;

std::vector<Duration> deliveries(std::uint64_t seed) {
  WorldSettings settings;
  settings.seed = seed;
  World world(new_world(settings));
  std::vector<Duration> spans;
  for (int i = 0; i < 20; ++i) {
    const auto created = world.create(wanted("s" + std::to_string(i)), CreateFate::kSucceeds);
    if (!created) break;
    const Timestamp before = world.now();
    world.advance_to(*world.next_event());
    while (world.get(created->id)->phase == Phase::kProvisioning) world.advance_to(*world.next_event());
    spans.push_back(*world.get(created->id)->delivered - before);
  }
  return spans;
}

TEST(World, DeliveryTakesOneToFourMinutesByTheSeed) {
  const std::vector<Duration> spans = deliveries(1);
  ASSERT_EQ(spans.size(), 20U);
  EXPECT_THAT(spans, ::testing::Each(AllOf(Ge(minutes(1)), Le(minutes(4)))));
  EXPECT_EQ(spans, deliveries(1));
  EXPECT_NE(spans, deliveries(2));
}

TEST(World, StandsStillUnlessItIsMovedOn) {
  SmallWorld world;
  ASSERT_TRUE(world.provider().create(wanted("a"), kLimits).ok());
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(world.provider().list("", kLimits).ok());
  EXPECT_EQ(world.now(), kBeginning);
}

TEST(World, TimeNeverGoesBack) {
  SmallWorld world;
  world.advance(minutes(10));
  ASSERT_TRUE(world.time().advance_to(world.time().now() - minutes(5)).ok());
  EXPECT_EQ(world.now(), "2026-01-01T00:10:00Z");
  EXPECT_EQ(world.ctl(CtlAdvance{.by = -minutes(1)}), Json("time does not go back; advance by 0s or more"));
}

TEST(World, AnnouncesWhatHappensNext) {
  SmallWorld world;
  EXPECT_FALSE(world.time().next_event().has_value());
  const std::string id = world.provider().create(wanted("a"), kLimits)->id;
  const auto delivery = world.time().next_event();
  ASSERT_TRUE(delivery.has_value());
  ASSERT_TRUE(world.time().advance_to(*delivery - Duration(1)).ok());
  EXPECT_EQ(world.see(id).phase, Phase::kProvisioning);
  ASSERT_TRUE(world.time().advance_to(*delivery).ok());
  EXPECT_EQ(world.see(id).phase, Phase::kActive);
  EXPECT_EQ(world.time().next_event(), *delivery + std::chrono::hours(1));  // its first charge
  world.ctl(CtlCalls{.server = "a", .calls = 2, .lasting = minutes(3)});
  EXPECT_EQ(world.time().next_event(), *delivery + minutes(3));  // its calls' end
  ASSERT_TRUE(world.provider().remove(id, kLimits).ok());
  EXPECT_FALSE(world.time().next_event().has_value());
}

TEST(World, SaltsDifferFromServerToServerAndStayWithTheServer) {
  SmallWorld world;
  const std::string a = world.delivered("a");
  const std::string b = world.delivered("b");
  const std::string salt = world.see(a).agent->salt;
  EXPECT_NE(salt, world.see(b).agent->salt);
  ASSERT_TRUE(world.provider().act(a, Action::kInstall, {}, kLimits).ok());
  world.advance(minutes(5));
  EXPECT_EQ(world.see(a).agent->salt, salt);
}

TEST(World, CallsForEverEndWithNothingButTheServer) {
  SmallWorld world;
  const std::string id = world.delivered("a");
  world.ctl(CtlCalls{.server = id, .calls = 7, .lasting = {}});
  world.advance(std::chrono::hours(24));
  EXPECT_EQ(world.see(id).agent->channels, 7);
  ASSERT_TRUE(world.provider().remove(id, kLimits).ok());
  EXPECT_EQ(world.dump().integer_or("callsCut", 0), 7);
}

TEST(World, AnAgentRemembersTheHighestFence) {
  SmallWorld world;
  const std::string id = world.delivered("a");
  ASSERT_TRUE(world.agent().act(world.see(id), Action::kDrain, {.timeout = {}, .fence = 41}).ok());
  ASSERT_TRUE(world.agent().act(world.see(id), Action::kUndrain, {.timeout = {}, .fence = 40}).ok());
  EXPECT_EQ(world.dump().find("servers")->array()->front().integer_or("fence", 0), 41);
}

TEST(World, AWholeMonthFromOneSeedIsOneTrace) {
  const auto month = [] {
    SmallWorld world;
    std::string trace;
    for (int i = 0; i < 8; ++i) world.delivered("s" + std::to_string(i));
    world.ctl(CtlBalance{.amount = "40.00"});
    for (int step = 0; step < 2000; ++step) {
      const auto next = world.time().next_event();
      if (!next || *next > *parse_timestamp("2026-02-01T00:00:00Z")) break;
      world.advance_to_next();
      trace += world.now() + " " + world.balance() + "\n";
    }
    return trace + to_string(world.dump());
  };
  EXPECT_EQ(month(), month());
}

}  // namespace
}  // namespace switchyard
