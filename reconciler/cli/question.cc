#include "reconciler/cli/question.h"

#include <fmt/format.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>

#include "reconciler/engine/runner.h"

namespace switchyard {
namespace {

// A slice short enough that a signal is answered at once, and far below a lease.
constexpr int kSliceMilliseconds = 500;
constexpr auto kRenewAfter = std::chrono::seconds(15);
// Nobody who agrees writes more.
constexpr std::size_t kLongestAnswer = 4096;

bool agrees(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  return line == "yes" || line == "y";
}

}  // namespace

Answered ask(Context& context, std::string_view question, Lock* lock) {
  // Keys that were pressed before the question was there answer something else.
  ::tcflush(STDIN_FILENO, TCIFLUSH);
  context.out().talk(fmt::format("{} Only \"yes\" or \"y\" is taken as agreement: ", question));
  std::string line;
  auto renewed = std::chrono::steady_clock::now();
  while (line.find('\n') == std::string::npos && line.size() < kLongestAnswer) {
    if (signals_received() > 0) {
      context.say("");
      return Answered::kInterrupted;
    }
    if (lock != nullptr && std::chrono::steady_clock::now() - renewed > kRenewAfter) {
      if (auto done = lock->renew(); !done) {
        context.say("");
        context.fail(done.error());
        return Answered::kLockLost;
      }
      renewed = std::chrono::steady_clock::now();
    }
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (::poll(&input, 1, kSliceMilliseconds) <= 0) continue;
    std::array<char, 256> bytes{};
    const auto count = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count <= 0) break;  // end of input, or a terminal that is gone: nobody agreed
    line.append(bytes.data(), static_cast<std::size_t>(count));
  }
  return agrees(line.substr(0, line.find('\n'))) ? Answered::kYes : Answered::kNo;
}

}  // namespace switchyard
