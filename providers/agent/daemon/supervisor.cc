#include "providers/agent/daemon/supervisor.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <sstream>
#include <utility>

#include "providers/agent/daemon/durable_file.h"
#include "providers/agent/daemon/process_table.h"

namespace switchyard {
namespace {

constexpr std::size_t kMostWords = 1500;

void pause_briefly() {
  ::poll(nullptr, 0, 10);
}

std::string ending(int status) {
  if (WIFEXITED(status)) return fmt::format("ended with status {}", WEXITSTATUS(status));
  return fmt::format("was ended by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
}

std::uint64_t size_of(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 ? static_cast<std::uint64_t>(facts.st_size) : 0;
}

// Between fork and exec only what is safe after a fork of a program with threads: no allocation, no lock.
[[noreturn]] void become(char* const* arguments, const char* folder, int log, int go) {
  ::setsid();
  char told = 0;
  if (::read(go, &told, 1) != 1) ::_exit(125);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, 0);
  ::dup2(log, 1);
  ::dup2(log, 2);
  // The agent's own sockets and files are none of its business; an inherited listener would hold the agent's port.
  ::close_range(3, ~0U, 0);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD}) ::signal(number, SIG_DFL);
  if (::chdir(folder) == 0) ::execvp(arguments[0], arguments);
  const char* why = ::strerrordesc_np(errno);
  // Nobody is left to tell when even this fails.
  if (::write(2, "could not be started: ", 22) < 0 || ::write(2, why, ::strlen(why)) < 0) ::_exit(126);
  ::_exit(127);
}

}  // namespace

Supervisor::Supervisor(Options options) : options_(std::move(options)) {
  read_note();
}

void Supervisor::read_note() {
  const Result<std::string> text = read_text(path("process.json"));
  if (!text) return;
  const Result<Json> json = parse_json(*text);
  if (!json || json->string_or("boot", "") != boot_id()) return;  // after a boot of the machine nothing of it is left
  const Json* note = json->find("note");
  const Result<Timestamp> since = parse_timestamp(json->string_or("since", ""));
  if (!since) return;
  noted_ = Noted{.pid = static_cast<int>(json->integer_or("pid", 0)),
                 .start = static_cast<std::uint64_t>(json->integer_or("start", 0)),
                 .since = *since,
                 .note = note == nullptr ? Json() : *note};
  log_begins_ = static_cast<std::uint64_t>(json->integer_or("logBegins", 0));
  if (noted_->pid <= 1) noted_.reset();
}

bool Supervisor::alive() {
  if (!noted_) return false;
  int status = 0;
  const pid_t ended = ::waitpid(noted_->pid, &status, WNOHANG);
  if (ended == noted_->pid) {
    death_ = ending(status);
    return false;
  }
  // One that was adopted is no child: then the process table knows.
  if (start_of(noted_->pid) == noted_->start) return true;
  if (death_.empty()) death_ = "ended while the agent was not its parent";
  return false;
}

std::optional<RunningProcess> Supervisor::running() {
  if (!noted_) return std::nullopt;
  if (!alive()) {
    bury();
    return std::nullopt;
  }
  shorten_log();
  return RunningProcess{.pid = noted_->pid, .since = noted_->since, .note = noted_->note};
}

// The main process is dead. Its workers may live on, hold the ports and answer, with nobody to look after them.
void Supervisor::bury() {
  if (const auto done = end_group(SIGKILL); !done) return;  // asked again at the next look
  ::unlink(path("process.json").c_str());
  noted_.reset();
}

// Signals all that is left of the group, and waits until nothing is.
Result<Done> Supervisor::end_group(int signal) {
  const pid_t group = noted_->pid;
  // Its number may be another process's by now; then the group is long gone, because the kernel gives no number away
  // that a group still uses.
  const auto start = start_of(group);
  if (start && *start != noted_->start) return Done{};
  for (int look = 0; look < 300; ++look) {
    if (members_of(group).empty()) return Done{};
    ::kill(-group, signal);
    ::waitpid(group, nullptr, WNOHANG);
    pause_briefly();
  }
  return Error{ErrorCode::kConflict, fmt::format("processes of group {} do not end", group)};
}

std::string Supervisor::held_by_others(const std::vector<Listens>& sockets) {
  return switchyard::held_by_others(sockets, noted_ ? noted_->pid : 0);
}

