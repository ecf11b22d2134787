#include "state/lock_row.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "state/rows.h"

namespace switchyard {

Host this_host() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) name[0] = '?';
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string boot;
  std::getline(file, boot);
  // Where the kernel does not tell, the host's name has to do.
  if (boot.empty()) boot = name.data();
  return {.name = name.data(), .boot = boot};
}

Result<LockRow> read_lock(sqlite::Database& database) {
  auto select = database.prepare("SELECT fence, who, host, boot, pid, since, expires, flocked FROM lock");
  const auto found = select.step();
  if (!found) return found.error();
  if (!*found) return database.damaged("the lock's row is not there");
  RowReader in(database, select, "lock");
  LockRow row{.fence = select.integer(0),
              .who = std::string(select.text(1)),
              .host = std::string(select.text(2)),
              .boot = std::string(select.text(3)),
              .pid = select.integer(4),
              .since = in.time(5),
              .expires = in.time(6),
              .flocked = select.integer(7) != 0};
  if (in.failure()) return *in.failure();
  return row;
}

Result<Done> write_lock(sqlite::Database& database, const LockRow& row) {
  return database
      .prepare("UPDATE lock SET fence = ?, who = ?, host = ?, boot = ?, pid = ?, since = ?, expires = ?, flocked = ?")
      .bind(row.fence)
      .bind(row.who)
      .bind(row.host)
      .bind(row.boot)
      .bind(row.pid)
      .bind(row.since)
      .bind(row.expires)
      .bind(std::int64_t{row.flocked})
      .run();
}

std::string for_people(const LockRow& row) {
  const bool names_host = row.who.find('@') != std::string::npos;
  return fmt::format("{}{} (pid {}) since {}, until {}", row.who, names_host ? "" : "@" + row.host, row.pid,
                     to_string(std::chrono::floor<std::chrono::seconds>(row.since)),
                     to_string(std::chrono::floor<std::chrono::seconds>(row.expires)));
}

Result<std::unique_ptr<LockFile>> LockFile::open(const std::string& state_path) {
  const std::string path = path_for(state_path);
  const int handle = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (handle < 0) {
    return Error{ErrorCode::kStorage, fmt::format("\"{}\" cannot be opened: {}", path, std::strerror(errno))};
  }
  return std::unique_ptr<LockFile>(new LockFile(handle));
}

bool LockFile::held_by_anybody(const std::string& state_path) {
  const int handle = ::open(path_for(state_path).c_str(), O_RDONLY | O_CLOEXEC);
  if (handle < 0) return false;
  const bool held = ::flock(handle, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(handle);
  return held;
}

LockFile::~LockFile() {
  ::close(handle_);
}

LockFile::Taken LockFile::take() {
  if (::flock(handle_, LOCK_EX | LOCK_NB) == 0) return Taken::kOurs;
  return errno == EWOULDBLOCK || errno == EINTR ? Taken::kOthers : Taken::kImpossible;
}

void LockFile::free() {
  ::flock(handle_, LOCK_UN);
}

}  // namespace switchyard
