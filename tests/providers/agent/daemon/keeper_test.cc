#include <gmock/gmock.h>

#include "providers/agent/daemon/threaded_keeper.h"
#include "specs/base/digest.h"
#include "tests/providers/agent/daemon/small_server.h"

namespace switchyard::testing {
namespace {

class KeeperTest : public ::testing::Test {
 protected:
  KeeperTest() : control_(server_.place(), ControlTimes{}, server_, server_, clock_, server_.keep_diary()) {
    EXPECT_TRUE(control_.open().ok());
    keeper_.emplace(control_, server_.folder());
  }
  SmallClock clock_;
  SmallServer server_{clock_};
  Control control_;
  std::optional<ThreadedKeeper> keeper_;
};

TEST_F(KeeperTest, AConfigurationIsInForceWhenItsAnswerCame) {
  ASSERT_TRUE(keeper_->admit(3).ok());
  ASSERT_TRUE(keeper_->configure(configured(5060, 100), std::chrono::minutes(1)).ok());
  EXPECT_EQ(keeper_->report().applied_digest, digest_of(configured(5060, 100).fields));
  EXPECT_EQ(keeper_->admit(2).error().code, ErrorCode::kFenced);
}

TEST_F(KeeperTest, ARefusalComesBackToWhoAsked) {
  const auto done = keeper_->configure(configured(99999, 100), std::chrono::minutes(1));
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(keeper_->act(Action::kCreate, std::chrono::minutes(1)).error().code, ErrorCode::kInvalid);
}

TEST_F(KeeperTest, ManyAskAtOnceAndEachIsAnswered) {
  std::vector<std::jthread> askers;
  std::atomic<int> answered = 0;
  for (int i = 0; i < 8; ++i) {
    askers.emplace_back([&, i] {
      if (keeper_->configure(configured(5060, 100 + i), std::chrono::minutes(1)).ok()) ++answered;
      if (keeper_->report().release == "1.0") ++answered;
    });
  }
  askers.clear();
  EXPECT_EQ(answered, 16);
  EXPECT_EQ(server_.starts, 1);
}

TEST_F(KeeperTest, LooksAfterItsProcessHoweverMuchIsAskedOfIt) {
  keeper_.reset();
  ASSERT_TRUE(control_.configure(configured(5060, 100)).ok());
  server_.crash();
  keeper_.emplace(control_, server_.folder());
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  bool runs = false;
  while (!runs && std::chrono::steady_clock::now() < patience) runs = keeper_->report().booted.has_value();
  EXPECT_TRUE(runs);
  keeper_.reset();
  EXPECT_EQ(server_.starts, 2);
}

}  // namespace
}  // namespace switchyard::testing