Result<Done> Supervisor::start(const Rendered& rendered, Json note) {
  if (auto done = stop(); !done) return done;
  if (const std::string held = switchyard::held_by_others(rendered.listens, 0); !held.empty()) {
    return Error{ErrorCode::kConflict, held + "; nothing was started"};
  }
  if (auto done = make_folder(path("run")); !done) return done;
  const int log = ::open(path("process.log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  int go[2];
  if (log < 0 || ::pipe2(go, O_CLOEXEC) != 0) {
    const int why = errno;
    if (log >= 0) ::close(log);
    return Error{ErrorCode::kStorage, fmt::format("could not make the process's log or pipe: {}", std::strerror(why))};
  }
  std::vector<std::string> arguments = rendered.arguments;
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const std::string run = path("run");
  log_begins_ = size_of(path("process.log"));
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(go[1]);
    become(argv.data(), run.c_str(), log, go[0]);
  }
  ::close(go[0]);
  ::close(log);
  if (pid < 0) {
    ::close(go[1]);
    return Error{ErrorCode::kStorage, fmt::format("could not fork: {}", std::strerror(errno))};
  }
  noted_ = Noted{.pid = pid, .start = start_of(pid).value_or(0), .since = options_.now(), .note = std::move(note)};
  death_.clear();
  const Json json = Json::Object{{"pid", std::int64_t{pid}},
                                 {"start", static_cast<std::int64_t>(noted_->start)},
                                 {"boot", boot_id()},
                                 {"since", to_string(noted_->since)},
                                 {"logBegins", static_cast<std::int64_t>(log_begins_)},
                                 {"note", noted_->note}};
  auto written = write_durably(path("process.json"), to_string(json));
  if (written) {
    if (::write(go[1], "g", 1) != 1) death_ = "died before it was told to run";
  }
  ::close(go[1]);  // without a word the child ends
  if (!written) {
    ::waitpid(pid, nullptr, 0);
    noted_.reset();
  }
  return written;
}

Result<Done> Supervisor::stop() {
  if (!noted_) return Done{};
  if (alive()) {
    // The main process alone is asked: it ends its workers in order.
    ::kill(noted_->pid, SIGTERM);
    for (Duration waited{}; waited < options_.patience && alive(); waited += std::chrono::milliseconds(10))
      pause_briefly();
  }
  if (auto done = end_group(SIGKILL); !done) return done;
  ::waitpid(noted_->pid, nullptr, WNOHANG);
  ::unlink(path("process.json").c_str());
  noted_.reset();
  death_.clear();
  return Done{};
}

std::string Supervisor::words() {
  const Result<std::string> log = read_text(path("process.log"));
  if (!log) return {};
  const std::string_view all = std::string_view(*log).substr(log_begins_ <= log->size() ? log_begins_ : 0);
  const std::string_view newest = all.substr(all.size() > 65536 ? all.size() - 65536 : 0);
  std::vector<std::string> trouble;
  std::vector<std::string> last;
  std::istringstream lines{std::string(newest)};
  for (std::string line; std::getline(lines, line);) {
    std::string lower = line;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    for (const std::string_view word : {"error", "critical", "alert", "failed", "could not", "fatal"}) {
      if (lower.find(word) == std::string::npos) continue;
      trouble.push_back(line);
      break;
    }
    last.push_back(std::move(line));
  }
  const std::vector<std::string>& telling = trouble.empty() ? last : trouble;
  std::string words;
  const std::size_t from = telling.size() > 8 ? telling.size() - 8 : 0;
  for (std::size_t i = from; i < telling.size(); ++i) {
    if (!words.empty()) words += " | ";
    words += telling[i];
  }
  if (words.size() > kMostWords) words = "..." + words.substr(words.size() - kMostWords);
  return words;
}

// The process appends, so that what is cut off behind its back leaves no hole.
void Supervisor::shorten_log() {
  const std::string log = path("process.log");
  if (size_of(log) <= options_.largest_log) return;
  const Result<std::string> text = read_text(log);
  if (!text) return;
  const std::size_t kept = options_.largest_log / 8;
  if (!write_durably(log + ".1", std::string_view(*text).substr(text->size() > kept ? text->size() - kept : 0))) return;
  if (::truncate(log.c_str(), 0) == 0) log_begins_ = 0;
}

}  // namespace switchyard
