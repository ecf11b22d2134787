#include "providers/agent/rtpengine/control_sockets.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <vector>

#include "providers/agent/rtpengine/bencode.h"
#include "specs/base/digest.h"

namespace switchyard {
namespace {

constexpr std::size_t kLongestAnswer = 1U << 20U;

// A connected socket that is closed with its scope.
class Connected {
 public:
  Connected(int type, const std::string& address, std::uint16_t port)
      : number_(::socket(AF_INET, type | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    good_ = number_ >= 0 && ::inet_pton(AF_INET, address.c_str(), &to.sin_addr) == 1 &&
            ::connect(number_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    if (!good_) why_ = std::strerror(errno);
  }
  ~Connected() {
    if (number_ >= 0) ::close(number_);
  }
  Connected(const Connected&) = delete;
  Connected& operator=(const Connected&) = delete;

  bool good() const { return good_; }
  const std::string& why() const { return why_; }
  bool send(std::string_view bytes) const {
    return ::send(number_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }
  // Bytes received before `end`: 0 at the end of a stream, negative when nothing came.
  ssize_t receive(char* into, std::size_t size, std::chrono::steady_clock::time_point end) const {
    const auto left = std::chrono::ceil<Duration>(end - std::chrono::steady_clock::now());
    pollfd ready{.fd = number_, .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) return -1;
    return ::recv(number_, into, size, 0);
  }

 private:
  int number_;
  bool good_ = false;
  std::string why_;
};

}  // namespace

Result<Json> ask_ng(const std::string& address, std::uint16_t port, const Json& request, Duration timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  const Connected socket(SOCK_DGRAM, address, port);
  const std::string cookie = random_hex(8);
  if (!socket.good() || !socket.send(cookie + " " + to_bencode(request))) {
    return Error{ErrorCode::kNotSent, fmt::format("could not ask rtpengine at {}:{}: {}", address, port, socket.why())};
  }
  std::vector<char> buffer(65536);
  for (;;) {
    const ssize_t got = socket.receive(buffer.data(), buffer.size(), end);
    if (got <= 0) break;
    const std::string_view answer(buffer.data(), static_cast<std::size_t>(got));
    if (!answer.starts_with(cookie + " ")) continue;
    Result<Json> json = parse_bencode(answer.substr(cookie.size() + 1));
    if (!json) return json.error();
    if (json->string_or("result", "") == "error") {
      return Error{ErrorCode::kRefused, "rtpengine: " + json->string_or("error-reason", "no reason given")};
    }
    return json;
  }
  return Error{ErrorCode::kOutcomeUnknown,
               fmt::format("rtpengine at {}:{} did not answer within {}", address, port, to_string(timeout))};
}

Result<std::string> ask_cli(const std::string& address, std::uint16_t port, std::string_view line, Duration timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  const Connected socket(SOCK_STREAM, address, port);
  if (!socket.good() || !socket.send(std::string(line) + "\n")) {
    return Error{ErrorCode::kNotSent,
                 fmt::format("could not reach rtpengine's command line at {}:{}: {}", address, port, socket.why())};
  }
  std::string answer;
  std::vector<char> buffer(16384);
  for (;;) {
    const ssize_t got = socket.receive(buffer.data(), buffer.size(), end);
    if (got == 0) return answer;
    if (got < 0 || answer.size() > kLongestAnswer) break;
    answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return Error{ErrorCode::kOutcomeUnknown,
               fmt::format("rtpengine's command line at {}:{} did not answer \"{}\" in time", address, port, line)};
}

}  // namespace switchyard
