#include "tests/bench/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace switchyard::bench {
namespace {

Milliseconds of(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

pid_t spawn(const Command& command) {
  std::vector<char*> words;
  for (const std::string& word : command.words) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const std::string talk = command.talk.string();
  const pid_t pid = fork();
  if (pid != 0) return pid;
  // Between fork and exec: only calls that are safe there.
  const int out = open("/dev/null", O_WRONLY | O_CLOEXEC);
  const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (out < 0 || in < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(in, STDIN_FILENO) < 0) _exit(127);
  if (!talk.empty()) {
    const int err = open(talk.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (err < 0 || dup2(err, STDERR_FILENO) < 0) _exit(127);
  }
  if (!command.folder.empty() && chdir(command.folder.c_str()) != 0) _exit(127);
  execvp(words[0], words.data());
  _exit(127);
}

}  // namespace

Usage run(const Command& command) {
  const auto start = std::chrono::steady_clock::now();
  const pid_t pid = spawn(command);
  int status = 0;
  rusage used{};
  if (pid < 0 || wait4(pid, &status, 0, &used) != pid) return {.wall = {}, .cpu = {}, .peak_mb = 0, .exit_code = 127};
  return {.wall = std::chrono::steady_clock::now() - start,
          .cpu = of(used.ru_utime) + of(used.ru_stime),
          .peak_mb = static_cast<double>(used.ru_maxrss) * 1024 / 1e6,
          .exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)};
}

Milliseconds cpu_of(int pid) {
  // proc(5): the name may hold spaces, so the fields are counted from its closing bracket; utime and stime are the
  // 12th and 13th behind it, in clock ticks.
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::size_t bracket = text.rfind(')');
  if (bracket == std::string::npos) return {};
  std::istringstream fields(text.substr(bracket + 1));
  std::string skipped;
  for (int field = 0; field < 11; ++field) fields >> skipped;
  long user = 0;
  long system = 0;
  fields >> user >> system;
  return std::chrono::duration<double>(static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK)));
}

Background::Background(const Command& command) : pid_(spawn(command)) {}

bool Background::runs() const {
  siginfo_t ended{};
  // Its status is left for the destructor to take.
  return waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == 0;
}

Background::~Background() {
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
}

}  // namespace switchyard::bench
