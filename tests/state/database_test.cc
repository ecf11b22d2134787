#include "state/sqlite/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "state/sqlite/migration.h"
#include "tests/state/samples.h"
#include "tests/state/world.h"

namespace switchyard::testing {
namespace {

using sqlite::Database;
using sqlite::Format;
using sqlite::Transaction;
using ::testing::HasSubstr;

std::unique_ptr<Database> in_memory() {
  return must(Database::open("memory", {.access = Database::Access::kMemory, .if_damaged = {}}));
}

TEST(Database, EveryTypeReadsBackAsItWasBound) {
  const auto database = in_memory();
  must(database->execute("CREATE TABLE t (a INTEGER, b TEXT, c BLOB, d INTEGER, e INTEGER, f TEXT) STRICT"));
  const std::string odd("a\0b'\"%", 6);
  const Timestamp time = at("2026-11-23T18:00:00.001Z");
  must(database->prepare("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)")
           .bind(INT64_MIN)
           .bind(odd)
           .bind_blob("")
           .bind(time)
           .bind_or_null(std::optional<Timestamp>())
           .bind_or_null(std::optional<std::string>("x"))
           .run());
  auto select = database->prepare("SELECT * FROM t");
  ASSERT_TRUE(must(select.step()));
  EXPECT_EQ(select.integer(0), INT64_MIN);
  EXPECT_EQ(select.text(1), odd);
  EXPECT_FALSE(select.is_null(2));
  EXPECT_EQ(select.blob(2), "");
  EXPECT_EQ(select.time(3), time);
  EXPECT_EQ(select.optional_time(4), std::nullopt);
  EXPECT_EQ(select.text(5), "x");
  EXPECT_FALSE(must(select.step()));
}

TEST(Database, AMistakeInSqlComesOutWhenItRuns) {
  const auto database = in_memory();
  const auto done = database->prepare("SELECT * FROM nowhere WHERE x = ?").bind(1).run();
  ASSERT_FALSE(done.ok());
  EXPECT_THAT(done.error().message, HasSubstr("no such table: nowhere"));
}

TEST(Database, APreparedStatementServesAgainWithFreshParameters) {
  const auto database = in_memory();
  must(database->execute("CREATE TABLE t (a INTEGER) STRICT"));
  for (int i = 0; i < 3; ++i) must(database->prepare("INSERT INTO t VALUES (?)").bind(i).run());
  { [[maybe_unused]] auto bound_and_dropped = database->prepare("INSERT INTO t VALUES (?)").bind(7).step(); }
  must(database->prepare("INSERT INTO t VALUES (?)").run());  // nothing bound: NULL, not the 7 of before
  EXPECT_EQ(must(database->number("SELECT count(*) FROM t")), 5);
  EXPECT_EQ(must(database->number("SELECT count(*) FROM t WHERE a IS NULL")), 1);
}

TEST(Database, TheSameTextMayBeInUseTwiceAtOnce) {
  const auto database = in_memory();
  must(database->execute("CREATE TABLE t (a INTEGER) STRICT; INSERT INTO t VALUES (1), (2)"));
  std::vector<std::int64_t> seen;
  must(
      database->prepare("SELECT a FROM t ORDER BY a").for_each_row([&](const sqlite::Statement& outer) -> Result<Done> {
        return database->prepare("SELECT a FROM t ORDER BY a").for_each_row([&](const sqlite::Statement& inner) {
          seen.push_back(outer.integer(0) * 10 + inner.integer(0));
          return Done{};
        });
      }));
  EXPECT_THAT(seen, ::testing::ElementsAre(11, 12, 21, 22));
}

TEST(Database, ATransactionThatIsDroppedLeavesNothing) {
  const auto database = in_memory();
  must(database->execute("CREATE TABLE t (a INTEGER) STRICT"));
  {
    auto transaction = must(Transaction::begin(*database, Transaction::Kind::kImmediate));
    must(database->execute("INSERT INTO t VALUES (1)"));
  }
  EXPECT_FALSE(database->in_transaction());
  EXPECT_EQ(must(database->number("SELECT count(*) FROM t")), 0);
}

TEST(Database, AWriterThatHasToWaitTooLongIsTold) {
  const TempFolder folder;
  const std::string path = folder.file("x.db");
  const Database::Options impatient{
      .access = Database::Access::kCreate, .if_damaged = {}, .busy_timeout = std::chrono::milliseconds(0)};
  const auto first = must(Database::open(path, impatient));
  const auto second = must(Database::open(path, impatient));
  must(first->use_write_ahead_log());
  const auto holding = must(Transaction::begin(*first, Transaction::Kind::kImmediate));
  const auto refused = Transaction::begin(*second, Transaction::Kind::kImmediate);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kLocked);
}

TEST(Database, ConstraintsOfTheSchemaAreKept) {
  const auto database = in_memory();
  must(
      database->execute("CREATE TABLE p (id INTEGER PRIMARY KEY) STRICT;"
                        "CREATE TABLE c (p INTEGER REFERENCES p (id), n INTEGER) STRICT"));
  const auto orphan = database->prepare("INSERT INTO c (p) VALUES (5)").run();
  ASSERT_FALSE(orphan.ok());
  EXPECT_EQ(orphan.error().code, ErrorCode::kInvalid);
  const auto text_for_number = database->prepare("INSERT INTO c (n) VALUES (?)").bind("many").run();
  ASSERT_FALSE(text_for_number.ok());
  EXPECT_EQ(text_for_number.error().code, ErrorCode::kInvalid);
}

TEST(Database, APathMayHoldAnyCharacter) {
  const TempFolder folder;
  const std::string path = folder.file("a%20b?mode=memory#x ü.db");
  const auto database = must(Database::open(path, {.access = Database::Access::kCreate, .if_damaged = {}}));
  must(database->execute("CREATE TABLE t (a INTEGER) STRICT"));
  EXPECT_TRUE(exists(path));
}

// Formats for the tests of migration: a shelf that learnt to hold pages.
constexpr std::array<const char*, 1> kShelf1 = {"CREATE TABLE books (name TEXT NOT NULL) STRICT"};
constexpr std::array<const char*, 2> kShelf2 = {kShelf1[0],
                                                "ALTER TABLE books ADD COLUMN pages INTEGER NOT NULL DEFAULT 0"};
constexpr std::array<const char*, 3> kShelfBroken = {
    kShelf2[0], kShelf2[1], "CREATE TABLE authors (name TEXT) STRICT; INSERT INTO nowhere VALUES (1)"};
Format shelf(std::span<const char* const> steps) {
  return {.name = "shelf", .application_id = 7, .steps = steps};
}

TEST(Migration, AnOlderFileIsBroughtUpWithWhatItHolds) {
  const auto database = in_memory();
  must(sqlite::migrate(*database, shelf(kShelf1)));
  must(database->execute("INSERT INTO books VALUES ('SIP')"));
  EXPECT_EQ(must(sqlite::version_of(*database, shelf(kShelf2))), 1);
  must(sqlite::migrate(*database, shelf(kShelf2)));
  EXPECT_EQ(must(sqlite::version_of(*database, shelf(kShelf2))), 2);
  EXPECT_EQ(must(database->text("SELECT name || pages FROM books")), "SIP0");
  must(sqlite::migrate(*database, shelf(kShelf2)));  // nothing to do
}

TEST(Migration, ANewerFileIsRefusedWithBothVersions) {
  const auto database = in_memory();
  must(sqlite::migrate(*database, shelf(kShelf2)));
  const auto refused = sqlite::migrate(*database, shelf(kShelf1));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kTooNew);
  EXPECT_EQ(
      refused.error().message,
      "\"memory\" is a shelf of version 2, written by a newer Switchyard; this one reads up to version 1: use the "
      "newer program, or restore a backup made before it");
}

