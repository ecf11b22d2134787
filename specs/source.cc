#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <set>
#include <utility>

#include "specs/base/digest.h"
#include "specs/load.h"
#include "specs/scalar.h"
#include "specs/source_text.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLargestFile = 64U << 20U;
constexpr std::uintmax_t kLargestSource = 512U << 20U;
constexpr int kDeepestFolder = 64;

bool is_yaml(const fs::path& path) {
  return path.extension() == ".yaml" || path.extension() == ".yml";
}
bool is_hidden(const fs::path& path) {
  return path.filename().native().starts_with('.');
}

class SourceReader {
 public:
  enum class Reads { kAll, kNoFile };
  explicit SourceReader(Reads reads = Reads::kAll) : reads_(reads) {}

  SpecSource take(const std::vector<std::string>& paths);
  // Of all that was visited.
  SourceStamp stamp() const { return {.hash = fast_hash_hex(stamps_), .newest = newest_}; }

 private:
  using Identity = std::pair<dev_t, ino_t>;

  void visit(const fs::path& path, int depth);
  void stamp(const fs::path& path, const struct stat& status);
  void visit_folder(const fs::path& path, Identity identity, int depth);
  void read(const fs::path& path, const struct stat& status);
  void complain(Severity severity, const fs::path& path, std::string message, std::string detail) {
    source_.diagnostics.push_back(
        SourceText::complain_of_file(severity, shown(path.native()), std::move(message), std::move(detail)));
  }
  void cannot(const fs::path& path, int error) {
    complain(Severity::kError, path, "cannot be read",
             fmt::format("{}; check the path and its permissions", std::strerror(error)));
  }

  const Reads reads_;
  std::string stamps_;
  Timestamp newest_{};
  SpecSource source_;
  std::set<Identity> open_folders_;  // those being visited: meeting one again is a loop
  std::set<Identity> folders_;
  std::set<Identity> files_;
  std::uintmax_t bytes_ = 0;
};

SpecSource SourceReader::take(const std::vector<std::string>& paths) {
  // Sorted, so that it does not matter in which order people name them.
  std::vector<std::string> sorted = paths;
  std::ranges::sort(sorted);
  for (const std::string& path : sorted) {
    std::error_code failure;
    const fs::path real = fs::canonical(path, failure);
    if (failure) {
      const bool missing = failure == std::errc::no_such_file_or_directory;
      complain(Severity::kError, path, missing ? "no such file or folder" : "cannot be read",
               missing ? "name a YAML file or a folder of them" : failure.message());
      continue;
    }
    source_.scope.push_back(real.native());
    visit(fs::path(path).lexically_normal(), 0);
  }
  std::ranges::sort(source_.scope);
  source_.scope.erase(std::unique(source_.scope.begin(), source_.scope.end()), source_.scope.end());
  std::ranges::sort(source_.files, {}, &SpecFile::shown);
  std::string hashes;
  for (const SpecFile& file : source_.files) hashes += fmt::format("{}\n{}\n", file.shown, file.hash);
  source_.hash = fast_hash_hex(hashes);
  return std::move(source_);
}

void SourceReader::visit(const fs::path& path, int depth) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return cannot(path, errno);
  stamp(path, status);
  const Identity identity{status.st_dev, status.st_ino};
  if (S_ISDIR(status.st_mode)) return visit_folder(path, identity, depth);
  if (!S_ISREG(status.st_mode))
    return complain(Severity::kError, path, "not a file", "name a YAML file or a folder of them");
  if (files_.insert(identity).second && reads_ == Reads::kAll) read(path, status);
}

void SourceReader::stamp(const fs::path& path, const struct stat& status) {
  const auto time_of = [](const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; };
  const std::int64_t changed = std::max(time_of(status.st_mtim), time_of(status.st_ctim));
  fmt::format_to(std::back_inserter(stamps_), "{}\n{} {} {} {} {} {}\n", path.native(), status.st_mode, status.st_dev,
                 status.st_ino, status.st_size, time_of(status.st_mtim), time_of(status.st_ctim));
  newest_ = std::max(newest_, Timestamp(std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(changed))));
}

void SourceReader::visit_folder(const fs::path& path, Identity identity, int depth) {
  if (open_folders_.contains(identity)) {
    return complain(Severity::kWarning, path, "a loop of symbolic links",
                    "this folder lies inside itself; it is read once");
  }
  if (!folders_.insert(identity).second) return;
  if (depth > kDeepestFolder)
    return complain(Severity::kError, path, "nested too deeply",
                    fmt::format("folders are read {} levels deep", kDeepestFolder));
  std::error_code failure;
  std::vector<fs::path> entries;
  for (fs::directory_iterator each(path, failure), end; !failure && each != end; each.increment(failure)) {
    if (!is_hidden(each->path())) entries.push_back(each->path());
  }
  if (failure) return complain(Severity::kError, path, "cannot be read", failure.message());
  std::ranges::sort(entries);
  open_folders_.insert(identity);
  for (const fs::path& entry : entries) {
    std::error_code ignored;
    const bool folder = fs::is_directory(entry, ignored);
    if (folder || is_yaml(entry)) visit(entry.lexically_normal(), depth + 1);
  }
  open_folders_.erase(identity);
}

void SourceReader::read(const fs::path& path, const struct stat& status) {
  const auto size = static_cast<std::uintmax_t>(status.st_size);
  if (size > kLargestFile) {
    return complain(Severity::kError, path, "file too large",
                    fmt::format("it has {} MB; a file of specs has at most {}", size >> 20U, kLargestFile >> 20U));
  }
  if (bytes_ + size > kLargestSource) {
    return complain(Severity::kError, path, "source too large",
                    fmt::format("all files together have at most {} MB", kLargestSource >> 20U));
  }
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return cannot(path, errno);
  SpecFile read{.shown = path.native(), .absolute = {}, .hash = {}, .bytes = std::string(size + 1, '\0')};
  std::size_t filled = 0;
  int problem = 0;
  while (filled < read.bytes.size()) {
    const ssize_t got = ::read(file, read.bytes.data() + filled, read.bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) problem = errno;
    if (got <= 0) break;
    filled += static_cast<std::size_t>(got);
  }
  ::close(file);
  if (problem != 0) return cannot(path, problem);
  if (filled > size) return complain(Severity::kError, path, "changed while it was read", "run the command again");
  read.bytes.resize(filled);
  bytes_ += filled;
  std::error_code failure;
  read.absolute = fs::canonical(path, failure).native();
  if (failure) return complain(Severity::kError, path, "cannot be read", failure.message());
  read.hash = fast_hash_hex(read.bytes);
  source_.files.push_back(std::move(read));
}

}  // namespace

SpecSource read_source(const std::vector<std::string>& paths) {
  return SourceReader().take(paths);
}

SourceStamp stamp_of_source(const std::vector<std::string>& paths) {
  SourceReader reader(SourceReader::Reads::kNoFile);
  reader.take(paths);
  return reader.stamp();
}

}  // namespace switchyard
