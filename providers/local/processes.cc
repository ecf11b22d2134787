#include "providers/local/processes.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

// That of glibc 2.36 declares them as if they were C++.
extern "C" {
#include <sys/pidfd.h>
}

namespace switchyard {
namespace {

constexpr std::string_view kVariable = "SWITCHYARD_SERVER=";
// What an agent is started with, so that it can be told from what it runs (agent_command.cc).
constexpr std::string_view kAgentWord = "--folder";
// After so many rounds what keeps starting processes is stronger than this.
constexpr int kRounds = 50;
constexpr std::chrono::milliseconds kForKilled{2000};

// An open descriptor, closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  bool open() const { return number_ >= 0; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

std::string bytes_of(const std::string& path) {
  // A process may end while its file is read (ESRCH): that throws from the stream's buffer, and here it is the end.
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  try {
    bytes << file.rdbuf();
  } catch (const std::ios_base::failure&) {
    return {};
  }
  return bytes.str();
}

// Words that each end with a zero byte, as in /proc.
std::vector<std::string> words_of(std::string_view bytes) {
  std::vector<std::string> words;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\0');
    words.emplace_back(bytes.substr(0, end));
    if (end == std::string_view::npos) break;
    bytes.remove_prefix(end + 1);
  }
  return words;
}

struct Birth {
  pid_t parent;
  std::uint64_t began;
};

// From /proc/PID/stat: the name in brackets may hold anything, so that counting begins behind its last bracket.
std::optional<Birth> birth_of(pid_t pid) {
  const std::string stat = bytes_of(fmt::format("/proc/{}/stat", pid));
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::vector<std::string_view> fields;  // from the third on
  std::string_view rest = std::string_view(stat).substr(name_end + 1);
  while (!rest.empty()) {
    const std::size_t word = rest.find_first_not_of(" \n");
    if (word == std::string_view::npos) break;
    rest.remove_prefix(word);
    const std::size_t end = rest.find_first_of(" \n");
    fields.push_back(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end);
  }
  constexpr std::size_t kParent = 1;
  constexpr std::size_t kBegan = 19;
  if (fields.size() <= kBegan) return std::nullopt;
  Birth birth{};
  std::from_chars(fields[kParent].data(), fields[kParent].data() + fields[kParent].size(), birth.parent);
  std::from_chars(fields[kBegan].data(), fields[kBegan].data() + fields[kBegan].size(), birth.began);
  return birth;
}

// This process and those it was started by: a shell within a server's environment may run us.
std::vector<pid_t> own_line() {
  std::vector<pid_t> line;
  pid_t pid = ::getpid();
  while (pid > 0 && std::ranges::find(line, pid) == line.end()) {
    line.push_back(pid);
    const std::optional<Birth> birth = birth_of(pid);
    pid = birth ? birth->parent : 0;
  }
  return line;
}

std::optional<std::string> folder_in(const std::vector<std::string>& environment) {
  for (const std::string& word : environment) {
    if (word.starts_with(kVariable)) return word.substr(kVariable.size());
  }
  return std::nullopt;
}

bool lies_below(const std::string& path, const std::string& folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

// Opened first and compared then: the number cannot be given to another process between the two.
Descriptor hold(const ServerProcess& process) {
  const int number = ::pidfd_open(process.pid, 0);
  if (number < 0) return Descriptor(-1);
  const std::optional<Birth> birth = birth_of(process.pid);
  if (birth && birth->began == process.began) return Descriptor(number);
  ::close(number);
  return Descriptor(-1);
}

void signal_one(const ServerProcess& process, int number) {
  const Descriptor held = hold(process);
  if (held.open()) ::pidfd_send_signal(held.number(), number, nullptr, 0);
}

void wait_for_end(const ServerProcess& process, std::chrono::steady_clock::time_point until) {
  const Descriptor held = hold(process);
  if (!held.open()) return;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  pollfd waiting{.fd = held.number(), .events = POLLIN, .revents = 0};
  ::poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
}

void end_these(const std::vector<ServerProcess>& processes, Duration patience) {
  const auto began = std::chrono::steady_clock::now();
  if (patience > Duration::zero()) {
    for (const ServerProcess& process : processes) signal_one(process, SIGTERM);
    for (const ServerProcess& process : processes) wait_for_end(process, began + patience);
  }
  for (const ServerProcess& process : processes) signal_one(process, SIGKILL);
  for (const ServerProcess& process : processes) wait_for_end(process, std::chrono::steady_clock::now() + kForKilled);
}

}  // namespace

bool is_agent(const ServerProcess& process) {
  const auto word = std::ranges::find(process.arguments, kAgentWord);
  return word != process.arguments.end() && std::next(word) != process.arguments.end() &&
         *std::next(word) == process.folder;
}

std::vector<ServerProcess> processes_below(const std::string& folder) {
  const std::vector<pid_t> ours = own_line();
  std::vector<ServerProcess> found;
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator("/proc", error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    pid_t pid = 0;
    const auto [end, wrong] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (wrong != std::errc{} || end != name.data() + name.size() || std::ranges::find(ours, pid) != ours.end())
      continue;
    const std::optional<Birth> birth = birth_of(pid);
    std::optional<std::string> server = folder_in(words_of(bytes_of(fmt::format("/proc/{}/environ", pid))));
    if (!birth || !server || !lies_below(*server, folder)) continue;
    std::vector<std::string> arguments = words_of(bytes_of(fmt::format("/proc/{}/cmdline", pid)));
    // The number may have been given again while its files were read.
    const std::optional<Birth> still = birth_of(pid);
    if (!still || still->began != birth->began) continue;
    found.push_back(
        {.pid = pid, .began = birth->began, .folder = *std::move(server), .arguments = std::move(arguments)});
  }
  std::ranges::sort(found, {}, &ServerProcess::pid);
  return found;
}

bool end_processes(const std::string& folder, const Ending& ending) {
  const auto of_folder = [&folder] {
    const std::string above = std::filesystem::path(folder).parent_path().string();
    std::vector<ServerProcess> processes = processes_below(above);
    std::erase_if(processes, [&](const ServerProcess& process) { return process.folder != folder; });
    return processes;
  };
  Duration patience = ending.patience;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<ServerProcess> processes = of_folder();
    if (processes.empty()) return true;
    std::vector<ServerProcess> agents;
    std::ranges::copy_if(processes, std::back_inserter(agents), is_agent);
    if (!agents.empty()) {
      // It leaves what it runs alone when it ends, and would start it again while it lives.
      end_these(agents, Duration::zero());
      continue;
    }
    end_these(processes, std::exchange(patience, Duration::zero()));
  }
  return of_folder().empty();
}

