#include "providers/agent/daemon/process_table.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <set>
#include <sstream>
#include <utility>

#include "providers/agent/daemon/durable_file.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

struct Stat {
  char run_state;
  pid_t group;
  pid_t session;
  std::uint64_t start;
  std::string program;
};

std::optional<Stat> stat_of(pid_t pid) {
  const Result<std::string> text = read_text(fmt::format("/proc/{}/stat", pid));
  if (!text) return std::nullopt;
  // The program's name stands in parentheses and may hold any character, so fields are counted from the last one.
  const std::size_t open = text->find('(');
  const std::size_t close = text->rfind(')');
  if (open == std::string::npos || close == std::string::npos || close + 2 >= text->size()) return std::nullopt;
  std::istringstream rest(text->substr(close + 2));
  Stat stat{
      .run_state = 'X', .group = 0, .session = 0, .start = 0, .program = text->substr(open + 1, close - open - 1)};
  std::string skipped;
  rest >> stat.run_state >> skipped >> stat.group >> stat.session;
  for (int field = 7; field < 22; ++field) rest >> skipped;
  rest >> stat.start;
  if (!rest) return std::nullopt;
  return stat;
}

bool dead(const Stat& stat) {
  return stat.run_state == 'Z' || stat.run_state == 'X' || stat.run_state == 'x';
}

template <class Visit>
void each_process(Visit visit) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    const auto [end, wrong] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (wrong == std::errc() && end == name.data() + name.size()) visit(pid);
  }
}

// An address as /proc/net has it: the bytes of each 32-bit word as this machine keeps them, in hexadecimal.
std::string kernel_form(int family, const std::string& address) {
  std::array<std::uint32_t, 4> words{};
  if (::inet_pton(family, address.c_str(), words.data()) != 1) return {};
  std::string form;
  for (int word = 0; word < (family == AF_INET ? 1 : 4); ++word)
    form += fmt::format("{:08X}", words.at(static_cast<std::size_t>(word)));
  return form;
}

struct Found {
  Listens socket;
  std::string inode;
};

// Sockets of one table of /proc/net that stand in the way of one of `wanted`.
void find_in(const char* table, int family, Listens::Over over, const std::vector<Listens>& wanted,
             std::vector<Found>& found) {
  const Result<std::string> text = read_text(table);
  if (!text) return;
  const std::string wildcard(family == AF_INET ? 8 : 32, '0');
  std::istringstream lines(*text);
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string slot, local, remote, tcp_state, skipped, inode;
    words >> slot >> local >> remote >> tcp_state;
    for (int field = 4; field < 9; ++field) words >> skipped;
    words >> inode;
    const std::size_t colon = local.find(':');
    if (!words || colon == std::string::npos) continue;
    if (over == Listens::Over::kTcp && tcp_state != "0A") continue;  // listening
    for (const Listens& socket : wanted) {
      if (socket.over != over || fmt::format("{:04X}", socket.port) != local.substr(colon + 1)) continue;
      const std::string address = local.substr(0, colon);
      if (address == wildcard || address == kernel_form(family, socket.address)) found.push_back({socket, inode});
    }
  }
}

std::string owner_of(const std::string& inode, pid_t group, bool& ours) {
  const std::string wanted = "socket:[" + inode + "]";
  std::string owner;
  each_process([&](pid_t pid) {
    if (!owner.empty() || ours) return;
    std::error_code error;
    // It may end meanwhile, which is the end of its list as well.
    for (auto entry = fs::directory_iterator(fmt::format("/proc/{}/fd", pid), error);
         !error && entry != fs::directory_iterator(); entry.increment(error)) {
      std::error_code gone;
      if (fs::read_symlink(entry->path(), gone) != wanted) continue;
      const auto stat = stat_of(pid);
      if (!stat) return;
      ours = group != 0 && stat->group == group;
      if (!ours) owner = fmt::format("process {} ({})", pid, stat->program);
      return;
    }
  });
  return owner.empty() ? "a process that cannot be seen from here" : owner;
}

}  // namespace

std::optional<std::uint64_t> start_of(pid_t pid) {
  const auto stat = stat_of(pid);
  if (!stat || dead(*stat)) return std::nullopt;
  return stat->start;
}

std::vector<pid_t> members_of(pid_t group) {
  std::vector<pid_t> members;
  each_process([&](pid_t pid) {
    const auto stat = stat_of(pid);
    if (stat && !dead(*stat) && stat->group == group && stat->session == group) members.push_back(pid);
  });
  return members;
}

std::string boot_id() {
  const Result<std::string> text = read_text("/proc/sys/kernel/random/boot_id");
  return text ? text->substr(0, text->find('\n')) : "";
}

std::string held_by_others(const std::vector<Listens>& sockets, pid_t group) {
  std::vector<Found> found;
  find_in("/proc/net/udp", AF_INET, Listens::Over::kUdp, sockets, found);
  find_in("/proc/net/tcp", AF_INET, Listens::Over::kTcp, sockets, found);
  find_in("/proc/net/udp6", AF_INET6, Listens::Over::kUdp, sockets, found);
  find_in("/proc/net/tcp6", AF_INET6, Listens::Over::kTcp, sockets, found);
  std::string words;
  std::set<std::string> seen;
  for (const Found& one : found) {
    if (!seen.insert(one.inode).second) continue;
    bool ours = false;
    const std::string owner = owner_of(one.inode, group, ours);
    if (ours) continue;
    if (!words.empty()) words += "; ";
    words += fmt::format("{} {}:{} is held by {}", one.socket.over == Listens::Over::kUdp ? "udp" : "tcp",
                         one.socket.address, one.socket.port, owner);
  }
  return words;
}

}  // namespace switchyard
