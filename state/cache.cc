#include "state/cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "state/sqlite/database.h"

namespace switchyard {
namespace {

using sqlite::Database;
using sqlite::Transaction;

// Beyond this size, what was not used for so many days goes.
constexpr std::int64_t kBound = std::int64_t{64} * 1024 * 1024;
constexpr std::int64_t kDaysUnused = 30;

std::int64_t today() {
  return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()).time_since_epoch().count();
}

// A cache is worth no waiting.
constexpr Duration kPatience = std::chrono::milliseconds(100);

// No write-ahead log: a reader then needs no second file and no write permission.
constexpr const char* kTables = R"sql(
PRAGMA journal_mode = DELETE;
CREATE TABLE IF NOT EXISTS program (version TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entries (
  id    INTEGER PRIMARY KEY,
  key   TEXT NOT NULL UNIQUE,
  used  INTEGER NOT NULL,  -- day, since 1970
  value BLOB NOT NULL
) STRICT;
)sql";

}  // namespace

struct CacheFile::Impl {
  std::string path;
  std::string version;
  std::mutex mutex;
  bool looked = false;                 // opening was tried
  std::unique_ptr<Database> database;  // nullptr: no cache
  bool fits = false;                   // what is in it was written by this version
  std::map<std::string, std::string, std::less<>> pending;
  std::set<std::string, std::less<>> used;  // found, although their day is an older one

  // Opens what is there. A cache that makes no sense is removed, so that the next flush() makes it anew.
  void look() {
    if (std::exchange(looked, true) || path.empty()) return;
    if (::access(path.c_str(), R_OK) != 0) return;
    const bool writable = ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0;
    const auto found = open(writable ? Database::Access::kReadWrite : Database::Access::kReadOnly);
    fits = found && *found == version;
    if (!found && found.error().code == ErrorCode::kUnreadable) remove();
  }

  // The version of the program that wrote it.
  Result<std::string> open(Database::Access access) {
    auto opened = Database::open(path, {.access = access, .if_damaged = {}, .busy_timeout = kPatience});
    if (!opened) return opened.error();
    database = std::move(*opened);
    return database->text("SELECT version FROM program");
  }

  void remove() {
    database.reset();
    fits = false;
    ::unlink(path.c_str());
    ::unlink((path + "-journal").c_str());
  }

  // Ready to be written: made when it is missing, emptied when another version wrote it.
  Result<Done> prepare() {
    if (database == nullptr) {
      const int handle = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
      if (handle >= 0) ::close(handle);
      const auto found = open(Database::Access::kReadWrite);
      if (database == nullptr) return found.error();
    }
    if (fits) return Done{};
    if (auto done = database->execute(kTables); !done) return done;
    auto transaction = Transaction::begin(*database, Transaction::Kind::kImmediate);
    if (!transaction) return transaction.error();
    if (auto done = database->execute("DELETE FROM program; DELETE FROM entries"); !done) return done;
    if (auto done = database->prepare("INSERT INTO program VALUES (?)").bind(version).run(); !done) return done;
    auto done = transaction->commit();
    fits = done.ok();
    return done;
  }

  Result<Done> write() {
    if (auto done = prepare(); !done) return done;
    auto transaction = Transaction::begin(*database, Transaction::Kind::kImmediate);
    if (!transaction) return transaction.error();
    const std::int64_t day = today();
    for (const auto& [key, value] : pending) {
      auto done = database->prepare("INSERT OR REPLACE INTO entries (key, used, value) VALUES (?, ?, ?)")
                      .bind(key)
                      .bind(day)
                      .bind_blob(value)
                      .run();
      if (!done) return done;
    }
    for (const std::string& key : used) {
      auto done = database->prepare("UPDATE entries SET used = ? WHERE key = ?").bind(day).bind(key).run();
      if (!done) return done;
    }
    const auto bytes = database->number("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
    if (!bytes) return bytes.error();
    if (*bytes > kBound) {
      auto done = database->prepare("DELETE FROM entries WHERE used < ?").bind(day - kDaysUnused).run();
      if (!done) return done;
    }
    return transaction->commit();
  }
};

CacheFile::CacheFile(const std::string& path, std::string_view program_version) : impl_(std::make_unique<Impl>()) {
  impl_->path = path;
  impl_->version = program_version;
}

CacheFile::~CacheFile() = default;

std::optional<std::string> CacheFile::get(std::string_view key) {
  const std::scoped_lock lock(impl_->mutex);
  if (const auto found = impl_->pending.find(key); found != impl_->pending.end()) return found->second;
  impl_->look();
  if (!impl_->fits) return std::nullopt;
  auto select = impl_->database->prepare("SELECT value, used FROM entries WHERE key = ?");
  const auto row = select.bind(key).step();
  if (!row || !*row) return std::nullopt;
  if (select.integer(1) < today()) impl_->used.emplace(key);
  return std::string(select.blob(0));
}

void CacheFile::put(std::string_view key, std::string_view value) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->pending.insert_or_assign(std::string(key), std::string(value));
}

void CacheFile::flush() {
  const std::scoped_lock lock(impl_->mutex);
  if (impl_->pending.empty() && impl_->used.empty()) return;
  impl_->look();
  auto written = impl_->write();
  if (!written && written.error().code == ErrorCode::kUnreadable) {
    impl_->remove();
    written = impl_->write();
  }
  // What could not be written is forgotten: it can be computed again.
  impl_->pending.clear();
  impl_->used.clear();
}

}  // namespace switchyard
