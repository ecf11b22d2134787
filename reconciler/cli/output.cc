#include "reconciler/cli/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

namespace switchyard {
namespace {

void write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(file, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

Output::Output(Colour wanted)
    : talk_is_terminal_(::isatty(STDERR_FILENO) == 1),
      result_colour_(wanted == Colour::kOn && ::isatty(STDOUT_FILENO) == 1 ? Colour::kOn : Colour::kOff),
      talk_colour_(wanted == Colour::kOn && talk_is_terminal_ ? Colour::kOn : Colour::kOff) {}

void Output::result(std::string_view text) {
  write_all(STDOUT_FILENO, text);
}

void Output::talk(std::string_view text) {
  write_all(STDERR_FILENO, text);
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
