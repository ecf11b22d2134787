#include "state/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/state/samples.h"
#include "tests/state/world.h"

namespace switchyard::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::unique_ptr<Store> in_memory() {
  return must(Store::open("", Store::Mode::kMemory));
}

void commit(Store& store, Batch batch) {
  must(store.commit(batch, Durability::kSoon));
}

std::int64_t commit_intent(Store& store, Intent intent) {
  Batch batch;
  batch.intents = {std::move(intent)};
  must(store.commit(batch, Durability::kSynced));
  return batch.intents[0].id;
}

Outcome an_outcome(std::int64_t intent, Outcome::Kind kind) {
  return {.intent = intent,
          .kind = kind,
          .provider_id = "id-1",
          .message = "the provider's words",
          .at = at("2026-11-23T18:01:00Z")};
}

std::vector<std::string> messages(const std::vector<Event>& events) {
  std::vector<std::string> found;
  for (const Event& event : events) found.push_back(event.message);
  return found;
}

TEST(Store, ABatchThatHoldsNothingIsEmpty) {
  Batch batch;
  EXPECT_TRUE(batch.empty());
  batch.lifted.emplace_back(server("a"), Override::What::kDrained);
  EXPECT_FALSE(batch.empty());
}

TEST(Store, AnIntentReadsBackWithTheIdItWasGiven) {
  const auto store = in_memory();
  Batch batch;
  batch.intents = {an_intent("lon-1"), an_intent("lon-2")};
  batch.intents[1].provider_now = std::nullopt;
  batch.intents[1].origin = Intent::Origin::kByHand;
  must(store->commit(batch, Durability::kSynced));
  EXPECT_GT(batch.intents[0].id, 0);
  EXPECT_GT(batch.intents[1].id, batch.intents[0].id);
  const auto open = must(store->open_intents());
  ASSERT_EQ(open.size(), 2U);
  EXPECT_EQ(open[0], (OpenIntent{batch.intents[0], std::nullopt}));
  EXPECT_EQ(open[1], (OpenIntent{batch.intents[1], std::nullopt}));
}

TEST(Store, AnOutcomeThatClosesAnIntentTakesItFromTheOpenOnes) {
  using Kind = Outcome::Kind;
  using Origin = Intent::Origin;
  for (const Origin origin : {Origin::kPlanned, Origin::kByHand}) {
    for (const Kind kind : {Kind::kDone, Kind::kInProgress, Kind::kRefused, Kind::kFailed, Kind::kUnknown}) {
      const auto store = in_memory();
      Intent intent = an_intent("lon-1");
      intent.origin = origin;
      const Outcome outcome = an_outcome(commit_intent(*store, intent), kind);
      commit(*store, {.outcomes = {outcome}});
      const auto open = must(store->open_intents());
      if (closes(kind, origin)) {
        EXPECT_THAT(open, IsEmpty()) << to_string(kind);
      } else {
        ASSERT_EQ(open.size(), 1U) << to_string(kind);
        EXPECT_EQ(open[0].outcome, outcome);
      }
    }
  }
}

TEST(Store, TheNewestOutcomeCounts) {
  const auto store = in_memory();
  const std::int64_t id = commit_intent(*store, an_intent("lon-1"));
  commit(*store, {.outcomes = {an_outcome(id, Outcome::Kind::kUnknown)}});
  commit(*store, {.outcomes = {an_outcome(id, Outcome::Kind::kDone)}});
  const auto intents = must(store->intents_of(server("lon-1"), 0));
  ASSERT_EQ(intents.size(), 1U);
  EXPECT_EQ(intents[0].second, an_outcome(id, Outcome::Kind::kDone));
}

TEST(Store, IntentsOfAResourceAreTheNewestOldestFirst) {
  const auto store = in_memory();
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 4; ++i) {
    ids.push_back(commit_intent(*store, an_intent("lon-1")));
    commit_intent(*store, an_intent("lon-2"));
  }
  const auto newest = must(store->intents_of(server("lon-1"), 2));
  ASSERT_EQ(newest.size(), 2U);
  EXPECT_EQ(newest[0].first.id, ids[2]);
  EXPECT_EQ(newest[1].first.id, ids[3]);
  EXPECT_EQ(must(store->intents_of(server("lon-1"), 0)).size(), 4U);
}

