#include "state/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>

#include "state/lock.h"
#include "state/store.h"
#include "tests/state/samples.h"
#include "tests/state/world.h"

namespace switchyard::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

using Level = DoctorReport::Line::Level;

std::vector<std::string> lines(const DoctorReport& report, Level level) {
  std::vector<std::string> found;
  for (const auto& line : report.lines) {
    if (line.level == level) found.push_back(line.text);
  }
  return found;
}

DoctorReport examined(const std::string& path) {
  return must(must(Store::open(path, Store::Mode::kReadOnly))->doctor());
}

class DoctorTest : public ::testing::Test {
 protected:
  TempFolder folder_;
  std::string path_ = folder_.file("state.db");
};

TEST_F(DoctorTest, AGoodStateHasNothingButGoodLines) {
  must(writable_store(path_)->save(an_account("main", 3)));
  const DoctorReport report = examined(path_);
  EXPECT_TRUE(report.healthy());
  EXPECT_THAT(lines(report, Level::kNote), ::testing::IsEmpty());
  EXPECT_THAT(lines(report, Level::kGood), Contains("integrity: ok"));
  EXPECT_THAT(lines(report, Level::kGood), Contains("references: ok"));
  EXPECT_THAT(lines(report, Level::kGood), Contains("format: version 3, the newest this program knows"));
  EXPECT_THAT(lines(report, Level::kGood), Contains("journal: no open intents"));
}

// A state with a row in every table that is read, one column of it overwritten.
struct Damage {
  std::string sql;
  std::string words;
};

class DamageTest : public DoctorTest, public ::testing::WithParamInterface<Damage> {};

