#include "tests/hostile/terminal.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace switchyard {
namespace {

// Long enough for a machine under load; a test that comes near it has failed.
constexpr int kPatienceMilliseconds = 60'000;

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Terminal::Terminal(const Workplace& work, const std::vector<std::string>& words, std::string_view typed_ahead,
                   HangUp hang_up) {
  std::vector<std::string> variables = work.environment();
  variables.emplace_back("TERM=xterm");
  std::vector<std::string> all{SWITCHYARD_PROGRAM};
  all.insert(all.end(), words.begin(), words.end());
  const std::vector<char*> envp = pointers_to(variables);
  const std::vector<char*> argv = pointers_to(all);
  const winsize size{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
  int keyboard = -1;
  if (::openpty(&screen_, &keyboard, nullptr, nullptr, &size) != 0) {
    std::perror("no terminal can be made (is /dev/pts there?)");
    std::abort();
  }
  press(typed_ahead);
  pid_ = ::fork();
  if (pid_ < 0) std::abort();
  if (pid_ == 0) {
    if (hang_up == HangUp::kIsIgnored) ::signal(SIGHUP, SIG_IGN);
    ::close(screen_);
    if (::login_tty(keyboard) != 0 || ::chdir(work.folder().c_str()) != 0) ::_exit(126);
    ::execve(SWITCHYARD_PROGRAM, argv.data(), envp.data());
    ::_exit(127);
  }
  ::close(keyboard);
}

Terminal::~Terminal() {
  close();
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

void Terminal::press(std::string_view keys) const {
  while (!keys.empty()) {
    const ssize_t written = ::write(screen_, keys.data(), keys.size());
    if (written <= 0) return;  // a program that has ended takes no keys
    keys.remove_prefix(static_cast<std::size_t>(written));
  }
}

bool Terminal::read_more() {
  if (screen_ < 0) return false;
  pollfd screen{.fd = screen_, .events = POLLIN, .revents = 0};
  if (::poll(&screen, 1, kPatienceMilliseconds) <= 0) {
    ADD_FAILURE() << "the program neither showed anything nor ended; shown so far:\n" << shown_;
    return false;
  }
  std::array<char, 4096> bytes{};
  const ssize_t got = ::read(screen_, bytes.data(), bytes.size());
  if (got <= 0) return false;
  shown_.append(bytes.data(), static_cast<std::size_t>(got));
  return true;
}

bool Terminal::wait_for(std::string_view text) {
  while (shown_.find(text) == std::string::npos) {
    if (!read_more()) return false;
  }
  return true;
}

void Terminal::resize(int columns, int rows) const {
  const winsize size{.ws_row = static_cast<unsigned short>(rows),
                     .ws_col = static_cast<unsigned short>(columns),
                     .ws_xpixel = 0,
                     .ws_ypixel = 0};
  ::ioctl(screen_, TIOCSWINSZ, &size);
}

void Terminal::signal(int number) const {
  ::kill(pid_, number);
}

void Terminal::wait_until_stopped() const {
  int status = 0;
  ::waitpid(pid_, &status, WUNTRACED);
  EXPECT_TRUE(WIFSTOPPED(status));
}

void Terminal::close() {
  if (screen_ >= 0) ::close(std::exchange(screen_, -1));
}

int Terminal::end() {
  while (read_more()) {
  }
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace switchyard