TEST(Store, WhatWasDoneSinceATimeToMachinesThatWereThere) {
  const auto store = in_memory();
  const Timestamp now = an_intent("a").written;
  const auto done = [&](Intent intent, Timestamp ended, Outcome::Kind kind = Outcome::Kind::kDone) {
    Outcome outcome = an_outcome(commit_intent(*store, intent), kind);
    outcome.at = ended;
    commit(*store, {.outcomes = {outcome}});
  };
  Intent renamed = an_intent("a");
  renamed.action = Action::kUpdate;
  renamed.request = Json(Json::Object{{"mark", "Server/a"}});
  renamed.written = now - std::chrono::hours(23);  // a run of long ago, settled now
  Intent stopped = renamed;
  stopped.action = Action::kStop;
  stopped.request = Json();
  Intent ordered = renamed;
  ordered.action = Action::kCreate;
  done(renamed, now - std::chrono::seconds(1));
  done(renamed, now);
  done(stopped, now + std::chrono::seconds(1));
  done(stopped, now, Outcome::Kind::kFailed);
  done(ordered, now);
  const DoneChange mark{.account = renamed.account,
                        .provider_id = renamed.provider_id,
                        .uid = renamed.uid,
                        .mark = server("a"),
                        .at = now};
  DoneChange stop = mark;
  stop.mark.reset();
  stop.at = now + std::chrono::seconds(1);
  EXPECT_THAT(must(store->done_changes(now)), ElementsAre(mark, stop));
  EXPECT_THAT(must(store->done_changes(now + std::chrono::seconds(2))), IsEmpty());
  EXPECT_EQ(must(store->done_changes(Timestamp::min())).size(), 3U);
}

TEST(Store, EventsAndOutcomesMayNameTheIntentsOfTheirOwnBatch) {
  const auto store = in_memory();
  commit_intent(*store, an_intent("lon-0"));
  Batch batch;
  batch.intents = {an_intent("lon-1"), an_intent("lon-2")};
  batch.outcomes = {an_outcome(-2, Outcome::Kind::kDone)};
  batch.events = {an_event("first"), an_event("second")};
  batch.events[0].intent = -1;
  batch.events[1].intent = -2;
  must(store->commit(batch, Durability::kSynced));
  const auto events = must(store->events({}));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].intent, batch.intents[0].id);
  EXPECT_EQ(events[1].intent, batch.intents[1].id);
  EXPECT_EQ(must(store->open_intents()).size(), 2U);  // lon-0 and lon-1
}

TEST(Store, ABatchIsWrittenWholeOrNotAtAll) {
  const auto store = in_memory();
  const std::int64_t before = must(store->generation());
  Batch batch;
  batch.intents = {an_intent("lon-1")};
  batch.events = {an_event("x")};
  batch.outcomes = {an_outcome(4711, Outcome::Kind::kDone)};
  const auto done = store->commit(batch, Durability::kSynced);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(done.error().message, HasSubstr("no intent 4711"));
  EXPECT_EQ(batch.intents[0].id, 0);
  EXPECT_THAT(must(store->open_intents()), IsEmpty());
  EXPECT_THAT(must(store->events({})), IsEmpty());
  EXPECT_EQ(must(store->generation()), before);
  commit_intent(*store, an_intent("lon-2"));  // and the store goes on
}

TEST(Store, EventsAreFoundByWhatIsAskedFor) {
  const auto store = in_memory();
  Event plain = an_event("a");
  Event other_actor = an_event("b");
  other_actor.actor = "ann@host";
  Event other_resource = an_event("c");
  other_resource.resource = server("lon-2");
  Event later = an_event("d");
  later.at += std::chrono::hours(1);
  Event without_resource = an_event("e");
  without_resource.resource = std::nullopt;
  commit(*store, {.events = {plain, other_actor, other_resource, later, without_resource}});

  const auto all = must(store->events({}));
  EXPECT_THAT(messages(all), ElementsAre("a", "b", "c", "d", "e"));
  Event expected = plain;
  expected.id = all[0].id;
  EXPECT_EQ(all[0], expected);
  EXPECT_EQ(all[4].resource, std::nullopt);
  EXPECT_THAT(messages(must(store->events({.resource = server("lon-2")}))), ElementsAre("c"));
  EXPECT_THAT(messages(must(store->events({.actor = "ann@host"}))), ElementsAre("b"));
  EXPECT_THAT(messages(must(store->events({.since = later.at}))), ElementsAre("d"));
  EXPECT_THAT(messages(must(store->events({.after_id = all[2].id}))), ElementsAre("d", "e"));
  EXPECT_THAT(messages(must(store->events({.limit = 2}))), ElementsAre("d", "e"));
  EXPECT_THAT(messages(must(store->events({.resource = server("lon-1"), .actor = "ben@host", .limit = 1}))),
              ElementsAre("d"));
}

