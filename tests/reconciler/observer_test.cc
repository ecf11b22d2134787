#include "reconciler/engine/observer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace switchyard {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr Timestamp kNow{std::chrono::sys_days(std::chrono::year(2026) / 11 / 1)};

ObservedServer machine(const std::string& id) {
  ObservedServer server;
  server.id = id;
  server.name = id;
  server.mark = Mark{.fleet = "f", .key = Key{Kind::kServer, id}, .uid = "u-" + id};
  return server;
}

// As Observer::forget() leaves it.
ObservedServer removed(const std::string& id) {
  ObservedServer server = machine(id);
  server.mark.reset();
  server.confirmed_gone = true;
  return server;
}

ObservedAccount account_with(std::vector<ObservedServer> servers) {
  ObservedAccount account;
  account.name = "main";
  account.catalogue = Catalogue{};
  account.catalogue->settling = seconds(40);
  account.servers = std::move(servers);
  return account;
}

std::vector<std::string> there(const ObservedAccount& account) {
  std::vector<std::string> ids;
  for (const ObservedServer& server : account.servers) {
    if (!server.confirmed_gone && !server.missing_since) ids.push_back(server.id);
  }
  return ids;
}

TEST(MergeListing, WhatWeRemovedMayLingerInListingsForTheSettlingTime) {
  ObservedAccount account = account_with({removed("a"), machine("b")});
  merge_listing(account, {machine("a"), machine("b")}, kNow);
  EXPECT_THAT(there(account), ElementsAre("b"));
  merge_listing(account, {machine("b")}, kNow + seconds(10));
  merge_listing(account, {machine("a"), machine("b")}, kNow + seconds(39));
  EXPECT_THAT(there(account), ElementsAre("b"));
}

TEST(MergeListing, WhatIsListedLongAfterItsRemovalIsThereAfterAll) {
  ObservedAccount account = account_with({removed("a")});
  merge_listing(account, {machine("a")}, kNow);
  merge_listing(account, {machine("a")}, kNow + seconds(40));
  EXPECT_THAT(there(account), ElementsAre("a"));
  EXPECT_EQ(account.servers[0].mark, machine("a").mark);
}

TEST(MergeListing, WhatWeRemovedIsForgottenOnceListingsHaveSettled) {
  ObservedAccount account = account_with({removed("a")});
  merge_listing(account, {}, kNow);
  EXPECT_THAT(account.servers, Not(IsEmpty()));
  merge_listing(account, {}, kNow + seconds(40));
  EXPECT_THAT(account.servers, IsEmpty());
}

TEST(MergeListing, WhatIsListedTwiceIsThereOnce) {
  ObservedAccount account = account_with({});
  merge_listing(account, {machine("b"), machine("a"), machine("b")}, kNow);
  EXPECT_THAT(there(account), ElementsAre("a", "b"));
}

TEST(MergeListing, WhatWasJustOrderedIsNotMissingYet) {
  ObservedServer ordered = machine("a");
  ordered.created = kNow;
  ObservedAccount account = account_with({ordered});
  merge_listing(account, {}, kNow + seconds(39));
  EXPECT_THAT(there(account), ElementsAre("a"));
  merge_listing(account, {}, kNow + seconds(40));
  EXPECT_THAT(there(account), IsEmpty());
  EXPECT_EQ(account.servers[0].missing_listings, 1);
}

}  // namespace
}  // namespace switchyard
