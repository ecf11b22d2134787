#include "state/lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fmt/format.h>

#include "state/lock_row.h"
#include "tests/state/samples.h"
#include "tests/state/world.h"

namespace switchyard::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

constexpr Duration kLease = std::chrono::minutes(1);
constexpr Duration kAtOnce{};

Result<std::unique_ptr<Lock>> acquire(const std::string& path, Duration lease = kLease) {
  return Lock::acquire(path, "ben@host", lease, kAtOnce);
}

// A process that takes the lock, says so, and keeps it until it is told to let go or is killed.
class Holder {
 public:
  Holder(const std::string& path, Duration lease) : child_([&] { return hold(path, lease); }) {
    fence_ = said_.receive().value_or(0);
  }
  void order_to_let_go() const { orders_.send(1); }
  void let_go() {
    order_to_let_go();
    EXPECT_EQ(child_.wait(), 0);
  }
  // What renew() says there: 0 when it went well.
  std::int64_t renew() {
    orders_.send(2);
    return said_.receive().value_or(-1);
  }
  void kill() { child_.kill(); }
  pid_t pid() const { return child_.pid(); }
  std::int64_t fence() const { return fence_; }

 private:
  int hold(const std::string& path, Duration lease) const {
    const auto lock = acquire(path, lease);
    if (!lock) return 1;
    said_.send((*lock)->fence());
    while (orders_.receive() == 2) {
      const auto renewed = (*lock)->renew();
      said_.send(renewed ? 0 : static_cast<std::int64_t>(renewed.error().code) + 1);
    }
    return 0;
  }

  Pipe said_;
  Pipe orders_;
  Child child_;
  std::int64_t fence_ = 0;
};

class LockTest : public ::testing::Test {
 protected:
  TempFolder folder_;
  std::string path_ = folder_.file("new/state.db");
};

TEST_F(LockTest, TheFirstOneGetsItAndMakesTheFiles) {
  const auto lock = must(acquire(path_));
  EXPECT_GT(lock->fence(), 0);
  EXPECT_FALSE(lock->took_over_from_the_dead());
  EXPECT_EQ(mode_of(path_), 0600);
  EXPECT_EQ(mode_of(path_ + ".lock"), 0600);
  EXPECT_EQ(mode_of(folder_.file("new")), 0700);
}

TEST_F(LockTest, TheSecondOneIsToldWhoHoldsItAndSinceWhen) {
  const auto lock = must(acquire(path_));
  const auto second = Lock::acquire(path_, "ann@host", kLease, kAtOnce);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kLocked);
  const std::string time = "[0-9-]+T[0-9:]+Z";
  EXPECT_THAT(
      second.error().message,
      MatchesRegex(fmt::format("the state is locked by ben@host \\(pid {}\\) since {}, until {}; wait for it or "
                               "use --lock-timeout",
                               ::getpid(), time, time)));
}

TEST_F(LockTest, AnActorWithoutAHostIsShownWithIt) {
  const auto lock = must(Lock::acquire(path_, "deploy", kLease, kAtOnce));
  EXPECT_THAT(acquire(path_).error().message, HasSubstr("locked by deploy@" + this_host().name + " (pid "));
}

TEST_F(LockTest, OnceReleasedItIsFreeAndTheFenceGrows) {
  std::int64_t last = 0;
  for (int i = 0; i < 3; ++i) {
    const auto lock = must(acquire(path_));
    EXPECT_FALSE(lock->took_over_from_the_dead());
    EXPECT_GT(lock->fence(), last);
    last = lock->fence();
  }
}

TEST_F(LockTest, TheFenceGrowsAlsoWhenTheStateFileWasLost) {
  // Agents remember the newest number they saw: a state that begins again must not begin below it.
  std::int64_t last = 0;
  for (int i = 0; i < 3; ++i) last = must(acquire(path_))->fence();
  const auto hour_later = std::chrono::system_clock::now() + std::chrono::hours(1);
  EXPECT_LT(last, std::chrono::system_clock::to_time_t(hour_later));
  const TempFolder another;
  EXPECT_GE(must(acquire(another.file("state.db")))->fence() + 3, last);
}

TEST_F(LockTest, AnotherProcessKeepsUsOutAsLongAsItLives) {
  Holder holder(path_, kLease);
  const auto refused = acquire(path_);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr(fmt::format("(pid {})", holder.pid())));
  holder.let_go();
  const auto lock = must(acquire(path_));
  EXPECT_FALSE(lock->took_over_from_the_dead());
  EXPECT_GT(lock->fence(), holder.fence());
}

TEST_F(LockTest, OneThatWaitsGetsItWhenItComesFree) {
  Holder holder(path_, kLease);
  holder.order_to_let_go();
  const auto lock = Lock::acquire(path_, "ann@host", kLease, std::chrono::minutes(1));
  ASSERT_TRUE(lock.ok());
  EXPECT_GT((*lock)->fence(), holder.fence());
  EXPECT_FALSE((*lock)->took_over_from_the_dead());
}

TEST_F(LockTest, AnOwnerKilledOnThisHostIsReplacedAtOnce) {
  Holder holder(path_, std::chrono::hours(24));
  holder.kill();
  const auto lock = must(acquire(path_));
  EXPECT_TRUE(lock->took_over_from_the_dead());
  EXPECT_GT(lock->fence(), holder.fence());
}