TEST(Store, ADeclarationIsReplacedByItsResourceAndCanBeTakenBack) {
  const auto store = in_memory();
  const Declaration b{.resource = server("b"), .account = "main", .uid = "", .source_path = "/f.yaml"};
  const Declaration a{
      .resource = server("a"), .account = "main", .uid = "u", .source_path = "/f.yaml", .protect = true};
  // Names compare first, so a media server stands between.
  const Declaration media{.resource = {Kind::kRtpServer, "a"}, .account = "main", .uid = "m", .source_path = "/f.yaml"};
  commit(*store, {.declarations = {b, media, a}});
  EXPECT_THAT(must(store->declarations()), ElementsAre(a, media, b));
  Declaration known = b;
  known.uid = "u2";
  commit(*store, {.declarations = {known}, .undeclared = {server("a")}});
  EXPECT_THAT(must(store->declarations()), ElementsAre(media, known));
}

TEST(Store, AUidThatWasGivenUpIsRememberedFor30Days) {
  const auto store = in_memory();
  const Timestamp now = at("2026-11-23T18:00:00Z");
  const auto days = [](int n) { return std::chrono::hours(24 * n); };
  const GivenUp old{.uid = "old", .resource = server("a"), .account = "main", .at = now};
  commit(*store, {.given_up = {old}});
  EXPECT_THAT(must(store->given_up(now + days(30))), ElementsAre(old));
  EXPECT_THAT(must(store->given_up(now + days(31))), IsEmpty());
  // Reading did not remove it; a commit of a later day does.
  EXPECT_THAT(must(store->given_up(now)), ElementsAre(old));
  Event later = an_event("later");
  later.at = now + days(31);
  commit(*store, {.events = {later}});
  EXPECT_THAT(must(store->given_up(now)), IsEmpty());
}

TEST(Store, AttemptsAreCountedUntilSuccess) {
  const auto store = in_memory();
  const auto failed = [](Action action, std::int64_t failures) {
    return Attempts{.resource = server("a"),
                    .action = action,
                    .failures = failures,
                    .last = at("2026-11-23T18:00:00Z"),
                    .next_try = at("2026-11-23T18:02:00Z"),
                    .message = "no capacity"};
  };
  commit(*store, {.attempts = {failed(Action::kReactivate, 1), failed(Action::kCreate, 1)}});
  commit(*store, {.attempts = {failed(Action::kCreate, 2)}});
  EXPECT_THAT(must(store->attempts()), ElementsAre(failed(Action::kCreate, 2), failed(Action::kReactivate, 1)));
  commit(*store, {.succeeded = {{server("a"), Action::kCreate}}});
  EXPECT_THAT(must(store->attempts()), ElementsAre(failed(Action::kReactivate, 1)));
}

TEST(Store, AnOverrideIsInForceUntilItEndsOrIsLifted) {
  const auto store = in_memory();
  const Timestamp now = at("2026-11-23T18:00:00Z");
  const Override drained{.what = Override::What::kDrained,
                         .resource = server("a"),
                         .who = "ben@host",
                         .why = "a test",
                         .since = now,
                         .until = now + std::chrono::hours(1)};
  const Override frozen{.what = Override::What::kFrozen,
                        .resource = {Kind::kAccount, "main"},
                        .who = "ann@host",
                        .why = "the night",
                        .since = now,
                        .until = std::nullopt};
  commit(*store, {.overrides = {frozen, drained}});
  EXPECT_THAT(must(store->overrides(now)), ElementsAre(drained, frozen));
  EXPECT_THAT(must(store->overrides(*drained.until)), ElementsAre(frozen));
  commit(*store, {.lifted = {{frozen.resource, frozen.what}}});
  EXPECT_THAT(must(store->overrides(now)), ElementsAre(drained));
}

