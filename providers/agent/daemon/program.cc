#include "providers/agent/daemon/program.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sstream>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX asks for this declaration

namespace switchyard {
namespace {

constexpr std::size_t kMostSaid = 65536;

}  // namespace

Result<ProgramRun> run_program(const std::vector<std::string>& arguments, Duration timeout) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return Error{ErrorCode::kStorage, fmt::format("could not make a pipe: {}", std::strerror(errno))};
  }
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, ends[1], 1);
  ::posix_spawn_file_actions_adddup2(&files, ends[1], 2);
  posix_spawnattr_t how;
  ::posix_spawnattr_init(&how);
  ::posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  ::posix_spawnattr_setpgroup(&how, 0);
  sigset_t signals;
  sigemptyset(&signals);
  ::posix_spawnattr_setsigmask(&how, &signals);
  sigaddset(&signals, SIGPIPE);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  ::posix_spawnattr_setsigdefault(&how, &signals);
  std::vector<std::string> words = arguments;
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int failed = ::posix_spawnp(&pid, argv[0], &files, &how, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&how);
  ::close(ends[1]);
  if (failed != 0) {
    ::close(ends[0]);
    return Error{failed == ENOENT ? ErrorCode::kNotFound : ErrorCode::kStorage,
                 fmt::format("could not run \"{}\": {}", arguments.front(), std::strerror(failed))};
  }

  ProgramRun run{.status = 0, .said = {}};
  const auto end = std::chrono::steady_clock::now() + timeout;
  bool late = false;
  std::array<char, 4096> part;
  for (;;) {
    const auto left = std::chrono::ceil<Duration>(end - std::chrono::steady_clock::now());
    pollfd ready{.fd = ends[0], .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) == 0) {
      late = true;
      break;
    }
    const ssize_t got = ::read(ends[0], part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    if (run.said.size() < kMostSaid) run.said.append(part.data(), static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  // It has closed its output, or its time is over: nothing of it stays.
  if (late) ::kill(-pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  if (late) {
    return Error{ErrorCode::kOutcomeUnknown,
                 fmt::format("\"{}\" did not end within {}", arguments.front(), to_string(timeout))};
  }
  run.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return run;
}

std::string identity_of_program(const std::string& name) {
  std::string path = name;
  struct stat facts {};
  if (name.find('/') == std::string::npos) {
    const char* variable = std::getenv("PATH");
    std::istringstream folders(variable == nullptr ? "/usr/sbin:/usr/bin:/sbin:/bin" : variable);
    for (std::string folder; std::getline(folders, folder, ':');) {
      path = folder + "/" + name;
      if (::stat(path.c_str(), &facts) == 0) break;
    }
  }
  if (::stat(path.c_str(), &facts) != 0) return {};
  return fmt::format("{}:{}:{}:{}.{}", facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtim.tv_sec,
                     facts.st_mtim.tv_nsec);
}

}  // namespace switchyard
