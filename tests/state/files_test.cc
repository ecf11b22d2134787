// What happens to the state when its file, its folder or its disk is not as it should be: a clear error, and nothing
// lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>

#include "state/lock.h"
#include "state/state_file.h"
#include "state/store.h"
#include "tests/state/samples.h"
#include "tests/state/world.h"

namespace switchyard::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Commits `count` events in one batch.
Result<Done> add_events(Store& store, int count) {
  Batch batch;
  batch.intents = {an_intent("lon-1")};
  batch.events.assign(static_cast<std::size_t>(count), an_event(std::string(1000, 'x')));
  return store.commit(batch, Durability::kSynced);
}

std::string made_state(const TempFolder& folder) {
  std::string path = folder.file("state.db");
  const auto store = writable_store(path);
  must(add_events(*store, 3));
  must(store->save(an_account("main", 50)));
  return path;
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

TEST(StateFile, IsMadeForItsOwnerOnly) {
  const TempFolder folder;
  const std::string path = folder.file("a/b/state.db");
  const mode_t before = ::umask(0);
  const auto store = writable_store(path);
  ::umask(before);
  EXPECT_EQ(mode_of(path), 0600);
  EXPECT_EQ(mode_of(path + "-wal"), 0600);
  EXPECT_EQ(mode_of(path + "-shm"), 0600);
  EXPECT_EQ(mode_of(folder.file("a")), 0700);
  EXPECT_EQ(mode_of(folder.file("a/b")), 0700);
}

TEST(StateFile, ThatIsMissingReadsAsAnEmptyStateAndIsNotMade) {
  const TempFolder folder;
  const auto store = must(Store::open(folder.file("none/state.db"), Store::Mode::kReadOnly));
  EXPECT_THAT(must(store->open_intents()), IsEmpty());
  EXPECT_THAT(must(store->observed()), IsEmpty());
  EXPECT_EQ(must(store->generation()), 0);
  Batch batch;
  batch.events = {an_event("x")};
  EXPECT_EQ(store->commit(batch, Durability::kSoon).error().code, ErrorCode::kStorage);
  EXPECT_EQ(store->backup(folder.file("backup.db")).error().code, ErrorCode::kNotFound);
  EXPECT_THAT(names_in(folder.path()), IsEmpty());
}

TEST(StateFile, ThatIsEmptyBecomesANewState) {
  const TempFolder folder;
  const std::string path = folder.file("state.db");
  write_bytes(path, "");
  EXPECT_THAT(must(must(Store::open(path, Store::Mode::kReadOnly))->open_intents()), IsEmpty());
  EXPECT_EQ(bytes_of(path), "");
  must(add_events(*writable_store(path), 1));
  EXPECT_EQ(must(must(Store::open(path, Store::Mode::kReadOnly))->open_intents()).size(), 1U);
}

TEST(StateFile, ReadingLeavesNothingBehind) {
  const TempFolder folder;
  const std::string path = made_state(folder);
  must(must(Store::open(path, Store::Mode::kReadOnly))->observed());
  EXPECT_THAT(names_in(folder.path()), ::testing::ElementsAre("state.db"));
}

TEST(StateFile, AReaderRefusesToWrite) {
  const TempFolder folder;
  const std::string path = made_state(folder);
  const auto store = must(Store::open(path, Store::Mode::kReadOnly));
  store->set_fence(1);
  EXPECT_THAT(add_events(*store, 1).error().message, HasSubstr("opened for reading only"));
}

TEST(StateFile, AReaderSeesWhatAWriterCommitsMeanwhile) {
  const TempFolder folder;
  const std::string path = made_state(folder);
  const auto reader = must(Store::open(path, Store::Mode::kReadOnly));
  const auto before = must(reader->generation());
  must(add_events(*writable_store(path), 1));
  EXPECT_GT(must(reader->generation()), before);
  EXPECT_EQ(must(reader->open_intents()).size(), 2U);
}

// Reads the state without any right to write, and tells how many events and servers it found.
int read_as_nobody(const std::string& path) {
  return Child([&] {
           become_nobody();
           const auto store = Store::open(path, Store::Mode::kReadOnly);
           if (!store) return 100;
           const auto events = (*store)->events({});
           const auto observed = (*store)->observed();
           if (!events || !observed || observed->size() != 1) return 101;
           return static_cast<int>(events->size() + (*observed)[0].servers.size());
         })
      .wait();
}

void forbid_writing(const TempFolder& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) ::chmod(entry.path().c_str(), 0444);
  ::chmod(folder.path().c_str(), 0555);
}

