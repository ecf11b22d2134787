#include "providers/agent/private_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "specs/base/digest.h"

namespace switchyard {
namespace {

Error trouble(const std::string& path, std::string_view what) {
  const int number = errno;
  return {number == EEXIST ? ErrorCode::kConflict : ErrorCode::kStorage,
          fmt::format("\"{}\" {}: {}", path, what, std::strerror(number))};
}

// A descriptor, closed once.
class Handle {
 public:
  explicit Handle(int number) : number_(number) {}
  ~Handle() {
    if (number_ >= 0) ::close(number_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

Result<Done> sync_folder_of(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const std::string folder = parent.empty() ? "." : parent.string();
  const Handle handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (handle.number() < 0) return trouble(folder, "cannot be opened");
  // A file system that cannot do it says so, and has nothing to lose by it.
  if (::fsync(handle.number()) != 0 && errno != EINVAL && errno != ENOTSUP) return trouble(folder, "cannot be synced");
  return Done{};
}

// The text on the disk under a name of its own, which goes away again.
class Draft {
 public:
  explicit Draft(const std::string& final_name) : path_(fmt::format("{}.{}.part", final_name, random_hex(4))) {}
  ~Draft() { ::unlink(path_.c_str()); }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  const std::string& path() const { return path_; }

  Result<Done> write(std::string_view text) const {
    const Handle handle(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (handle.number() < 0) return trouble(path_, "cannot be made");
    while (!text.empty()) {
      const ssize_t written = ::write(handle.number(), text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return trouble(path_, "cannot be written");
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(handle.number()) != 0) return trouble(path_, "cannot be synced");
    return Done{};
  }

 private:
  std::string path_;
};

}  // namespace

Result<std::string> read_private_file(const std::string& path) {
  const Handle handle(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (handle.number() < 0 && errno == ENOENT) {
    return Error{ErrorCode::kNotFound, fmt::format("there is no \"{}\"", path)};
  }
  if (handle.number() < 0) return trouble(path, "cannot be opened");
  struct stat found {};
  if (::fstat(handle.number(), &found) != 0) return trouble(path, "cannot be examined");
  if ((found.st_mode & 077U) != 0) {
    return Error{ErrorCode::kUnauthorized,
                 fmt::format("\"{}\" may be read by others than its owner; chmod 600 it, and renew what it holds if "
                             "somebody may have read it",
                             path)};
  }
  std::string text;
  std::array<char, 4096> chunk;
  for (;;) {
    const ssize_t got = ::read(handle.number(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return trouble(path, "cannot be read");
    if (got == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

Result<Done> create_private_file(const std::string& path, std::string_view text) {
  const Draft draft(path);
  if (auto done = draft.write(text); !done) return done;
  if (::link(draft.path().c_str(), path.c_str()) != 0) return trouble(path, "cannot be made");
  return sync_folder_of(path);
}

Result<Done> replace_private_file(const std::string& path, std::string_view text) {
  const Draft draft(path);
  if (auto done = draft.write(text); !done) return done;
  if (::rename(draft.path().c_str(), path.c_str()) != 0) return trouble(path, "cannot be replaced");
  return sync_folder_of(path);
}

Result<Done> remove_private_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return trouble(path, "cannot be removed");
  return sync_folder_of(path);
}

}  // namespace switchyard
