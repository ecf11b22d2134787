#include "state/state_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

namespace switchyard {
namespace {

using sqlite::Database;
namespace fs = std::filesystem;

Error storage_error(const std::string& path, std::string_view what, int number) {
  return {ErrorCode::kStorage, fmt::format("\"{}\" {}: {}", path, what, std::strerror(number))};
}

bool may_write(const std::string& path) {
  return ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0;
}

// Reads something, so that a damaged or locked-away file is noticed now.
Result<Done> probe(Database& database) {
  const auto version = database.number("PRAGMA user_version");
  if (!version) return version.error();
  return Done{};
}

Result<OpenedFile> opened(const std::string& path, Database::Access access, const std::string& if_damaged) {
  auto database = Database::open(path, {.access = access, .if_damaged = if_damaged});
  if (!database) return database.error();
  if (auto done = probe(**database); !done) return done.error();
  OpenedFile file;
  file.database = std::move(*database);
  return file;
}

// The file and its log, copied where they can be worked with. Nobody writes them: a writer would keep the -shm that
// opening them in place missed.
Result<OpenedFile> opened_copy(const std::string& path, const std::string& if_damaged) {
  auto folder = PrivateFolder::make();
  if (!folder) return folder.error();
  const fs::path copy = (*folder)->path() / "state.db";
  for (const char* suffix : {"", "-wal"}) {
    std::error_code failed;
    fs::copy_file(path + suffix, copy.string() + suffix, failed);
    if (failed) return storage_error(path + suffix, "cannot be copied for reading", failed.value());
    // The copy takes over the permissions, which may forbid what has to be done with it.
    fs::permissions(copy.string() + suffix, fs::perms::owner_read | fs::perms::owner_write, failed);
  }
  auto file = opened(copy.string(), Database::Access::kReadWrite, if_damaged);
  if (file) file->copied_to = std::move(*folder);
  return file;
}

Result<OpenedFile> opened_without_permission(const std::string& path, const std::string& if_damaged) {
  // A live writer's -shm may be read, and shows the newest commits.
  auto file = opened(path, Database::Access::kReadOnly, if_damaged);
  if (file || file.error().code != ErrorCode::kStorage) return file;
  if (size_of(path + "-wal") > 0) return opened_copy(path, if_damaged);
  return opened(path, Database::Access::kReadOnlyImmutable, if_damaged);
}

// Folders that are missing are made for their owner only.
Result<Done> make_folders(const fs::path& folder) {
  std::vector<fs::path> missing;
  std::error_code ignored;
  for (fs::path at = folder; !at.empty() && !fs::exists(at, ignored); at = at.parent_path()) missing.push_back(at);
  for (auto at = missing.rbegin(); at != missing.rend(); ++at) {
    if (::mkdir(at->c_str(), 0700) != 0 && errno != EEXIST) {
      return storage_error(at->string(), "cannot be made", errno);
    }
  }
  return Done{};
}

}  // namespace

Result<std::unique_ptr<PrivateFolder>> PrivateFolder::make() {
  std::error_code failed;
  std::string name = (fs::temp_directory_path(failed) / "switchyard-XXXXXX").string();
  if (failed || ::mkdtemp(name.data()) == nullptr) return storage_error(name, "cannot be made", errno);
  return std::unique_ptr<PrivateFolder>(new PrivateFolder(name));
}

PrivateFolder::~PrivateFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path folder_of(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  return folder.empty() ? fs::path(".") : folder;
}

std::int64_t size_of(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? std::int64_t{found.st_size} : 0;
}

Result<Done> sync_folder(const fs::path& folder) {
  const int handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0) return storage_error(folder.string(), "cannot be opened", errno);
  const int synced = ::fsync(handle);
  const int number = errno;
  ::close(handle);
  // A file system that cannot do it says so, and has nothing to lose by it.
  if (synced != 0 && number != EINVAL && number != ENOTSUP) {
    return storage_error(folder.string(), "cannot be synced", number);
  }
  return Done{};
}

Result<OpenedFile> open_in_memory(const sqlite::Format& format) {
  auto database = Database::open("memory", {.access = Database::Access::kMemory, .if_damaged = {}});
  if (!database) return database.error();
  if (auto done = sqlite::migrate(**database, format); !done) return done.error();
  OpenedFile file;
  file.database = std::move(*database);
  return file;
}

Result<OpenedFile> open_for_reading(const std::string& path, const sqlite::Format& format,
                                    const std::string& if_damaged) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) {
    if (errno != ENOENT) return storage_error(path, "cannot be opened", errno);
    auto file = open_in_memory(format);
    if (file) file->missing = true;
    return file;
  }
  if (S_ISDIR(found.st_mode)) return storage_error(path, "cannot be read", EISDIR);
  const std::int64_t log_bytes = size_of(path + "-wal");
  // With write permission SQLite also clears away what it needs for reading, and what a crash has left.
  const bool writable = may_write(path) && may_write(folder_of(path).string());
  auto file =
      writable ? opened(path, Database::Access::kReadWrite, if_damaged) : opened_without_permission(path, if_damaged);
  // A full disk has no room even for what SQLite needs to read.
  if (writable && !file && file.error().code == ErrorCode::kStorage) file = opened_without_permission(path, if_damaged);
  if (!file) return file;
  file->log_bytes_before = log_bytes;

  const auto version = sqlite::version_of(*file->database, format);
  if (!version) return version.error();
  if (*version < format.version()) {
    auto memory = Database::open(path, {.access = Database::Access::kMemory, .if_damaged = if_damaged});
    if (!memory) return memory.error();
    if (auto done = file->database->copy_into(**memory); !done) return done.error();
    if (auto done = sqlite::migrate(**memory, format); !done) return done.error();
    file->database = std::move(*memory);
    file->copied_to.reset();
  }
  if (auto done = file->database->execute("PRAGMA query_only = ON"); !done) return done.error();
  return file;
}

Result<OpenedFile> open_for_writing(const std::string& path, const sqlite::Format& format,
                                    const std::string& if_damaged) {
  if (auto made = make_folders(folder_of(path)); !made) return made.error();
  // Made here, so that there is no moment in which others may read it. Never opened here when it exists: closing it
  // again would drop the locks that SQLite holds on it elsewhere in this process (POSIX).
  const int handle = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (handle < 0 && errno != EEXIST) return storage_error(path, "cannot be made", errno);
  const bool fresh = handle >= 0;
  if (fresh) ::close(handle);

  const std::int64_t log_bytes = size_of(path + "-wal");
  auto file = opened(path, Database::Access::kReadWrite, if_damaged);
  if (!file) return file;
  file->log_bytes_before = log_bytes;
  Database& database = *file->database;
  if (database.fell_back_to_read_only()) return storage_error(path, "cannot be written", EACCES);
  // Looked at before anything is changed: a newer file, or another program's, stays as it is.
  if (const auto version = sqlite::version_of(database, format); !version) return version.error();
  if (auto done = database.use_write_ahead_log(); !done) return done.error();
  if (auto done = database.set_synchronous(sqlite::Synchronous::kFull); !done) return done.error();
  if (auto done = sqlite::migrate(database, format); !done) return done.error();
  if (fresh) {
    if (auto done = sync_folder(folder_of(path)); !done) return done.error();
  }
  return file;
}

}  // namespace switchyard
