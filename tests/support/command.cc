#include "tests/support/command.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX asks for it

namespace switchyard {
namespace {

// Long enough for a machine under load; a test that comes near it has failed.
constexpr int kPatienceMilliseconds = 120'000;

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
  return {.read_end = ends[0], .write_end = ends[1]};
}

// Reads what is there; false at the end.
bool append_from(int file, std::string& into) {
  std::array<char, 65536> bytes{};
  const auto count = ::read(file, bytes.data(), bytes.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (count <= 0) return false;
  into.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

bool is_ours(std::string_view variable) {
  return variable.starts_with("SWITCHYARD_") || variable.starts_with("SIM_") || variable.starts_with("HOME=") ||
         variable.starts_with("NO_COLOR") || variable.starts_with("TERM=");
}

}  // namespace

Json Ran::json() const {
  const auto parsed = parse_json(out);
  return parsed ? *parsed : Json();
}

Workplace::Workplace() {
  std::string name = (std::filesystem::temp_directory_path() / "switchyard-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) std::abort();
  folder_ = name;
  std::filesystem::create_directory(folder_ / "home");
}

Workplace::~Workplace() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Workplace::write(std::string_view name, std::string_view text) const {
  const auto path = folder_ / name;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string Workplace::read(std::string_view name) const {
  std::ifstream file(folder_ / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> Workplace::environment() const {
  std::vector<std::string> variables;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view variable = *at;
    // Of two with one name, programs take the first.
    if (is_ours(variable) || variables_.contains(std::string(variable.substr(0, variable.find('='))))) continue;
    variables.emplace_back(variable);
  }
  variables.push_back("HOME=" + (folder_ / "home").string());
  for (const auto& [name, value] : variables_) variables.push_back(name + "=" + value);
  return variables;
}

Workplace::Running Workplace::start(const std::vector<std::string>& words) const {
  std::vector<std::string> variables = environment();
  std::vector<std::string> all{SWITCHYARD_PROGRAM};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> argv;
  for (auto& word : all) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<char*> envp;
  for (auto& variable : variables) envp.push_back(variable.data());
  envp.push_back(nullptr);

  const auto out = make_pipe();
  const auto err = make_pipe();
  const int pid = ::fork();
  if (pid < 0) std::abort();
  if (pid == 0) {
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(out.write_end, STDOUT_FILENO);
    ::dup2(err.write_end, STDERR_FILENO);
    if (::chdir(folder_.c_str()) != 0) ::_exit(126);
    ::execve(SWITCHYARD_PROGRAM, argv.data(), envp.data());
    ::_exit(127);
  }
  ::close(out.write_end);
  ::close(err.write_end);
  return {pid, out.read_end, err.read_end};
}

Ran Workplace::run(const std::vector<std::string>& words) const {
  return start(words).end();
}

Workplace::Running::Running(Running&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      out_file_(std::exchange(other.out_file_, -1)),
      err_file_(std::exchange(other.err_file_, -1)),
      ran_(std::move(other.ran_)) {}

Workplace::Running::~Running() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  if (out_file_ >= 0) ::close(out_file_);
  if (err_file_ >= 0) ::close(err_file_);
}

bool Workplace::Running::read_more() {
  std::array<pollfd, 2> files{pollfd{.fd = out_file_, .events = POLLIN, .revents = 0},
                              pollfd{.fd = err_file_, .events = POLLIN, .revents = 0}};
  if (out_file_ < 0 && err_file_ < 0) return false;
  if (::poll(files.data(), files.size(), kPatienceMilliseconds) <= 0) {
    ADD_FAILURE() << "the program neither said anything nor ended";
    return false;
  }
  if (files[0].revents != 0 && !append_from(out_file_, ran_.out)) ::close(std::exchange(out_file_, -1));
  if (files[1].revents != 0 && !append_from(err_file_, ran_.err)) ::close(std::exchange(err_file_, -1));
  return true;
}

bool Workplace::Running::wait_until_in(const std::string& what, std::string_view text) {
  while (what.find(text) == std::string::npos) {
    if (!read_more()) return false;
  }
  return true;
}

bool Workplace::Running::wait_for(std::string_view text) {
  return wait_until_in(ran_.out, text);
}

bool Workplace::Running::wait_for_talk(std::string_view text) {
  return wait_until_in(ran_.err, text);
}

void Workplace::Running::signal(int number) const {
  ::kill(pid_, number);
}

Ran Workplace::Running::end() {
  while (read_more()) {
  }
  int status = 0;
  rusage used{};
  ::wait4(std::exchange(pid_, -1), &status, 0, &used);
  ran_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  ran_.peak_megabytes = used.ru_maxrss / 1024;
  return std::move(ran_);
}

}  // namespace switchyard
