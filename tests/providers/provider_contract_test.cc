// What every Provider promises.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "specs/base/digest.h"
#include "tests/providers/sim_contract.h"

namespace switchyard {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ProviderContract : public SimContract {};

TEST_P(ProviderContract, OffersRegionsAndSizesWithPrices) {
  const auto catalogue = provider().catalogue(kLimits);
  ASSERT_TRUE(catalogue.ok());
  EXPECT_THAT(catalogue->regions, ElementsAre("ams1", "blr1", "fra1", "lon1", "nyc1", "sfo1", "sgp1", "syd1"));
  ASSERT_EQ(catalogue->sizes.size(), 4U);
  EXPECT_EQ(catalogue->sizes[1].name, "s-2vcpu-4gb");
  EXPECT_EQ(to_string(*catalogue->sizes[1].price), "0.03571");
  // What stands on this machine shows at once, and is there in a moment or never.
  EXPECT_EQ(catalogue->settling, std::chrono::seconds(real() ? 1 : 40));
  EXPECT_EQ(catalogue->delivery, std::chrono::minutes(real() ? 1 : 5));
  EXPECT_EQ(catalogue->delivery_failed, std::chrono::minutes(real() ? 5 : 15));
  EXPECT_TRUE(catalogue->agents);
}

TEST_P(ProviderContract, KnowsTheBalanceAndItsOwnTime) {
  const auto balance = provider().balance(kLimits);
  ASSERT_TRUE(balance.ok());
  EXPECT_EQ(for_people(balance->amount), "500.00 USD");
  EXPECT_EQ(to_string(balance->at), kBeginning);
}

TEST_P(ProviderContract, ListsNothingWhereNothingIs) {
  const auto page = provider().list("", kLimits);
  ASSERT_TRUE(page.ok());
  EXPECT_THAT(page->servers, IsEmpty());
  EXPECT_EQ(page->next, "");
  EXPECT_EQ(to_string(page->now), kBeginning);
}

TEST_P(ProviderContract, ACreateIsSeenAtOnceUnderItsMarkAndDeliveredWithinMinutes) {
  const auto created = provider().create(wanted("lon-1", "uid-1"), kLimits);
  ASSERT_TRUE(created.ok());
  ObservedServer server = see(created->id);
  EXPECT_EQ(server.id, created->id);
  EXPECT_EQ(server.mark, (Mark{.fleet = "main", .key = {.kind = Kind::kServer, .name = "lon-1"}, .uid = "uid-1"}));
  EXPECT_EQ(server.name, "lon-1");
  EXPECT_EQ(server.role, Role::kSwitch);
  EXPECT_EQ(server.phase, Phase::kProvisioning);
  EXPECT_EQ(server.ipv4, "");
  EXPECT_FALSE(server.agent.has_value());

  advance(std::chrono::seconds(59));
  EXPECT_EQ(see(created->id).phase, Phase::kProvisioning);
  settle(created->id, std::chrono::seconds(181));
  server = see(created->id);
  EXPECT_EQ(server.phase, Phase::kActive);
  EXPECT_EQ(server.region, "lon1");
  EXPECT_EQ(server.size, "s-1vcpu-2gb");
  EXPECT_THAT(server.ipv4, ::testing::MatchesRegex(real() ? "127[.]66[.][0-9]+[.][0-9]+" : "10[.]0[.]0[.]1"));
  EXPECT_EQ(server.ipv6, real() ? "" : "2001:db8::0:1");
  EXPECT_EQ(to_string(*server.price), "0.01786");
  EXPECT_TRUE(server.delivered.has_value());
}

TEST_P(ProviderContract, ACreateCarriesItsWholeConfiguration) {
  CreateRequest request = wanted("lon-1");
  request.peers = {{.purpose = Peer::For::kMedia, .name = "rtp-1", .address = "10.0.0.9", .weight = 1}};
  request.secrets = {{"carriers.acme.registration.password", "opensesame"}};
  const ObservedServer server = see(delivered(request));
  ASSERT_TRUE(server.agent.has_value());
  EXPECT_EQ(server.agent->applied, to_string(to_json(request.fields)));
  EXPECT_EQ(server.agent->applied_digest, digest_of(request.fields));
  EXPECT_EQ(server.agent->peers, request.peers);
  EXPECT_EQ(server.agent->channels, 0);
  EXPECT_FALSE(server.agent->drained);
  ASSERT_EQ(server.agent->fingerprints.size(), 1U);
  EXPECT_EQ(server.agent->fingerprints[0].first, "carriers.acme.registration.password");
  EXPECT_EQ(server.agent->fingerprints[0].second, hmac_sha256_hex(server.agent->salt, "opensesame"));
  EXPECT_NE(server.agent->salt, "");
}

TEST_P(ProviderContract, NamesAreNotUnique) {
  ASSERT_TRUE(provider().create(wanted("twin", "u1"), kLimits).ok());
  ASSERT_TRUE(provider().create(wanted("twin", "u2"), kLimits).ok());
  EXPECT_EQ(provider().list("", kLimits)->servers.size(), 2U);
}

TEST_P(ProviderContract, AListingIsPagedWithoutLossAndWithoutDoubles) {
  ctl(CtlBalance{.amount = "100000.00"});
  const std::size_t a_page = real() ? 2 : 200;
  if (real()) ctl(CtlSet{.server = "world", .field = "pageSize", .value = "2"});
  for (std::size_t i = 0; i < 2 * a_page + 1; ++i)
    ASSERT_TRUE(provider().create(wanted("s" + std::to_string(i)), kLimits).ok());
  std::vector<std::string> ids;
  std::vector<std::size_t> pages;
  std::string next;
  do {
    const auto page = provider().list(next, kLimits);
    ASSERT_TRUE(page.ok());
    pages.push_back(page->servers.size());
    for (const ObservedServer& server : page->servers) ids.push_back(server.id);
    next = page->next;
  } while (!next.empty());
  EXPECT_THAT(pages, ElementsAre(a_page, a_page, 1U));
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 2 * a_page + 1);
}