TEST(Store, AConditionIsReplacedByResourceAndType) {
  const auto store = in_memory();
  Condition ready{.resource = server("b"),
                  .type = "Ready",
                  .status = false,
                  .reason = "Late",
                  .message = "it should have been delivered",
                  .since = at("2026-11-23T18:00:00Z")};
  Condition other = ready;
  other.resource = server("a");
  commit(*store, {.conditions = {ready, other}});
  ready.status = true;
  commit(*store, {.conditions = {ready}});
  EXPECT_THAT(must(store->conditions(std::nullopt)), ElementsAre(other, ready));
  EXPECT_THAT(must(store->conditions(server("b"))), ElementsAre(ready));
}

TEST(Store, TheLedgerKeepsOnlyWhatIsNew) {
  const auto store = in_memory();
  const auto entry = [](std::string account, std::int64_t minor, std::string_view time) {
    return LedgerEntry{.account = std::move(account), .amount = {.minor = minor}, .at = at(time)};
  };
  const LedgerEntry first = entry("main", 17740, "2026-11-23T18:00:00Z");
  const LedgerEntry lower = entry("main", 17000, "2026-11-23T18:02:00Z");
  const LedgerEntry back = entry("main", 17740, "2026-11-23T18:03:00Z");
  commit(*store, {.ledger = {first, entry("main", 17740, "2026-11-23T18:01:00Z")}});
  commit(*store, {.ledger = {lower, back, entry("other", 17740, "2026-11-23T18:03:00Z")}});
  EXPECT_THAT(must(store->ledger("main", 0)), ElementsAre(first, lower, back));
  EXPECT_THAT(must(store->ledger("main", 1)), ElementsAre(back));
}

TEST(Store, ANoteIsKept) {
  const auto store = in_memory();
  EXPECT_EQ(must(store->note("clock")), std::nullopt);
  must(store->set_note("clock", "1"));
  must(store->set_note("clock", "2"));
  EXPECT_EQ(must(store->note("clock")), "2");
}

TEST(Store, TheGenerationGrowsWithEveryInputOfAPlanAndWithNothingElse) {
  const TempFolder folder;
  for (const std::string& path : {std::string(), folder.file("state.db")}) {
    const auto store = path.empty() ? in_memory() : writable_store(path);
    std::int64_t last = must(store->generation());
    const auto grows = [&](Batch batch) {
      commit(*store, std::move(batch));
      const std::int64_t now = must(store->generation());
      return now > std::exchange(last, now);
    };
    const Declaration declaration{.resource = server("a"), .account = "", .uid = "", .source_path = ""};
    EXPECT_TRUE(grows({.intents = {an_intent("a")}}));
    EXPECT_TRUE(grows({.outcomes = {an_outcome(1, Outcome::Kind::kInProgress)}}));
    EXPECT_TRUE(grows({.declarations = {declaration}}));
    EXPECT_TRUE(grows({.undeclared = {server("a")}}));
    EXPECT_TRUE(grows({.given_up = {{.uid = "u", .resource = server("a"), .account = "", .at = {}}}}));
    EXPECT_TRUE(grows({.attempts = {{.resource = server("a"), .action = Action::kCreate, .message = {}}}}));
    EXPECT_TRUE(grows({.succeeded = {{server("a"), Action::kCreate}}}));
    EXPECT_TRUE(grows({.lifted = {{server("a"), Override::What::kDrained}}}));
    EXPECT_FALSE(grows({.events = {an_event("x")}}));
    EXPECT_FALSE(grows({.ledger = {{.account = "main", .amount = {}, .at = {}}}}));
    must(store->set_note("clock", "1"));
    EXPECT_EQ(must(store->generation()), last);
    must(store->save(an_account("main", 1)));
    EXPECT_GT(must(store->generation()), last);
    last = must(store->generation());
    must(store->save(an_account("main", 1)));  // nothing new
    EXPECT_EQ(must(store->generation()), last);
  }
}

TEST(Store, EverythingIsThereAgainWhenTheFileIsOpenedAgain) {
  const TempFolder folder;
  const std::string path = folder.file("state.db");
  Batch batch;
  batch.intents = {an_intent("lon-1")};
  batch.events = {an_event("hello")};
  must(writable_store(path)->commit(batch, Durability::kSynced));
  for (const auto mode : {Store::Mode::kReadOnly, Store::Mode::kReadWrite}) {
    const auto store = must(Store::open(path, mode));
    EXPECT_EQ(must(store->open_intents()), (std::vector<OpenIntent>{{batch.intents[0], std::nullopt}}));
    EXPECT_THAT(messages(must(store->events({}))), ElementsAre("hello"));
  }
}

}  // namespace
}  // namespace switchyard::testing