TEST(StateFile, IsReadInAFolderThatCannotBeWritten) {
  const TempFolder folder;
  const std::string path = made_state(folder);
  forbid_writing(folder);
  EXPECT_EQ(read_as_nobody(path), 53);
  EXPECT_THAT(names_in(folder.path()), ::testing::ElementsAre("state.db"));
  ::chmod(folder.path().c_str(), 0755);
}

TEST(StateFile, WithTheLogOfACrashIsReadInAFolderThatCannotBeWritten) {
  for (const bool with_index : {true, false}) {
    const TempFolder folder;
    const std::string path = folder.file("state.db");
    Child crashed([&] {
      const auto store = writable_store(path);
      if (!add_events(*store, 3) || !store->save(an_account("main", 50))) return 1;
      ::raise(SIGKILL);
      return 2;
    });
    ASSERT_EQ(crashed.wait(), 128 + SIGKILL);
    ASSERT_GT(std::filesystem::file_size(path + "-wal"), 0U);
    if (!with_index) std::filesystem::remove(path + "-shm");
    forbid_writing(folder);
    const auto before = names_in(folder.path());
    const std::string log = bytes_of(path + "-wal");
    EXPECT_EQ(read_as_nobody(path), 53) << (with_index ? "with" : "without") << " the index of the log";
    EXPECT_EQ(names_in(folder.path()), before);
    EXPECT_EQ(bytes_of(path + "-wal"), log);
    ::chmod(folder.path().c_str(), 0755);
  }
}

