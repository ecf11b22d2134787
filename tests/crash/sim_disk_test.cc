// The disk itself: a test on it proves nothing unless it loses what a disk would lose, and nothing else.
#include "tests/support/sim_disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "state/sqlite/database.h"

namespace switchyard::testing {
namespace {

using sqlite::Database;
using sqlite::Synchronous;

class SimDiskTest : public ::testing::Test {
 protected:
  SimDiskTest() { std::filesystem::create_directories(folder_); }
  ~SimDiskTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Database> open() {
    auto database = Database::open(folder_ + "/a.db", {.access = Database::Access::kCreate, .if_damaged = {}});
    EXPECT_TRUE(database.ok()) << (database.ok() ? "" : database.error().message);
    EXPECT_TRUE((*database)->use_write_ahead_log().ok());
    return *std::move(database);
  }
  // How many rows there are: 0, 1, 2 and so on were put in.
  std::int64_t rows() {
    return open()->number("SELECT count(*) FROM t").ok() ? *open()->number("SELECT count(*) FROM t") : -1;
  }

  // A table in the file itself, then rows in its log: `synced` of them for sure.
  void write(int synced, int unsynced) {
    {
      const auto first = open();
      ASSERT_TRUE(first->execute("CREATE TABLE t (id INTEGER, pad BLOB)").ok());
    }
    const auto database = open();
    for (int i = 0; i < synced + unsynced; ++i) {
      ASSERT_TRUE(database->set_synchronous(i < synced ? Synchronous::kFull : Synchronous::kNormal).ok());
      ASSERT_TRUE(database->execute("INSERT INTO t VALUES (1, NULL)").ok());
    }
    disk_.power_off();
  }

  std::string folder_ = ::testing::TempDir() + "sim-disk-" + std::to_string(getpid());
  SimDisk disk_{folder_, 3};
};

TEST_F(SimDiskTest, NothingOfItIsOnTheRealDisk) {
  write(1, 0);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
  EXPECT_TRUE(disk_.files().contains("a.db"));
}

TEST_F(SimDiskTest, WhatWasSyncedIsAlwaysThereAndWhatWasNotIsGoneWithTheCaches) {
  write(3, 4);
  disk_.power_on({.keeps = PowerLoss::Keeps::kNothing});
  EXPECT_EQ(rows(), 3);
}

TEST_F(SimDiskTest, TheDeathOfAProcessAloneLosesNothing) {
  write(3, 4);
  disk_.power_on({.keeps = PowerLoss::Keeps::kAll});
  EXPECT_EQ(rows(), 7);
}

TEST_F(SimDiskTest, SomeOrTornWritesLeaveASoundFileWithAtLeastWhatWasSynced) {
  std::set<std::int64_t> seen;
  write(2, 4);
  const auto files = disk_.files();
  for (const PowerLoss::Keeps keeps : {PowerLoss::Keeps::kSome, PowerLoss::Keeps::kTorn}) {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      SCOPED_TRACE(seed);
      disk_.restore({});
      disk_.power_on({.keeps = PowerLoss::Keeps::kAll});
      write(2, 4);
      disk_.power_on({.keeps = keeps, .seed = seed});
      const std::int64_t left = rows();
      ASSERT_GE(left, 2);
      ASSERT_LE(left, 6);
      ASSERT_EQ(*open()->text("PRAGMA integrity_check"), "ok");
      seen.insert(left);
    }
  }
  EXPECT_GT(seen.size(), 2U) << "it never tears anything";
}

TEST_F(SimDiskTest, TheSameSeedLeavesTheSameBytes) {
  const auto left = [this](std::uint64_t seed) {
    disk_.restore({});
    disk_.power_on({.keeps = PowerLoss::Keeps::kAll});
    write(1, 5);
    disk_.power_on({.keeps = PowerLoss::Keeps::kTorn, .seed = seed});
    std::string sizes;
    for (const auto& [name, bytes] : disk_.files()) sizes += name + " " + std::to_string(bytes.size()) + "; ";
    return sizes;
  };
  EXPECT_EQ(left(11), left(11));
}

TEST_F(SimDiskTest, AfterThePowerWentOpenFilesWorkNoMoreAndChangeNothing) {
  const auto database = open();
  ASSERT_TRUE(database->execute("CREATE TABLE t (id INTEGER)").ok());
  const auto before = disk_.files();
  disk_.power_off();
  EXPECT_FALSE(database->execute("INSERT INTO t VALUES (1)").ok());
  EXPECT_EQ(disk_.files(), before);
  disk_.power_on({.keeps = PowerLoss::Keeps::kAll});
  EXPECT_FALSE(database->execute("INSERT INTO t VALUES (1)").ok()) << "it was open before the power went";
  EXPECT_EQ(rows(), 0);
}

TEST_F(SimDiskTest, ADiskThatIsFullOrFailsSaysSoAndTheFileStaysSound) {
  const auto database = open();
  ASSERT_TRUE(database->execute("CREATE TABLE t (id INTEGER)").ok());
  for (const DiskAnswer trouble : {DiskAnswer::kFull, DiskAnswer::kIoError}) {
    disk_.set_on_effect([=](const DiskEffect&) { return trouble; });
    const auto failed = database->execute("INSERT INTO t VALUES (1)");
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().code, ErrorCode::kStorage);
    EXPECT_THAT(failed.error().message, ::testing::HasSubstr(trouble == DiskAnswer::kFull ? "full" : "disk I/O error"));
  }
  disk_.set_on_effect({});
  ASSERT_TRUE(database->execute("INSERT INTO t VALUES (1)").ok());
  EXPECT_EQ(rows(), 1);
}

TEST_F(SimDiskTest, TwoConnectionsExcludeEachOther) {
  const auto first = open();
  ASSERT_TRUE(first->execute("CREATE TABLE t (id INTEGER)").ok());
  auto second = Database::open(folder_ + "/a.db",
                               {.access = Database::Access::kReadWrite, .if_damaged = {}, .busy_timeout = Duration(0)});
  ASSERT_TRUE(second.ok());
  ASSERT_TRUE(first->execute("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)").ok());
  const auto refused = (*second)->execute("INSERT INTO t VALUES (2)");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kLocked);
  EXPECT_EQ(*(*second)->number("SELECT count(*) FROM t"), 0);
  ASSERT_TRUE(first->execute("COMMIT").ok());
  EXPECT_EQ(*(*second)->number("SELECT count(*) FROM t"), 1);
}

}  // namespace
}  // namespace switchyard::testing
