// The lease of the lock (law 11), on a machine's clock that the test holds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "reconciler/engine/hands.h"

namespace switchyard::testing {
namespace {

using std::chrono::seconds;

// Takes calls and never answers.
class SilentRunner : public Runner {
 public:
  Timestamp now() override { return {}; }
  void start(CallId, Call call) override { started.push_back(std::move(call)); }
  std::vector<Completion> wait(Timestamp) override { return {}; }
  int stops() override { return 0; }

  std::vector<Call> started;
};

class LeaseTest : public ::testing::Test {
 protected:
  LeaseTest() {
    std::filesystem::create_directories(folder_);
    lock_ = Lock::acquire(folder_ + "/state.db", "tester", seconds(60), Duration{}, [this] { return clock_; }).value();
    options_.machine_clock = [this] { return disk_takes_ && wrote() ? late() : clock_; };
    hands_ = std::make_unique<Hands>(*store_, lock_.get(), runner_, options_);
  }
  ~LeaseTest() override {
    lock_.reset();
    std::filesystem::remove_all(folder_);
  }

  // What the intent was written in took so long that the first look at the clock after it sees another time.
  bool wrote() { return !store_->open_intents().value().empty(); }
  Timestamp late() {
    clock_ += std::exchange(*disk_takes_, Duration{});
    return clock_;
  }
  void submit_a_removal() {
    hands_->submit("main", [] {
      return Hands::Submission{.intent = Intent{.resource = Key{Kind::kServer, "a"},
                                                .account = "main",
                                                .action = Action::kDelete,
                                                .origin = Intent::Origin::kPlanned,
                                                .uid = "u1",
                                                .provider_id = "sim-1",
                                                .written = {},
                                                .provider_now = {},
                                                .source_path = {},
                                                .request = {},
                                                .proof_before = {},
                                                .actor = {},
                                                .reason = {}},
                               .call = Call{"main", {}, RemoveCall{"sim-1"}},
                               .on_answer = [](std::int64_t, const Result<Answer>&) {}};
    });
  }

  std::string folder_ = ::testing::TempDir() + "lease-" + std::to_string(getpid());
  Timestamp clock_{std::chrono::hours(24 * 365 * 60)};
  std::optional<Duration> disk_takes_;
  EngineOptions options_{.actor = "tester", .reason = {}, .parallelism = {}, .timeout = {}};
  SilentRunner runner_;
  std::unique_ptr<Store> store_ = Store::open("", Store::Mode::kMemory).value();
  std::unique_ptr<Lock> lock_;
  std::unique_ptr<Hands> hands_;
};

TEST_F(LeaseTest, OneThatASlowDiskHasUsedUpIsRenewedBeforeTheCallGoes) {
  disk_takes_ = seconds(50);
  submit_a_removal();
  ASSERT_TRUE(hands_->turn({}).ok());
  ASSERT_EQ(runner_.started.size(), 1U);
  EXPECT_EQ(lock_->expires(), clock_ + seconds(60));
}

TEST_F(LeaseTest, OneThatWasLostMeanwhileSendsNothing) {
  std::unique_ptr<Lock> other;
  // Somebody takes over as soon as it is over.
  options_.machine_clock = [this, &other] {
    if (!wrote() || other) return clock_;
    clock_ += seconds(70);
    other = Lock::acquire(folder_ + "/state.db", "other", seconds(60), Duration{}, [this] { return clock_; }).value();
    return clock_;
  };
  submit_a_removal();
  const Result<Done> turned = hands_->turn({});
  ASSERT_FALSE(turned.ok());
  EXPECT_EQ(turned.error().code, ErrorCode::kFenced);
  EXPECT_TRUE(runner_.started.empty());
  // Its intent stands open, to be looked for.
  EXPECT_EQ(store_->open_intents().value().size(), 1U);
}

}  // namespace
}  // namespace switchyard::testing