TEST(StateFile, ThatMayNotBeReadIsAClearError) {
  const TempFolder folder;
  const std::string path = made_state(folder);
  ::chmod(folder.path().c_str(), 0755);
  ::chmod(path.c_str(), 0);
  Child child([&] {
    become_nobody();
    const auto store = Store::open(path, Store::Mode::kReadOnly);
    if (store) return 1;
    const bool says = store.error().message.find("check the permissions") != std::string::npos;
    return store.error().code == ErrorCode::kStorage && says ? 0 : 2;
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST(StateFile, AReadOnlyFolderIsAClearErrorForAWriter) {
  const TempFolder folder;
  const std::string path = made_state(folder);
  const std::string before = bytes_of(path);
  forbid_writing(folder);
  const auto refused_for = [](const std::string& file) {
    return Child([&] {
             become_nobody();
             const auto lock = Lock::acquire(file, "ben@host", std::chrono::minutes(1), {});
             const auto store = Store::open(file, Store::Mode::kReadWrite);
             if (lock || store) return 1;
             const bool named = store.error().message.find("\"" + file.substr(0, 8)) != std::string::npos;
             const bool storage = lock.error().code == ErrorCode::kStorage && store.error().code == ErrorCode::kStorage;
             return storage && named ? 0 : 2;
           })
        .wait();
  };
  EXPECT_EQ(refused_for(path), 0);
  EXPECT_EQ(refused_for(folder.file("new.db")), 0);
  EXPECT_EQ(refused_for(folder.file("sub/new.db")), 0);
  ::chmod(folder.path().c_str(), 0755);
  EXPECT_EQ(bytes_of(path), before);
}

// Both ways of opening give this code and leave the file's bytes alone; the message says what to do.
void expect_refused(const std::string& path, ErrorCode code, const std::string& words) {
  const std::string before = bytes_of(path);
  for (const auto mode : {Store::Mode::kReadOnly, Store::Mode::kReadWrite}) {
    const auto store = Store::open(path, mode);
    ASSERT_FALSE(store.ok());
    EXPECT_EQ(store.error().code, code);
    EXPECT_THAT(store.error().message, HasSubstr("\"" + path + "\""));
    EXPECT_THAT(store.error().message, HasSubstr(words));
  }
  EXPECT_EQ(bytes_of(path), before);
}

TEST(StateFile, OfANewerVersionIsRefusedWithBothVersions) {
  const TempFolder folder;
  const std::string path = made_state(folder);
  must(raw(path)->execute("PRAGMA user_version = 9"));
  expect_refused(path, ErrorCode::kTooNew, "version 9, written by a newer Switchyard; this one reads up to version 3");
  EXPECT_EQ(Lock::acquire(path, "ben@host", std::chrono::minutes(1), {}).error().code, ErrorCode::kTooNew);
}

TEST(StateFile, OfAVersionBelowNoneIsDamaged) {
  const TempFolder folder;
  const std::string path = made_state(folder);
  must(raw(path)->execute("PRAGMA user_version = -70000"));
  expect_refused(path, ErrorCode::kUnreadable, "its version is -70000");
}

TEST(StateFile, OfAnOlderVersionIsReadAsTheNewestAndStaysAsItIs) {
  static constexpr std::array<const char*, 2> kSteps = {"CREATE TABLE t (a INTEGER) STRICT; INSERT INTO t VALUES (7)",
                                                        "ALTER TABLE t RENAME COLUMN a TO b"};
  const sqlite::Format older{.name = "file", .application_id = 5, .steps = std::span(kSteps).first(1)};
  const sqlite::Format newer{.name = "file", .application_id = 5, .steps = kSteps};
  const TempFolder folder;
  const std::string path = folder.file("state.db");
  must(open_for_writing(path, older, ""));
  const std::string before = bytes_of(path);
  const auto read = must(open_for_reading(path, newer, ""));
  EXPECT_EQ(must(read.database->number("SELECT b FROM t")), 7);
  EXPECT_EQ(bytes_of(path), before);
  const auto written = must(open_for_writing(path, newer, ""));
  EXPECT_EQ(must(raw(path)->number("SELECT b FROM t")), 7);
}

TEST(StateFile, ThatIsNoDatabaseIsRefusedWithWhatToDo) {
  const TempFolder folder;
  const std::string path = folder.file("state.db");
  write_bytes(path, std::string(10000, 'y'));
  expect_refused(path, ErrorCode::kUnreadable, "restore a backup");
}

TEST(StateFile, OfAnotherProgramIsRefused) {
  const TempFolder folder;
  const std::string path = folder.file("other.db");
  must(must(sqlite::Database::open(path, {.access = sqlite::Database::Access::kCreate, .if_damaged = {}}))
           ->execute("CREATE TABLE songs (name TEXT)"));
  expect_refused(path, ErrorCode::kUnreadable, "another program");
}

TEST(StateFile, ThatIsAFolderIsRefused) {
  const TempFolder folder;
  for (const auto mode : {Store::Mode::kReadOnly, Store::Mode::kReadWrite}) {
    EXPECT_EQ(Store::open(folder.path(), mode).error().code, ErrorCode::kStorage);
  }
}

TEST(StateFile, CutShortIsRefusedWithWhatToDo) {
  const TempFolder folder;
  const std::string path = made_state(folder);
  write_bytes(path, bytes_of(path).substr(0, 6000));
  const auto store = Store::open(path, Store::Mode::kReadOnly);
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code, ErrorCode::kUnreadable);
  EXPECT_THAT(store.error().message, HasSubstr("restore a backup"));
}

TEST(StateFile, WithFlippedBytesIsReportedNeverMisread) {
  const TempFolder folder;
  const std::string path = made_state(folder);
  const std::string good = bytes_of(path);
  const auto expected = must(must(Store::open(path, Store::Mode::kReadOnly))->observed());
  Random random(5);
  int noticed = 0;
  for (int round = 0; round < 60; ++round) {
    std::string bad = good;
    // A page's header and the first of its cells, where the structure lies.
    const auto page = static_cast<std::size_t>(random.between(1, static_cast<std::int64_t>(good.size() / 4096) - 1));
    for (int i = 0; i < 16; ++i) bad[page * 4096 + random.below(64)] = static_cast<char>(random.below(256));
    write_bytes(path, bad);
    const auto store = Store::open(path, Store::Mode::kReadOnly);
    if (!store) {
      EXPECT_EQ(store.error().code, ErrorCode::kUnreadable) << store.error().message;
      ++noticed;
      continue;
    }
    const auto observed = (*store)->observed();
    if (!observed) {
      EXPECT_EQ(observed.error().code, ErrorCode::kUnreadable) << observed.error().message;
      EXPECT_THAT(observed.error().message, HasSubstr("restore a backup"));
    } else {
      EXPECT_EQ(*observed, expected) << "round " << round;
    }
    if (!must((*store)->doctor()).healthy()) ++noticed;
  }
  EXPECT_GT(noticed, 50);
}

// Fills the disk by committing until it fails; then nothing of the failed batch is there, and once there is room again
// the same store goes on. 0 when all that is so.
int fill_and_recover(const std::string& path, const std::function<void()>& make_room) {
  const auto store = writable_store(path);
  std::size_t good = 0;
  for (;; ++good) {
    const auto done = add_events(*store, 50);
    if (done) continue;
    if (done.error().code != ErrorCode::kStorage) return 1;
    if (good == 0 || good > 1000) return 2;
    break;
  }
  const auto open = store->open_intents();
  const auto events = store->events({});
  if (!open || open->size() != good) return 3;
  if (!events || events->size() != good * 50) return 4;
  make_room();
  if (!add_events(*store, 50)) return 5;
  const auto report = store->doctor();
  if (!report || !report->healthy()) return 6;
  return must(store->open_intents()).size() == good + 1 ? 0 : 7;
}

TEST(StateFile, ADiskThatFillsUpLosesNothing) {
  const TempFolder folder;
  Child child([&] {
    if (::unshare(CLONE_NEWNS) != 0) return 77;
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 77;
    if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=2m") != 0) return 77;
    write_bytes(folder.file("ballast"), std::string(1000000, 'b'));
    return fill_and_recover(folder.file("state.db"), [&] { ::unlink(folder.file("ballast").c_str()); });
  });
  const int code = child.wait();
  if (code == 77) GTEST_SKIP() << "mounting is not allowed here; the next test fills a disk in another way";
  EXPECT_EQ(code, 0);
}

TEST(StateFile, AFileThatMayNotGrowLosesNothing) {
  const TempFolder folder;
  Child child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{.rlim_cur = 1 << 20, .rlim_max = RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    return fill_and_recover(folder.file("state.db"), [&] {
      limit.rlim_cur = RLIM_INFINITY;
      ::setrlimit(RLIMIT_FSIZE, &limit);
    });
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST(StateFile, IsReadOnADiskWithoutAnyRoom) {
  const TempFolder folder;
  const std::string path = made_state(folder);
  Child child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 0, .rlim_max = 0};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto observed = must(Store::open(path, Store::Mode::kReadOnly))->observed();
    return observed && (*observed)[0].servers.size() == 50 ? 0 : 1;
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST(StateFile, WithoutRoomForItIsAClearError) {
  const TempFolder folder;
  Child child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 1000, .rlim_max = 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto store = Store::open(folder.file("state.db"), Store::Mode::kReadWrite);
    return !store && store.error().code == ErrorCode::kStorage ? 0 : 1;
  });
  EXPECT_EQ(child.wait(), 0);
}

}  // namespace
}  // namespace switchyard::testing
