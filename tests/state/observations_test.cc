#include "state/observations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "state/store.h"
#include "tests/state/samples.h"
#include "tests/state/world.h"

namespace switchyard::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::unique_ptr<Store> in_memory() {
  return must(Store::open("", Store::Mode::kMemory));
}

// Moves all that a look sees anew by `span`, as when nothing else has changed.
ObservedAccount looked_at_again(ObservedAccount account, Duration span) {
  *account.listed += span;
  for (ObservedServer& server : account.servers) {
    server.seen += span;
    server.agent->at += span;
    *server.agent->channels += 1;
    server.agent->cps = std::nullopt;
  }
  return account;
}

TEST(Observations, AnAccountReadsBackAsItWas) {
  const auto store = in_memory();
  EXPECT_THAT(must(store->observed()), IsEmpty());
  const ObservedAccount full = an_account("main", 3);
  ObservedAccount troubled = an_account("other", 0);
  troubled.balance = std::nullopt;
  troubled.catalogue = std::nullopt;
  troubled.listed = std::nullopt;
  troubled.trouble = Error{ErrorCode::kRateLimited, "slower", std::chrono::milliseconds(1500)};
  must(store->save(troubled));
  must(store->save(full));
  EXPECT_THAT(must(store->observed()), ElementsAre(full, troubled));
}

TEST(Observations, AnyServersReadBackSorted) {
  Random random(4);
  const auto store = in_memory();
  ObservedAccount account = an_account("main", 0);
  account.listed = std::nullopt;
  for (int i = 0; i < 300; ++i) {
    account.servers.push_back(any_server(random));
    account.servers.back().id = std::to_string(random.next());
  }
  account.servers[7].name = account.servers[9].name;
  must(store->save(account));
  std::ranges::sort(account.servers, {}, [](const ObservedServer& one) { return std::tie(one.name, one.id); });
  const auto read = must(store->observed());
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0], account);
}

TEST(Observations, WhatIsNoLongerNamedIsRemoved) {
  const auto store = in_memory();
  must(store->save(an_account("main", 3)));
  ObservedAccount less = an_account("main", 3);
  less.servers.erase(less.servers.begin() + 1);
  must(store->save(less));
  EXPECT_THAT(must(store->observed()), ElementsAre(less));
}

TEST(Observations, TheSameIdInTwoAccountsIsTwoServers) {
  const auto store = in_memory();
  must(store->save(an_account("a", 2)));
  must(store->save(an_account("b", 2)));
  must(store->save(an_account("a", 1)));
  EXPECT_THAT(must(store->observed()), ElementsAre(an_account("a", 1), an_account("b", 2)));
}

// How many rows of servers and bodies a save() wrote, seen from the database.
class Writes : public ::testing::Test {
 protected:
  Writes() {
    must(database_->execute(
        "CREATE TEMP TABLE written (what TEXT);"
        "CREATE TEMP TRIGGER a AFTER INSERT ON main.servers BEGIN INSERT INTO written VALUES ('head'); END;"
        "CREATE TEMP TRIGGER b AFTER INSERT ON main.server_bodies BEGIN INSERT INTO written VALUES ('body'); END;"
        "CREATE TEMP TRIGGER c AFTER UPDATE ON main.server_bodies BEGIN INSERT INTO written VALUES ('body'); END;"));
  }
  std::pair<std::int64_t, std::int64_t> save(const ObservedAccount& account) {
    must(database_->execute("DELETE FROM written"));
    must(observations_.save(account));
    return {must(database_->number("SELECT count(*) FROM written WHERE what = 'head'")),
            must(database_->number("SELECT count(*) FROM written WHERE what = 'body'"))};
  }

  TempFolder folder_;
  std::unique_ptr<Store> made_ = writable_store(folder_.file("state.db"));
  std::unique_ptr<sqlite::Database> database_ = raw(folder_.file("state.db"));
  Observations observations_{*database_};
};

TEST_F(Writes, ALookAtAnUnchangedFleetWritesNoServer) {
  const ObservedAccount account = an_account("main", 100);
  EXPECT_EQ(save(account), std::pair(100L, 100L));
  EXPECT_EQ(save(account), std::pair(0L, 0L));
  EXPECT_EQ(save(looked_at_again(account, std::chrono::minutes(59))), std::pair(0L, 0L));
}

TEST_F(Writes, AReadingOlderThanAnHourIsWrittenWithoutTheBody) {
  const ObservedAccount account = an_account("main", 100);
  save(account);
  const ObservedAccount later = looked_at_again(account, std::chrono::minutes(61));
  EXPECT_EQ(save(later), std::pair(100L, 0L));
  EXPECT_THAT(must(observations_.load()), ElementsAre(later));
}

TEST_F(Writes, OnlyTheServerThatChangedIsWritten) {
  ObservedAccount account = an_account("main", 100);
  save(account);
  account = looked_at_again(account, std::chrono::minutes(1));
  account.servers[42].phase = Phase::kExpired;
  EXPECT_EQ(save(account), std::pair(1L, 1L));
  EXPECT_EQ(must(observations_.load())[0].servers[42], account.servers[42]);
}

TEST_F(Writes, AnotherProcessComparesWithWhatTheFileHolds) {
  const ObservedAccount account = an_account("main", 10);
  save(account);
  observations_.forget();
  EXPECT_EQ(save(account), std::pair(0L, 0L));
}

TEST(Observations, AServerThatTheLastListingShowedWasSeenThen) {
  const auto store = in_memory();
  ObservedAccount account = an_account("main", 3);
  must(store->save(account));
  account = looked_at_again(account, std::chrono::minutes(10));
  account.servers[1].missing_since = account.listed;
  account.servers[1].missing_listings = 1;
  account.servers[1].seen = an_account("main", 3).servers[1].seen;
  account.servers[2].seen = *account.listed + std::chrono::seconds(5);  // asked for on its own
  account.servers[2].phase = Phase::kUpdating;
  must(store->save(account));
  const auto read = must(store->observed())[0];
  EXPECT_EQ(read.servers[0].seen, *account.listed);
  EXPECT_EQ(read.servers[1].seen, account.servers[1].seen);
  EXPECT_EQ(read.servers[2].seen, account.servers[2].seen);
  // A reading keeps its own age.
  EXPECT_EQ(read.servers[0].agent->at, an_account("main", 1).servers[0].agent->at);
}

TEST(Observations, AfterASaveThatFailedTheNextOneWritesAll) {
  const TempFolder folder;
  const std::string path = folder.file("state.db");
  const auto store = writable_store(path);
  must(store->save(an_account("main", 2)));
  const ObservedAccount grown = an_account("main", 5);
  must(
      raw(path)->execute("CREATE TRIGGER no BEFORE INSERT ON servers WHEN new.id = 'id-lon-000003' "
                         "BEGIN SELECT RAISE(ABORT, 'not now'); END"));
  EXPECT_FALSE(store->save(grown).ok());
  EXPECT_THAT(must(store->observed()), ElementsAre(an_account("main", 2)));
  must(raw(path)->execute("DROP TRIGGER no"));
  must(store->save(grown));
  EXPECT_THAT(must(store->observed()), ElementsAre(grown));
}

}  // namespace
}  // namespace switchyard::testing