// Seen while a fuzz target was written: the doctor called a state sound that no command could read.
TEST_P(DamageTest, IsSeenByTheDoctorAsByItsReaderAndToldHarmlessly) {
  {
    const auto store = writable_store(path_);
    Batch batch;
    batch.intents = {an_intent("lon-1")};
    batch.outcomes = {
        {.intent = -1, .kind = Outcome::Kind::kDone, .provider_id = "", .message = "", .at = an_event("").at}};
    batch.events = {an_event("made")};
    batch.declarations = {{.resource = server("lon-1"), .account = "main", .uid = "u", .source_path = "/f.yaml"}};
    batch.given_up = {{.uid = "u", .resource = server("lon-0"), .account = "main", .at = an_event("").at}};
    batch.attempts = {{.resource = server("lon-1"), .action = Action::kCreate}};
    batch.conditions = {{.resource = server("lon-1"), .type = "Ready", .reason = "", .message = ""}};
    batch.ledger = {{.account = "main", .amount = Money{.minor = 1}, .at = an_event("").at}};
    must(store->commit(batch, Durability::kSynced));
    must(store->save(an_account("main", 1)));
  }
  ASSERT_TRUE(examined(path_).healthy());
  must(raw(path_)->execute(GetParam().sql));
  const auto bad = lines(examined(path_), Level::kBad);
  EXPECT_THAT(bad, Contains(HasSubstr(GetParam().words)));
  for (const std::string& line : bad) {
    EXPECT_THAT(line, HasSubstr(path_));
    EXPECT_THAT(line, Not(HasSubstr("\x1b")));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Of, DamageTest,
    ::testing::Values(Damage{"UPDATE declarations SET resource = 'Nothing' || char(27) || '/x'",
                             R"(unknown resource "Nothing?/x")"},
                      Damage{"UPDATE given_up SET resource = 'x'", "in table given_up"},
                      Damage{"UPDATE attempts SET action = 'explode'", "in table attempts"},
                      Damage{"UPDATE conditions SET since = 9223372036854775807", "impossible time"},
                      Damage{"UPDATE events SET at = -9223372036854775807", "in table events"},
                      Damage{"UPDATE ledger SET currency = 'usd'", "in table ledger"},
                      Damage{"UPDATE ledger SET minor = 1000000000001", "an amount beyond all bounds"},
                      Damage{"UPDATE accounts SET minor = -9223372036854775807", "an amount beyond all bounds"},
                      Damage{"UPDATE intents SET request = '{'", "in table intents"},
                      Damage{"UPDATE outcomes SET kind = 'perhaps'", "unknown outcome"},
                      Damage{"UPDATE servers SET seen = 9223372036854775807", "in table servers"},
                      Damage{"UPDATE accounts SET catalogue = '{'", "in table accounts"},
                      Damage{"UPDATE accounts SET catalogue = '{\"sizes\": 1}'", "unreadable catalogue"},
                      Damage{"UPDATE lock SET expires = 9223372036854775807", "in table lock"}));

TEST_F(DoctorTest, AStateThatIsNotThereYetIsHealthy) {
  const DoctorReport report = examined(path_);
  EXPECT_TRUE(report.healthy());
  EXPECT_THAT(lines(report, Level::kNote), Contains(HasSubstr("does not exist yet")));
}

TEST_F(DoctorTest, OpenIntentsAreNamedWithActionAndAge) {
  const auto store = writable_store(path_);
  Batch batch;
  batch.intents = {an_intent("lon-1"), an_intent("lon-2")};
  batch.intents[0].written = at("2020-01-01T00:00:00Z");
  batch.intents[1].action = Action::kOsCycle;
  batch.outcomes = {{.intent = -2, .kind = Outcome::Kind::kInProgress, .provider_id = "", .message = "", .at = {}}};
  must(store->commit(batch, Durability::kSynced));
  auto database = raw(path_);
  const DoctorReport report = examine(*database, path_, 0, at("2020-01-04T04:00:30Z"));
  EXPECT_TRUE(report.healthy());
  const auto notes = lines(report, Level::kNote);
  EXPECT_THAT(notes, Contains(HasSubstr("2 open intents")));
  EXPECT_THAT(notes, Contains("  intent 1: create Server/lon-1, written 2020-01-01T00:00:00Z (3d 4h ago), no answer "
                              "recorded"));
  // Written at a time that this clock has not reached: a world of its own, without an age.
  EXPECT_THAT(notes, Contains("  intent 2: os-cycle Server/lon-2, written 2026-11-23T18:00:00.123Z, in-progress"));
}

TEST_F(DoctorTest, OverridesAreShownWithWhoAndWhy) {
  Batch batch;
  batch.overrides = {{.what = Override::What::kFrozen,
                      .resource = {Kind::kAccount, "main"},
                      .who = "ann@host",
                      .why = "the night",
                      .since = at("2026-11-23T18:00:00Z"),
                      .until = at("2026-11-24T06:00:00Z")}};
  must(writable_store(path_)->commit(batch, Durability::kSoon));
  EXPECT_THAT(lines(examined(path_), Level::kNote),
              Contains("override: Account/main is frozen by ann@host since 2026-11-23T18:00:00Z, until "
                       "2026-11-24T06:00:00Z: the night"));
}

TEST_F(DoctorTest, ALiveOwnerOfTheLockIsShown) {
  const auto lock = must(Lock::acquire(path_, "ben@host", std::chrono::hours(1), {}));
  const DoctorReport report = examined(path_);
  EXPECT_THAT(lines(report, Level::kGood), Contains(HasSubstr("lock: held by ben@host (pid ")));
  EXPECT_THAT(lines(report, Level::kNote), Not(Contains(HasSubstr("crash"))));
}

TEST_F(DoctorTest, WhatACrashLeftIsShown) {
  Child crashed([&] {
    const auto lock = Lock::acquire(path_, "ben@host", std::chrono::hours(1), {});
    const auto store = must(Store::open(path_, Store::Mode::kReadWrite));
    store->set_fence((*lock)->fence());
    must(store->save(an_account("main", 3)));
    ::raise(SIGKILL);
    return 0;
  });
  crashed.wait();
  const DoctorReport report = examined(path_);
  EXPECT_TRUE(report.healthy());
  EXPECT_THAT(lines(report, Level::kNote), Contains(HasSubstr("lock: left behind by ben@host (pid ")));
  EXPECT_THAT(lines(report, Level::kNote),
              Contains(HasSubstr("bytes in its log; all that was committed is in the state")));
  EXPECT_EQ(must(must(Store::open(path_, Store::Mode::kReadOnly))->observed()).size(), 1U);
}

TEST_F(DoctorTest, ARowThatBelongsToNothingIsBad) {
  writable_store(path_);
  must(raw(path_)->execute("PRAGMA foreign_keys = OFF; INSERT INTO outcomes VALUES (99, 'done', '', '', 0)"));
  const DoctorReport report = examined(path_);
  EXPECT_FALSE(report.healthy());
  EXPECT_THAT(lines(report, Level::kBad),
              Contains("references: row 99 of table outcomes belongs to a row of intents that is not there"));
  EXPECT_THAT(lines(report, Level::kBad), Contains(HasSubstr("damage: ")));
}

TEST_F(DoctorTest, ARowThatMakesNoSenseIsBad) {
  must(writable_store(path_)->save(an_account("main", 2)));
  must(raw(path_)->execute("UPDATE server_bodies SET body = x'00' WHERE slot = 1"));
  const DoctorReport report = examined(path_);
  EXPECT_FALSE(report.healthy());
  EXPECT_THAT(lines(report, Level::kBad), Contains(HasSubstr("the row of server \"id-lon-000000\"")));
}

TEST_F(DoctorTest, AFileOpenToOthersIsNoted) {
  writable_store(path_);
  ::chmod(path_.c_str(), 0644);
  EXPECT_THAT(lines(examined(path_), Level::kNote), Contains(HasSubstr("(mode 0644); \"chmod 600 ")));
}

class BackupTest : public DoctorTest {
 protected:
  std::string to_ = folder_.file("backup.db");
};

TEST_F(BackupTest, HoldsEverythingAndIsForItsOwnerOnly) {
  const auto store = writable_store(path_);
  Batch batch;
  batch.intents = {an_intent("lon-1")};
  must(store->commit(batch, Durability::kSynced));
  must(store->save(an_account("main", 200)));
  must(store->backup(to_));
  EXPECT_EQ(mode_of(to_), 0600);
  EXPECT_FALSE(exists(to_ + "-wal"));
  const auto copy = must(Store::open(to_, Store::Mode::kReadOnly));
  EXPECT_EQ(must(copy->open_intents()), must(store->open_intents()));
  EXPECT_EQ(must(copy->observed()), must(store->observed()));
  EXPECT_TRUE(must(copy->doctor()).healthy());
}

TEST_F(BackupTest, ACopyMayBeMadeByAReader) {
  must(writable_store(path_)->save(an_account("main", 20)));
  must(must(Store::open(path_, Store::Mode::kReadOnly))->backup(to_));
  EXPECT_EQ(must(must(Store::open(to_, Store::Mode::kReadOnly))->observed())[0].servers.size(), 20U);
}

TEST_F(BackupTest, NeverReplacesAFile) {
  const auto store = writable_store(path_);
  write_bytes(to_, "precious");
  const auto refused = store->backup(to_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message, "\"" + to_ + "\" is there already and is not overwritten; name another file");
  EXPECT_EQ(bytes_of(to_), "precious");
}

TEST_F(BackupTest, ThatFailsLeavesNoFile) {
  must(writable_store(path_)->save(an_account("main", 200)));
  Child child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 50000, .rlim_max = 50000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto done = must(Store::open(path_, Store::Mode::kReadOnly))->backup(to_);
    return !done && done.error().code == ErrorCode::kStorage ? 0 : 1;
  });
  EXPECT_EQ(child.wait(), 0);
  const auto store = must(Store::open(path_, Store::Mode::kReadOnly));
  EXPECT_EQ(store->backup(folder_.file("none/backup.db")).error().code, ErrorCode::kStorage);
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    EXPECT_THAT(entry.path().filename().string(), ::testing::StartsWith("state.db"));
  }
}

}  // namespace
}  // namespace switchyard::testing
