#include "providers/local/namespaces.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <utility>

namespace switchyard {
namespace {

namespace fs = std::filesystem;

constexpr const char* kIp = "/usr/sbin/ip";

// Runs `ip` with these words. Error: kStorage, with what it said.
Result<Done> ip(const std::string& sentence) {
  std::vector<std::string> words{kIp};
  std::istringstream parts(sentence);
  for (std::string word; parts >> word;) words.push_back(word);
  const auto failed = [&sentence](const std::string& why) {
    return Error{ErrorCode::kStorage, fmt::format("\"ip {}\": {}", sentence, why)};
  };
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed(std::generic_category().message(errno));
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, ends[1], 2);
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int wrong = ::posix_spawn(&pid, kIp, &files, nullptr, argv.data(), ::environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::close(ends[1]);
  std::string said;
  if (wrong == 0) {
    std::array<char, 512> part{};
    for (ssize_t got = 0; (got = ::read(ends[0], part.data(), part.size())) > 0;) {
      said.append(part.data(), static_cast<std::size_t>(got));
    }
  }
  ::close(ends[0]);
  if (wrong != 0) return failed(std::generic_category().message(wrong));
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return Done{};
  return failed(said.substr(0, said.find('\n')));
}

bool is_interface(const std::string& name) {
  std::error_code error;
  return fs::exists("/sys/class/net/" + name, error);
}

// Interfaces have names of 15 bytes at most: an address in hexadecimal fits.
std::string in_hexadecimal(const std::string& address) {
  std::string text;
  std::istringstream parts(address);
  for (std::string part; std::getline(parts, part, '.');) {
    unsigned value = 0;  // of what is no number: Addresses refuses such a network
    std::from_chars(part.data(), part.data() + part.size(), value);
    text += fmt::format("{:02x}", value & 255U);
  }
  return text;
}

}  // namespace

Namespaces::Namespaces(const std::string& network) {
  if (network.starts_with("127.")) return;
  const std::string first = network.substr(0, network.find('/'));
  const bool large = network.ends_with("/16");
  prefix_ = large ? 16 : 24;
  std::string stem = first.substr(0, first.rfind('.'));
  if (large) stem = stem.substr(0, stem.rfind('.')) + ".255";
  gateway_ = stem + ".254";
  bridge_ = "syb" + in_hexadecimal(first);
}

std::string Namespaces::name_of(const std::string& address) const {
  return "switchyard-" + address;
}

Result<Done> Namespaces::make_bridge() const {
  if (is_interface(bridge_)) return Done{};
  if (auto made = ip(fmt::format("link add {} type bridge", bridge_)); !made) return made;
  if (auto named = ip(fmt::format("addr add {}/{} dev {}", gateway_, prefix_, bridge_)); !named) return named;
  return ip(fmt::format("link set {} up", bridge_));
}

Result<Done> Namespaces::make(const std::string& address) const {
  if (bridge_.empty()) return Done{};
  const std::string name = name_of(address);
  const std::string end = "sy" + in_hexadecimal(address);
  std::error_code error;
  if (fs::exists("/run/netns/" + name, error) && is_interface(end)) return Done{};
  if (::geteuid() != 0) {
    return Error{ErrorCode::kRefused,
                 "network namespaces are made by root alone; use a network within 127.0.0.0/8 instead"};
  }
  if (auto made = make_bridge(); !made) return made;
  // One that was left half made is made anew: nothing runs in it.
  if (fs::exists("/run/netns/" + name, error)) {
    if (auto gone = ip(fmt::format("netns del {}", name)); !gone) return gone;
  }
  if (is_interface(end)) {
    if (auto gone = ip(fmt::format("link del {}", end)); !gone) return gone;
  }
  for (const std::string& step :
       {fmt::format("netns add {}", name), fmt::format("-n {} link set lo up", name),
        fmt::format("link add {} type veth peer name eth0 netns {}", end, name),
        fmt::format("link set {} master {}", end, bridge_), fmt::format("link set {} up", end),
        fmt::format("-n {} addr add {}/{} dev eth0", name, address, prefix_),
        fmt::format("-n {} link set eth0 up", name), fmt::format("-n {} route add default via {}", name, gateway_)}) {
    if (auto done = ip(step); !done) return done;
  }
  return Done{};
}

void Namespaces::remove(const std::string& address) const {
  if (bridge_.empty()) return;
  const std::string name = name_of(address);
  const std::string end = "sy" + in_hexadecimal(address);
  std::error_code error;
  // What is not there (any more) need not be removed, and what fails is found again by the next look.
  if (is_interface(end)) (void)ip(fmt::format("link del {}", end)).ok();
  if (fs::exists("/run/netns/" + name, error)) (void)ip(fmt::format("netns del {}", name)).ok();
  const bool empty = fs::is_empty(fmt::format("/sys/class/net/{}/brif", bridge_), error);
  if (!error && empty) (void)ip(fmt::format("link del {}", bridge_)).ok();
}

std::vector<std::string> Namespaces::before(const std::string& address) const {
  if (bridge_.empty()) return {};
  return {kIp, "netns", "exec", name_of(address)};
}

}  // namespace switchyard