TEST_P(ProviderContract, AListingCarriesWhatAGetSays) {
  const std::string id = delivered(wanted("lon-1"));
  const auto page = provider().list("", kLimits);
  ASSERT_EQ(page->servers.size(), 1U);
  EXPECT_EQ(page->servers[0], see(id));
}

TEST_P(ProviderContract, WhatIsNotOfferedCannotBeCreated) {
  CreateRequest request = wanted("lon-1");
  request.region = "mars1";
  EXPECT_EQ(provider().create(request, kLimits).error().code, ErrorCode::kInvalid);
  request = wanted("lon-1");
  request.size = "s-1000vcpu";
  EXPECT_EQ(provider().create(request, kLimits).error().code, ErrorCode::kInvalid);
}

TEST_P(ProviderContract, WhatDoesNotExistIsNotFoundAndRemovingItSucceeds) {
  const std::string nobody = real() ? "local-99" : "sim-99";
  EXPECT_EQ(provider().get(nobody, kLimits).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(provider().get("../etc/passwd?x=%", kLimits).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(provider().act(nobody, Action::kStop, {}, kLimits).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(provider().remove(nobody, kLimits).ok());
}

TEST_P(ProviderContract, ARemovedServerIsGone) {
  const std::string id = delivered(wanted("lon-1"));
  ASSERT_TRUE(provider().remove(id, kLimits).ok());
  EXPECT_EQ(provider().get(id, kLimits).error().code, ErrorCode::kNotFound);
  EXPECT_THAT(provider().list("", kLimits)->servers, IsEmpty());
  EXPECT_TRUE(provider().remove(id, kLimits).ok());
}

TEST_P(ProviderContract, TheDepositRuleRefusesForMoney) {
  ctl(CtlBalance{.amount = "59.99"});
  ASSERT_TRUE(provider().create(wanted("a"), kLimits).ok());
  ASSERT_TRUE(provider().create(wanted("b"), kLimits).ok());
  const auto third = provider().create(wanted("c"), kLimits);
  ASSERT_FALSE(third.ok());
  EXPECT_EQ(third.error().code, ErrorCode::kRefusedForMoney);
  EXPECT_THAT(third.error().message, HasSubstr("60.00 USD"));
  EXPECT_EQ(ctl(CtlDump{}).integer_or("refusedForMoney", -1), 1);
  ctl(CtlBalance{.amount = "+0.01"});
  EXPECT_TRUE(provider().create(wanted("c"), kLimits).ok());
}

TEST_P(ProviderContract, StopAndStartTakeTimeAndLeaveProof) {
  const std::string id = delivered(wanted("lon-1"));
  const auto booted = see(id).agent->booted;
  const auto stopping = provider().act(id, Action::kStop, {}, kLimits);
  ASSERT_TRUE(stopping.ok());
  ObservedServer server = see(id);
  EXPECT_EQ(server.phase, Phase::kUpdating);
  EXPECT_EQ(server.last_action, stopping->action_id);
  EXPECT_EQ(server.last_action_state, ObservedServer::ActionState::kRunning);
  EXPECT_EQ(provider().act(id, Action::kStart, {}, kLimits).error().code, ErrorCode::kConflict);

  server = after_action(id);
  EXPECT_EQ(server.phase, Phase::kStopped);
  EXPECT_EQ(server.last_action_state, ObservedServer::ActionState::kDone);
  EXPECT_LT(server.agent->at, server.seen);
  EXPECT_FALSE(server.agent->channels.has_value());
  EXPECT_EQ(provider().act(id, Action::kRestart, {}, kLimits).error().code, ErrorCode::kRefused);
  EXPECT_EQ(agent().status(server, kLimits).error().code, ErrorCode::kNotSent);

  ASSERT_TRUE(provider().act(id, Action::kStart, {}, kLimits).ok());
  server = after_action(id);
  EXPECT_EQ(server.phase, Phase::kActive);
  EXPECT_GT(server.agent->booted, booted);
  EXPECT_EQ(server.agent->at, server.seen);
}

TEST_P(ProviderContract, EveryRebootingActionEndsCallsAndBootsAnew) {
  const std::string id = delivered(wanted("lon-1"));
  for (const Action action : {Action::kRestart, Action::kOsCycle, Action::kPowerCycle, Action::kInstall}) {
    SCOPED_TRACE(to_string(action));
    if (!real()) ctl(CtlCalls{.server = "lon-1", .calls = 3, .lasting = {}});
    const auto booted = see(id).agent->booted;
    ASSERT_TRUE(provider().act(id, action, {}, kLimits).ok());
    const ObservedServer server = after_action(id);
    EXPECT_EQ(server.phase, Phase::kActive);
    EXPECT_EQ(server.agent->channels, 0);
    EXPECT_GT(server.agent->booted, booted);
  }
  EXPECT_EQ(ctl(CtlDump{}).integer_or("callsCut", 0), real() ? 0 : 12);
}

TEST_P(ProviderContract, AResizeChangesSizeAndPrice) {
  const std::string id = delivered(wanted("lon-1"));
  Json arguments;
  arguments.set("size", "s-99vcpu");
  EXPECT_EQ(provider().act(id, Action::kResize, arguments, kLimits).error().code, ErrorCode::kInvalid);
  arguments.set("size", "s-4vcpu-8gb");
  ASSERT_TRUE(provider().act(id, Action::kResize, arguments, kLimits).ok());
  EXPECT_EQ(see(id).size, "s-1vcpu-2gb");
  const ObservedServer server = after_action(id);
  EXPECT_EQ(server.size, "s-4vcpu-8gb");
  EXPECT_EQ(to_string(*server.price), "0.07143");
  EXPECT_EQ(server.phase, Phase::kActive);
}

TEST_P(ProviderContract, AnExpiredServerIsReactivatedForMoneyAlone) {
  const std::string id = delivered(wanted("lon-1"));
  ctl(CtlExpire{.server = "lon-1"});
  EXPECT_EQ(see(id).phase, Phase::kExpired);
  EXPECT_EQ(provider().act(id, Action::kRestart, {}, kLimits).error().code, ErrorCode::kRefused);
  ctl(CtlBalance{.amount = "0.01"});
  EXPECT_EQ(provider().act(id, Action::kReactivate, {}, kLimits).error().code, ErrorCode::kRefusedForMoney);
  ctl(CtlBalance{.amount = "0.02"});
  ASSERT_TRUE(provider().act(id, Action::kReactivate, {}, kLimits).ok());
  advance(std::chrono::seconds(59));
  EXPECT_EQ(see(id).phase, Phase::kUpdating);
  settle(id, std::chrono::seconds(1));
  EXPECT_EQ(see(id).phase, Phase::kActive);
}

TEST_P(ProviderContract, AMarkIsPutOnOnceAndNeverReplaced) {
  const std::string id = delivered(wanted("lon-1"));
  ctl(CtlSet{.server = "lon-1", .field = "mark", .value = "none"});
  EXPECT_FALSE(see(id).mark.has_value());
  const Mark ours{.fleet = "main", .key = {.kind = Kind::kServer, .name = "adopted"}, .uid = "u9"};
  ASSERT_TRUE(provider().mark(id, ours, kLimits).ok());
  EXPECT_EQ(see(id).mark, ours);
  EXPECT_TRUE(provider().mark(id, ours, kLimits).ok());
  EXPECT_EQ(provider().mark(id, {.fleet = "other", .key = ours.key, .uid = "u9"}, kLimits).error().code,
            ErrorCode::kRefused);
  EXPECT_EQ(provider().mark(id, {.fleet = "main", .key = ours.key, .uid = "u10"}, kLimits).error().code,
            ErrorCode::kRefused);
  EXPECT_EQ(see(id).mark, ours);
}

TEST_P(ProviderContract, AMarkOfTheSameFleetAndUidTakesANewName) {
  const std::string id = delivered(wanted("lon-1"));
  Mark renamed = *see(id).mark;
  renamed.key.name = "lon-9";
  ASSERT_TRUE(provider().mark(id, renamed, kLimits).ok());
  EXPECT_EQ(see(id).mark, renamed);
}

TEST_P(ProviderContract, ARateLimitSaysHowLongToWait) {
  ctl(CtlSet{.server = "world", .field = "requestsPerMinute", .value = "2"});
  ASSERT_TRUE(provider().balance(kLimits).ok());
  advance(std::chrono::seconds(20));
  ASSERT_TRUE(provider().balance(kLimits).ok());
  const auto third = provider().balance({.timeout = std::chrono::milliseconds(500), .fence = 0});
  ASSERT_FALSE(third.ok());
  EXPECT_EQ(third.error().code, ErrorCode::kRateLimited);
  // Over HTTP the client has seen that nothing is left, and does not even ask.
  EXPECT_GT(third.error().retry_after, std::chrono::seconds(39));
  EXPECT_LE(third.error().retry_after, std::chrono::seconds(40));
}

TEST_P(ProviderContract, ADroppedAnswerLeavesTheOutcomeUnknown) {
  ctl(CtlFault{.fault = {.kind = FaultKind::kDropBeforeCommit, .times = 1}});
  EXPECT_EQ(provider().create(wanted("a"), kLimits).error().code, ErrorCode::kOutcomeUnknown);
  EXPECT_THAT(provider().list("", kLimits)->servers, IsEmpty());
  ctl(CtlFault{.fault = {.kind = FaultKind::kDropAfterCommit, .times = 1}});
  EXPECT_EQ(provider().create(wanted("b"), kLimits).error().code, ErrorCode::kOutcomeUnknown);
  const auto page = provider().list("", kLimits);
  ASSERT_EQ(page->servers.size(), 1U);
  EXPECT_EQ(page->servers[0].name, "b");
}

TEST_P(ProviderContract, AListingMayStopHalfWay) {
  ASSERT_TRUE(provider().create(wanted("a"), kLimits).ok());
  ASSERT_TRUE(provider().create(wanted("b"), kLimits).ok());
  ctl(CtlFault{.fault = {.kind = FaultKind::kPartialList, .times = 1}});
  const auto page = provider().list("", kLimits);
  ASSERT_EQ(page->servers.size(), 1U);
  EXPECT_EQ(provider().list(page->next, kLimits).error().code, ErrorCode::kConflict);
  EXPECT_EQ(provider().list("", kLimits)->servers.size(), 2U);
}

INSTANTIATE_TEST_SUITE_P(Every, ProviderContract,
                         ::testing::Values(in_this_process, over_http, over_certificates, on_this_machine),
                         name_of_subject);

}  // namespace
}  // namespace switchyard
