#include "providers/agent/kamailio/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace switchyard::kamailio {
namespace {

constexpr std::size_t kLongest = std::size_t{256} * 1024;

}  // namespace

Result<Said> run_program(const std::vector<std::string>& arguments, Duration timeout) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return Error{.code = ErrorCode::kNotSent, .message = fmt::format("no pipe: {}", std::strerror(errno))};
  }
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
  std::vector<char*> words;
  words.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  pid_t pid = -1;
  const int failed = ::posix_spawn(&pid, words.front(), &actions, nullptr, words.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (failed != 0) {
    ::close(ends[0]);
    return Error{.code = ErrorCode::kNotSent,
                 .message = fmt::format("{} cannot be started: {}", arguments.front(), std::strerror(failed))};
  }
  using Clock = std::chrono::steady_clock;
  const Clock::time_point deadline = Clock::now() + timeout;
  Said said{.exit_code = -1, .text = {}};
  bool late = false;
  std::array<char, 4096> bytes{};
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    late = left <= 0;
    if (late) break;
    pollfd wait{.fd = ends[0], .events = POLLIN, .revents = 0};
    if (::poll(&wait, 1, static_cast<int>(left)) <= 0) continue;
    const ssize_t length = ::read(ends[0], bytes.data(), bytes.size());
    if (length == 0) break;
    if (length < 0 && errno != EINTR) break;
    if (length > 0 && said.text.size() < kLongest) said.text.append(bytes.data(), static_cast<std::size_t>(length));
  }
  ::close(ends[0]);
  if (late) ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  if (late) {
    return Error{.code = ErrorCode::kOutcomeUnknown, .message = fmt::format("{} did not end", arguments.front())};
  }
  if (WIFEXITED(status)) said.exit_code = WEXITSTATUS(status);
  return said;
}

}  // namespace switchyard::kamailio
