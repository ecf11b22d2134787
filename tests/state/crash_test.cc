// Laws 3 and 11 against kill -9: what was acknowledged is there, what was not is there whole or not at all.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/format.h>

#include <atomic>
#include <map>

#include "specs/base/random.h"
#include "state/lock.h"
#include "state/store.h"
#include "tests/state/samples.h"
#include "tests/state/world.h"

namespace {
std::atomic<int> syncs{0};
}

// Stand before the C library's, so that a test can count how often SQLite makes the disk write.
extern "C" int fdatasync(int file) {
  ++syncs;
  return static_cast<int>(::syscall(SYS_fdatasync, file));
}
extern "C" int fsync(int file) {
  ++syncs;
  return static_cast<int>(::syscall(SYS_fsync, file));
}

namespace switchyard::testing {
namespace {

// Commits batches of 1 to 8 intents until it is killed, and says each one's number once commit() has returned.
int commit_for_ever(const std::string& path, std::uint64_t seed, const Pipe& acknowledged) {
  const auto lock = Lock::acquire(path, "ben@host", std::chrono::hours(1), {});
  if (!lock) return 1;
  const auto store = must(Store::open(path, Store::Mode::kReadWrite));
  store->set_fence((*lock)->fence());
  Random random(seed);
  for (std::int64_t number = 0;; ++number) {
    Batch batch;
    const auto size = random.between(1, 8);
    for (std::int64_t i = 0; i < size; ++i) {
      batch.intents.push_back(an_intent(fmt::format("round-{}-{}", seed, number)));
      batch.intents.back().reason = std::to_string(size);
      batch.events.push_back(an_event("written"));
      batch.events.back().intent = -(i + 1);
    }
    if (!store->commit(batch, Durability::kSynced)) return 2;
    acknowledged.send(number);
    if (number % 16 == 0 && !store->save(an_account("main", static_cast<int>(random.between(1, 40))))) return 3;
  }
}

TEST(Crash, WhatWasAcknowledgedSurvivesKillNine) {
  const TempFolder folder;
  const std::string path = folder.file("state.db");
  Random random(6);
  std::int64_t total = 0;
  for (std::uint64_t round = 0; round < 30; ++round) {
    Pipe acknowledged;
    Child child([&] { return commit_for_ever(path, round, acknowledged); });
    acknowledged.close_writer();
    // Killed somewhere in the work that follows this many commits.
    std::int64_t newest = -1;
    for (auto wait_for = random.between(1, 60); wait_for > 0; --wait_for) {
      const auto number = acknowledged.receive();
      ASSERT_TRUE(number) << "the child ended by itself";
      newest = *number;
    }
    child.kill();
    while (const auto number = acknowledged.receive()) newest = *number;
    total += newest + 1;

    const auto store = must(Store::open(path, Store::Mode::kReadOnly));
    ASSERT_TRUE(must(store->doctor()).healthy());
    std::map<std::string, std::pair<std::int64_t, std::int64_t>> batches;  // name -> (found, meant)
    for (const OpenIntent& open : must(store->open_intents())) {
      auto& [found, meant] = batches[open.intent.resource.name];
      ++found;
      meant = std::stoll(open.intent.reason);
    }
    for (std::int64_t number = 0; number <= newest; ++number) {
      ASSERT_TRUE(batches.contains(fmt::format("round-{}-{}", round, number))) << "acknowledged and lost";
    }
    for (const auto& [name, counts] : batches) ASSERT_EQ(counts.first, counts.second) << "half a batch: " << name;
    ASSERT_EQ(must(store->events({})).size(), must(store->open_intents()).size());
  }
  EXPECT_GT(total, 30);
  const auto lock = must(Lock::acquire(path, "ben@host", std::chrono::hours(1), {}));
  EXPECT_TRUE(lock->took_over_from_the_dead());
}

TEST(Crash, AGroupOf64IntentsCostsOneSync) {
  const TempFolder folder;
  const auto store = writable_store(folder.file("state.db"));
  const auto syncs_of = [&](const auto& work) {
    const int before = syncs;
    work();
    return syncs - before;
  };
  const auto commit_64 = [&] {
    Batch batch;
    batch.intents.assign(64, an_intent("lon-1"));
    must(store->commit(batch, Durability::kSoon));  // intents are synced whatever is asked for
  };
  commit_64();  // the log's own beginning
  EXPECT_EQ(syncs_of(commit_64), 1);
  EXPECT_EQ(syncs_of([&] {
              Batch batch;
              batch.events = {an_event("x")};
              must(store->commit(batch, Durability::kSoon));
              must(store->save(an_account("main", 3)));
            }),
            0);
}

}  // namespace
}  // namespace switchyard::testing