Result<Done> start_detached(const Program& program) {
  const auto failed = [&program](int why) {
    return Error{ErrorCode::kStorage, fmt::format("\"{}\" cannot be started: {}", program.command.front(),
                                                  std::generic_category().message(why))};
  };
  // All that is needed is made ready before the fork: afterwards only what is safe in a process with threads.
  std::vector<std::string> environment = {fmt::format("{}{}", kVariable, program.folder)};
  for (char** word = ::environ; *word != nullptr; ++word) {
    // A handful of words that programs need; what else the caller has set is none of theirs.
    for (const std::string_view kept : {"PATH=", "HOME=", "SWITCHYARD_KAMAILIO=", "SWITCHYARD_RTPENGINE=", "LANG=",
                                        "LC_ALL=", "TZ=", "ASAN_OPTIONS=", "TSAN_OPTIONS="}) {
      if (std::string_view(*word).starts_with(kept)) environment.emplace_back(*word);
    }
  }
  std::vector<std::string> command = program.command;
  const auto pointers = [](std::vector<std::string>& words) {
    std::vector<char*> list;
    list.reserve(words.size() + 1);
    for (std::string& word : words) list.push_back(word.data());
    list.push_back(nullptr);
    return list;
  };
  const std::vector<char*> argv = pointers(command);
  const std::vector<char*> envp = pointers(environment);
  const Descriptor log(::open(program.log.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  const Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  int ends[2];
  if (!log.open() || !nothing.open() || ::pipe2(ends, O_CLOEXEC) != 0) return failed(errno);
  const Descriptor told(ends[0]);
  Descriptor tells(ends[1]);

  const pid_t middle = ::fork();
  if (middle < 0) return failed(errno);
  if (middle == 0) {
    ::setsid();
    const pid_t last = ::fork();
    if (last == 0) {
      sigset_t none;
      ::sigemptyset(&none);
      ::sigprocmask(SIG_SETMASK, &none, nullptr);
      ::signal(SIGPIPE, SIG_DFL);
      ::signal(SIGINT, SIG_DFL);
      if (::dup2(nothing.number(), 0) == 0 && ::dup2(log.number(), 1) == 1 && ::dup2(log.number(), 2) == 2 &&
          ::chdir(program.folder.c_str()) == 0) {
        ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
        ::execve(argv.front(), argv.data(), envp.data());
      }
      const int why = errno;
      (void)!::write(ends[1], &why, sizeof why);
    }
    ::_exit(last < 0 ? 1 : 0);
  }
  tells.close();
  int status = 0;
  while (::waitpid(middle, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return failed(EAGAIN);
  int why = 0;
  ssize_t got = 0;
  while ((got = ::read(told.number(), &why, sizeof why)) < 0 && errno == EINTR) {
  }
  if (got == static_cast<ssize_t>(sizeof why)) return failed(why);
  return Done{};
}

}  // namespace switchyard