TEST_F(LockTest, AnOwnerOnAnotherHostIsWaitedForUntilItExpires) {
  must(acquire(path_));
  const auto elsewhere = [&](Timestamp expires) {
    must(write_lock(*raw(path_), {.fence = 7,
                                  .who = "ann@elsewhere",
                                  .host = "elsewhere",
                                  .boot = "another boot",
                                  .pid = 1,
                                  .since = at("2026-11-23T18:04:11Z"),
                                  .expires = expires,
                                  .flocked = true}));
  };
  const auto now = std::chrono::floor<Duration>(std::chrono::system_clock::now());
  elsewhere(now + std::chrono::hours(1));
  EXPECT_EQ(acquire(path_).error().code, ErrorCode::kLocked);
  EXPECT_THAT(acquire(path_).error().message, HasSubstr("ann@elsewhere (pid 1) since 2026-11-23T18:04:11Z"));
  elsewhere(now - std::chrono::milliseconds(1));
  const auto lock = must(acquire(path_));
  EXPECT_GT(lock->fence(), 7);
  EXPECT_FALSE(lock->took_over_from_the_dead());  // it had its time: no call of it can be in flight
}

TEST_F(LockTest, AnOwnerThatLivesOnPastItsLeaseIsReplacedAndFenced) {
  Holder late(path_, kAtOnce);
  const auto lock = must(acquire(path_));
  EXPECT_FALSE(lock->took_over_from_the_dead());
  EXPECT_EQ(late.renew(), static_cast<std::int64_t>(ErrorCode::kFenced) + 1);

  // The late one still holds the file, so that its freedom proves nothing about us: not before we hold it ourselves.
  late.kill();
  EXPECT_EQ(Lock::acquire(path_, "ann@host", kLease, kAtOnce).error().code, ErrorCode::kLocked);
  must(lock->renew());
  EXPECT_TRUE(LockFile::held_by_anybody(path_));
  EXPECT_EQ(Lock::acquire(path_, "ann@host", kLease, kAtOnce).error().code, ErrorCode::kLocked);
}

TEST_F(LockTest, TheMachinesClockThatItIsGivenDecidesWhenALeaseIsOver) {
  Timestamp now = Timestamp(std::chrono::hours(24 * 365 * 60));
  const MachineClock clock = [&now] { return now; };
  const auto lock = must(Lock::acquire(path_, "ben@host", kLease, kAtOnce, clock));
  EXPECT_EQ(lock->expires(), now + kLease);
  now += kLease - std::chrono::seconds(1);
  EXPECT_FALSE(Lock::acquire(path_, "ann@host", kLease, kAtOnce, clock).ok());
  now += std::chrono::seconds(1);
  const auto taken = Lock::acquire(path_, "ann@host", kLease, kAtOnce, clock);
  ASSERT_TRUE(taken.ok());
  // It stays fenced, whatever the clock says after another jump.
  now -= std::chrono::hours(5);
  const auto renewed = lock->renew();
  ASSERT_FALSE(renewed.ok());
  EXPECT_EQ(renewed.error().code, ErrorCode::kFenced);
}

TEST_F(LockTest, RenewingMovesTheEndOfTheLease) {
  const auto lock = must(acquire(path_));
  must(raw(path_)->execute("UPDATE lock SET expires = 0"));
  must(lock->renew());
  EXPECT_GE(lock->expires(), std::chrono::system_clock::now() + kLease - std::chrono::seconds(30));
  EXPECT_EQ(must(read_lock(*raw(path_))).expires, lock->expires());
}

TEST_F(LockTest, AStoreWritesOnlyUnderTheNewestLock) {
  const auto store = must(Store::open(path_, Store::Mode::kReadWrite));
  Batch batch;
  batch.events = {an_event("x")};
  EXPECT_EQ(store->commit(batch, Durability::kSoon).error().code, ErrorCode::kFenced);
  {
    const auto first = must(acquire(path_, kAtOnce));
    store->set_fence(first->fence());
    must(store->commit(batch, Durability::kSoon));
    Holder second(path_, kLease);  // the first one's lease is over
    ASSERT_GT(second.fence(), first->fence());
    const auto fenced = store->commit(batch, Durability::kSoon);
    ASSERT_FALSE(fenced.ok());
    EXPECT_EQ(fenced.error().code, ErrorCode::kFenced);
    EXPECT_THAT(fenced.error().message, HasSubstr(fmt::format("taken over by ben@host (pid {})", second.pid())));
    EXPECT_EQ(store->save(an_account("main", 1)).error().code, ErrorCode::kFenced);
    EXPECT_EQ(store->set_note("a", "b").error().code, ErrorCode::kFenced);
    second.let_go();
  }
  EXPECT_EQ(must(store->events({})).size(), 1U);
  EXPECT_EQ(must(store->observed()).size(), 0U);
}

TEST_F(LockTest, TheLockOfOneWhoWasFencedFreesNothing) {
  auto first = must(acquire(path_, kAtOnce));
  const auto second = must(acquire(path_));
  first.reset();
  EXPECT_EQ(must(read_lock(*raw(path_))).fence, second->fence());
  EXPECT_TRUE(must(read_lock(*raw(path_))).held());
}

TEST_F(LockTest, OnlyOneOfManyAtOnceGetsIt) {
  must(acquire(path_));
  Pipe won;
  Pipe over;
  std::vector<std::unique_ptr<Child>> children;
  for (int i = 0; i < 8; ++i) {
    children.push_back(std::make_unique<Child>([&] {
      const auto lock = acquire(path_);
      won.send(lock ? 1 : 0);
      return over.receive() ? 0 : 1;  // keeps what it has until all have tried
    }));
  }
  std::int64_t winners = 0;
  for (int i = 0; i < 8; ++i) winners += won.receive().value_or(100);
  EXPECT_EQ(winners, 1);
  for (int i = 0; i < 8; ++i) over.send(1);
  for (const auto& child : children) EXPECT_EQ(child->wait(), 0);
}

}  // namespace
}  // namespace switchyard::testing
