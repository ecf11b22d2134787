#include "reconciler/cli/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace switchyard {
namespace {

// 0, or the errno of what was not written.
int write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(file, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace

Output::Output(Colour wanted)
    : talk_is_terminal_(::isatty(STDERR_FILENO) == 1),
      result_is_terminal_(::isatty(STDOUT_FILENO) == 1),
      result_colour_(wanted == Colour::kOn && result_is_terminal_ ? Colour::kOn : Colour::kOff),
      talk_colour_(wanted == Colour::kOn && talk_is_terminal_ ? Colour::kOn : Colour::kOff) {}

void Output::result(std::string_view text) {
  const int failure = write_all(STDOUT_FILENO, text);
  if (result_failure_ == 0) result_failure_ = failure;
}

void Output::talk(std::string_view text) {
  write_all(STDERR_FILENO, text);
}

std::string Output::lost() const {
  const bool of_a_disk = result_failure_ == ENOSPC || result_failure_ == EDQUOT || result_failure_ == EFBIG ||
                         (result_failure_ == EIO && !result_is_terminal_);
  return of_a_disk ? std::strerror(result_failure_) : "";
}

int Output::talk_width() const {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

bool input_is_terminal() {
  return ::isatty(STDIN_FILENO) == 1;
}

}  // namespace switchyard
