#include "providers/local/addresses.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>
#include <utility>

namespace switchyard {
namespace {

namespace fs = std::filesystem;

Error storage(const std::string& path) {
  return {ErrorCode::kStorage, fmt::format("\"{}\": {}", path, std::generic_category().message(errno))};
}

// Others may take the folder of the notes away while it is looked at; nobody does so all the time.
constexpr int kLooks = 100;

struct Network {
  int first;
  int second;
  std::optional<int> third;  // nothing: all of them
};

std::optional<int> byte_of(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0 || value > 255) return std::nullopt;
  return value;
}

Result<Network> parse_network(const std::string& text) {
  const Error wrong{ErrorCode::kInvalid,
                    fmt::format("\"{}\" is no network for local servers; write one such as 127.66.0.0/16 or "
                                "127.66.7.0/24, within 127.0.0.0/8 or, in network namespaces, within 10.0.0.0/8",
                                text)};
  std::istringstream parts(text);
  std::array<std::string, 4> part;
  for (std::size_t i = 0; i < 3; ++i) std::getline(parts, part.at(i), '.');
  std::getline(parts, part[3]);
  const auto first = byte_of(part[0]);
  const auto second = byte_of(part[1]);
  const auto third = byte_of(part[2]);
  if ((first != 127 && first != 10) || !second || !third) return wrong;
  if (part[3] == "0/24") return Network{.first = *first, .second = *second, .third = third};
  if (part[3] == "0/16" && *third == 0) return Network{.first = *first, .second = *second, .third = {}};
  return wrong;
}

// One process after the other changes the notes. Where the last note is gone, so is the folder.
class Turn {
 public:
  explicit Turn(const std::string& folder) : folder_(folder), path_(folder + "/lock") {
    for (int look = 0; look < kLooks; ++look) {
      ::mkdir(folder.c_str(), 0777);
      ::chmod(folder.c_str(), 01777);  // the first who comes makes it for all; for others this fails and is so already
      file_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
      if (file_ < 0 && errno == ENOENT)
        file_ = ::open(path_.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
      if (file_ < 0) {
        if (errno == ENOENT) continue;  // it was taken away meanwhile
        return;
      }
      while (::flock(file_, LOCK_EX) != 0 && errno == EINTR) {
      }
      struct stat held {};
      struct stat there {};
      if (::fstat(file_, &held) == 0 && ::stat(path_.c_str(), &there) == 0 && held.st_ino == there.st_ino) return;
      ::close(std::exchange(file_, -1));
    }
  }
  ~Turn() {
    if (file_ < 0) return;
    std::error_code error;
    const auto entries = std::distance(fs::directory_iterator(folder_, error), fs::directory_iterator());
    if (!error && entries == 1) {
      ::unlink(path_.c_str());
      ::rmdir(folder_.c_str());
    }
    ::close(file_);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  bool ours() const { return file_ >= 0; }

 private:
  const std::string folder_;
  const std::string path_;
  int file_ = -1;
};

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool is_within(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

}  // namespace

std::string Addresses::note(const std::string& address) const {
  return options_.folder + "/" + address;
}

Addresses::Holder Addresses::holder_of(const std::string& address, const std::string& server_folder) const {
  struct stat seen {};
  if (::lstat(note(address).c_str(), &seen) != 0) return Holder::kNobody;
  if (!S_ISREG(seen.st_mode)) return Holder::kOther;
  const std::string holder = text_of(note(address));
  if (holder == server_folder) return Holder::kOurs;
  // Only a folder that is certainly gone frees an address: one that cannot be looked at is somebody else's.
  if (::stat(holder.c_str(), &seen) == 0 || (errno != ENOENT && errno != ENOTDIR)) return Holder::kOther;
  return Holder::kNobody;
}

Result<Done> Addresses::write_down(const std::string& address, const std::string& server_folder) {
  const std::string path = note(address);
  ::unlink(path.c_str());
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (file < 0) return storage(path);
  const ssize_t written = ::write(file, server_folder.data(), server_folder.size());
  ::close(file);
  if (written == static_cast<ssize_t>(server_folder.size())) return Done{};
  const Error error = storage(path);
  ::unlink(path.c_str());
  return error;
}

Result<std::string> Addresses::take(const std::string& server_folder) {
  const Result<Network> network = parse_network(options_.network);
  if (!network) return network.error();
  const Turn turn(options_.folder);
  if (!turn.ours()) return storage(options_.folder);
  const std::vector<std::string> in_use = addresses_in_use();
  std::optional<Error> trouble;
  for (int third = network->third.value_or(0); third <= network->third.value_or(255); ++third) {
    // The last one is the machine's own where there is a bridge (Namespaces::gateway).
    for (int last = 1; last < 254; ++last) {
      std::string address = fmt::format("{}.{}.{}.{}", network->first, network->second, third, last);
      if (std::ranges::binary_search(in_use, address)) continue;
      if (holder_of(address, server_folder) == Holder::kOther) continue;
      auto written = write_down(address, server_folder);
      if (written) return address;
      // The stale note of another user cannot be taken away: the next address will do.
      trouble = written.error();
      if (!fs::exists(note(address))) return *trouble;
    }
  }
  if (trouble) return *trouble;
  return Error{ErrorCode::kRefused, fmt::format("all addresses of {} are taken; remove servers, or name another "
                                                "network in SWITCHYARD_LOCAL_NETWORK",
                                                options_.network)};
}

Result<Done> Addresses::keep(const std::string& address, const std::string& server_folder) {
  const Turn turn(options_.folder);
  if (!turn.ours()) return storage(options_.folder);
  switch (holder_of(address, server_folder)) {
    case Holder::kOurs:
      return Done{};
    case Holder::kNobody:
      return write_down(address, server_folder);
    case Holder::kOther:
      break;
  }
  return Error{ErrorCode::kRefused,
               fmt::format("address {} is another server's by now: see \"{}\"", address, note(address))};
}

std::vector<std::string> Addresses::give_back(const std::string& server_folder) {
  std::error_code error;
  if (!fs::exists(options_.folder, error)) return {};
  const Turn turn(options_.folder);
  if (!turn.ours()) return {};
  std::vector<fs::path> given;
  for (auto entry = fs::directory_iterator(options_.folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const bool regular = entry->is_regular_file(error) && !entry->is_symlink(error);
    if (regular && is_within(text_of(entry->path().string()), server_folder)) given.push_back(entry->path());
  }
  std::vector<std::string> addresses;
  for (const fs::path& path : given) {
    if (fs::remove(path, error)) addresses.push_back(path.filename().string());
  }
  return addresses;
}

std::vector<std::string> addresses_in_use() {
  std::vector<std::string> found;
  for (const char* table : {"/proc/net/tcp", "/proc/net/udp"}) {
    std::ifstream lines(table);
    std::string line;
    std::getline(lines, line);  // what the columns are
    while (std::getline(lines, line)) {
      // "   0: 0100427F:13C4 ...": the address as the machine holds it in memory, that is, turned round
      std::istringstream words(line);
      std::string number;
      std::string local;
      words >> number >> local;
      if (local.size() < 8) continue;
      std::uint32_t turned = 0;
      std::from_chars(local.data(), local.data() + 8, turned, 16);
      found.push_back(
          fmt::format("{}.{}.{}.{}", turned & 255U, (turned >> 8U) & 255U, (turned >> 16U) & 255U, turned >> 24U));
    }
  }
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace switchyard
