#include "providers/agent/daemon/durable_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace switchyard {
namespace {

Error trouble(std::string_view what, const std::string& path) {
  return {ErrorCode::kStorage, fmt::format("could not {} \"{}\": {}", what, path, std::strerror(errno))};
}

Result<Done> sync_folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return trouble("open", folder);
  const bool synced = ::fsync(file) == 0;
  Result<Done> done = Done{};
  if (!synced) done = trouble("sync", folder);
  ::close(file);
  return done;
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Result<Done> write_durably(const std::string& path, std::string_view text) {
  const std::string beside = path + ".new";
  const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return trouble("create", beside);
  const bool written = write_all(file, text) && ::fsync(file) == 0;
  Result<Done> done = Done{};
  if (!written) done = trouble("write", beside);
  ::close(file);
  if (written && ::rename(beside.c_str(), path.c_str()) != 0) done = trouble("rename", beside);
  if (!done) {
    ::unlink(beside.c_str());
    return done;
  }
  return sync_folder_of(path);
}

Result<std::string> read_text(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return Error{ErrorCode::kNotFound, fmt::format("there is no \"{}\"", path)};
  if (file < 0) return trouble("open", path);
  std::string text;
  char part[16384];
  for (;;) {
    const ssize_t got = ::read(file, part, sizeof part);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      Error error = trouble("read", path);
      ::close(file);
      return error;
    }
    if (got == 0) break;
    text.append(part, static_cast<std::size_t>(got));
  }
  ::close(file);
  return text;
}

Result<Done> point_link(const std::string& link, const std::string& target) {
  const std::string beside = link + ".new";
  ::unlink(beside.c_str());
  if (::symlink(target.c_str(), beside.c_str()) != 0) return trouble("link", beside);
  if (::rename(beside.c_str(), link.c_str()) != 0) return trouble("rename", beside);
  return sync_folder_of(link);
}

Result<Done> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return sync_folder_of(path);
  if (errno != EEXIST) return trouble("create", path);
  return Done{};
}

Result<Done> remove_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return Error{ErrorCode::kStorage, fmt::format("could not remove \"{}\": {}", path, error.message())};
  return Done{};
}

}  // namespace switchyard
