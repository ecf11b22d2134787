#include "state/backup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "specs/base/digest.h"
#include "state/state_file.h"

namespace switchyard {
namespace {

Error there_already(const std::string& path) {
  return {ErrorCode::kInvalid, fmt::format("\"{}\" is there already and is not overwritten; name another file", path)};
}

// A file that goes away again unless it is published under its final name.
class Draft {
 public:
  explicit Draft(std::string path) : path_(std::move(path)) {}
  ~Draft() {
    ::unlink((path_ + "-journal").c_str());
    ::unlink(path_.c_str());
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  const std::string& path() const { return path_; }

  // Made for its owner only. Error: kStorage.
  Result<Done> make() {
    const int handle = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (handle < 0) return trouble(path_, "cannot be made");
    ::close(handle);
    return Done{};
  }

  // Durable under its final name, which must be free: link() never replaces.
  Result<Done> publish(const std::string& to) {
    const int handle = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (handle < 0) return trouble(path_, "cannot be opened");
    const bool synced = ::fsync(handle) == 0;
    const int number = errno;
    ::close(handle);
    errno = number;
    if (!synced) return trouble(path_, "cannot be synced");
    if (::link(path_.c_str(), to.c_str()) != 0) return trouble(to, "cannot be made");
    return sync_folder(folder_of(to));
  }

 private:
  static Error trouble(const std::string& path, std::string_view what) {
    if (errno == EEXIST) return there_already(path);
    return {ErrorCode::kStorage, fmt::format("\"{}\" {}: {}", path, what, std::strerror(errno))};
  }

  std::string path_;
};

}  // namespace

Result<Done> back_up(sqlite::Database& database, const std::string& to) {
  if (to.empty()) return Error{ErrorCode::kInvalid, "the backup has no name"};
  if (::access(to.c_str(), F_OK) == 0) return there_already(to);
  Draft draft(fmt::format("{}.{}.part", to, random_hex(4)));
  if (auto done = draft.make(); !done) return done;
  {
    auto copy =
        sqlite::Database::open(draft.path(), {.access = sqlite::Database::Access::kReadWrite, .if_damaged = {}});
    if (!copy) return copy.error();
    if (auto done = (*copy)->set_synchronous(sqlite::Synchronous::kFull); !done) return done;
    if (auto done = database.copy_into(**copy); !done) return done;
  }
  return draft.publish(to);
}

}  // namespace switchyard
