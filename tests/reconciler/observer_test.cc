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

TEST(MergeListing, TellsWhetherAnythingButTimesIsOtherThanItWas) {
  const auto busy = [](std::int64_t channels, Timestamp reported) {
    ObservedServer server = machine("a");
    server.account = "main";
    server.agent = AgentReport{};
    server.agent->at = reported;
    server.agent->channels = channels;
    return server;
  };
  ObservedAccount account = account_with({});
  EXPECT_TRUE(merge_listing(account, {busy(3, kNow)}, kNow)) << "it is new";
  EXPECT_FALSE(merge_listing(account, {busy(3, kNow + seconds(9))}, kNow + seconds(10)));
  EXPECT_EQ(account.servers[0].seen, kNow + seconds(10));
  EXPECT_EQ(account.servers[0].agent->at, kNow + seconds(9));
  EXPECT_EQ(account.listed, kNow + seconds(10));
  EXPECT_TRUE(merge_listing(account, {busy(4, kNow)}, kNow)) << "a call more";
  EXPECT_TRUE(merge_listing(account, {}, kNow)) << "it is missing";
  EXPECT_TRUE(merge_listing(account, {}, kNow)) << "it is missing in one listing more";
  EXPECT_TRUE(merge_listing(account, {busy(4, kNow)}, kNow)) << "it is back";
  EXPECT_FALSE(merge_listing(account, {busy(4, kNow)}, kNow));
  account.trouble = Error{ErrorCode::kNotSent, "no route"};
  EXPECT_TRUE(merge_listing(account, {busy(4, kNow)}, kNow)) << "it answers again";
  EXPECT_TRUE(merge_listing(account, {busy(4, kNow), machine("b")}, kNow)) << "another is there";
}

TEST(MergeListing, KeepsServersInTheOrderOfTheirNamesWhateverOrderTheyComeIn) {
  ObservedAccount account = account_with({machine("b"), machine("d"), machine("a")});  // "a" was just ordered
  merge_listing(account, {machine("d"), machine("c"), machine("b"), machine("a")}, kNow);
  EXPECT_THAT(there(account), ElementsAre("a", "b", "c", "d"));
  ObservedServer renamed = machine("a");
  renamed.name = "z";
  EXPECT_TRUE(merge_listing(account, {renamed, machine("d"), machine("b"), machine("c")}, kNow));
  EXPECT_THAT(there(account), ElementsAre("b", "c", "d", "a"));
}

}  // namespace
}  // namespace switchyard