TEST(Migration, AStepThatFailsLeavesTheVersionBefore) {
  const auto database = in_memory();
  must(sqlite::migrate(*database, shelf(kShelf2)));
  EXPECT_FALSE(sqlite::migrate(*database, shelf(kShelfBroken)).ok());
  EXPECT_EQ(must(sqlite::version_of(*database, shelf(kShelf2))), 2);
  EXPECT_EQ(must(database->number("SELECT count(*) FROM sqlite_schema WHERE name = 'authors'")), 0);
}

TEST(Migration, ADatabaseOfAnotherProgramIsLeftAlone) {
  const auto database = in_memory();
  must(database->execute("CREATE TABLE theirs (a INTEGER)"));
  const auto refused = sqlite::migrate(*database, shelf(kShelf1));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnreadable);
  EXPECT_THAT(refused.error().message, HasSubstr("another program"));
  EXPECT_EQ(must(database->number("SELECT count(*) FROM sqlite_schema")), 1);
}

TEST(Migration, ProcessesThatMakeTheSameFileMakeItOnce) {
  for (int round = 0; round < 10; ++round) {
    const TempFolder folder;
    const std::string path = folder.file("x.db");
    const auto make = [&path] {
      auto database = Database::open(path, {.access = Database::Access::kCreate, .if_damaged = {}});
      if (!database || !(*database)->use_write_ahead_log()) return 1;
      const auto migrated = sqlite::migrate(**database, shelf(kShelf2));
      if (!migrated.ok()) std::fputs((migrated.error().message + "\n").c_str(), stderr);
      return migrated.ok() ? 0 : 2;
    };
    Child first(make);
    Child second(make);
    EXPECT_EQ(first.wait(), 0);
    EXPECT_EQ(second.wait(), 0);
    EXPECT_EQ(must(sqlite::version_of(*raw(path), shelf(kShelf2))), 2);
  }
}

}  // namespace
}  // namespace switchyard::testing
