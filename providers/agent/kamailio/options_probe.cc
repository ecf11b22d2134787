#include "providers/agent/kamailio/options_probe.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "providers/agent/kamailio/text.h"

namespace switchyard::kamailio {
namespace {

constexpr std::uint16_t kSipPort = 5060;

// A socket's address of either family.
struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t length = 0;
};

bool fill(const std::string& address, std::uint16_t port, SocketAddress& filled) {
  if (auto* v4 = reinterpret_cast<sockaddr_in*>(&filled.bytes);
      ::inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    filled.length = sizeof(*v4);
    return true;
  }
  if (auto* v6 = reinterpret_cast<sockaddr_in6*>(&filled.bytes);
      ::inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    filled.length = sizeof(*v6);
    return true;
  }
  return false;
}

std::uint16_t port_of(int socket) {
  SocketAddress own;
  own.length = sizeof(own.bytes);
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&own.bytes), &own.length) != 0) return 0;
  return ntohs(own.bytes.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(&own.bytes)->sin6_port
                                               : reinterpret_cast<const sockaddr_in*>(&own.bytes)->sin_port);
}

// The status of a final answer to our branch; 0 for anything else.
int final_status(std::string_view message, std::string_view branch) {
  constexpr std::string_view kVersion = "SIP/2.0 ";
  if (!message.starts_with(kVersion) || message.find(branch) == std::string_view::npos) return 0;
  int status = 0;
  const std::string_view number = message.substr(kVersion.size(), 3);
  std::from_chars(number.data(), number.data() + number.size(), status);
  return status >= 200 ? status : 0;
}

Result<Answer> ask(int socket, const std::string& address, Duration timeout) {
  using Clock = std::chrono::steady_clock;
  static std::atomic<std::uint64_t> last{0};
  const std::string host = in_uri(address);
  const std::uint16_t port = port_of(socket);
  const std::string branch = fmt::format("z9hG4bKswitchyard{}x{}", ::getpid(), ++last);
  const std::string request = fmt::format(
      "OPTIONS sip:{0}:{1} SIP/2.0\r\nVia: SIP/2.0/UDP {0}:{2};rport;branch={3}\r\nFrom: <sip:agent@{0}>;tag={3}\r\n"
      "To: <sip:{0}:{1}>\r\nCall-ID: {3}@{0}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\nContent-Length: 0\r\n\r\n",
      host, kSipPort, port, branch);
  const Clock::time_point start = Clock::now();
  if (::send(socket, request.data(), request.size(), MSG_NOSIGNAL) < 0) {
    return Error{.code = ErrorCode::kNotSent, .message = fmt::format("OPTIONS: {}", std::strerror(errno))};
  }
  std::array<char, 4096> bytes{};
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(start + timeout - Clock::now()).count();
    if (left <= 0) return Error{.code = ErrorCode::kOutcomeUnknown, .message = "OPTIONS was not answered"};
    pollfd wait{.fd = socket, .events = POLLIN, .revents = 0};
    if (::poll(&wait, 1, static_cast<int>(left)) <= 0) continue;
    const ssize_t length = ::recv(socket, bytes.data(), bytes.size(), 0);
    if (length < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    // Nobody listens there (ICMP port unreachable).
    if (length < 0) {
      return Error{.code = ErrorCode::kOutcomeUnknown, .message = fmt::format("OPTIONS: {}", std::strerror(errno))};
    }
    const int status = final_status(std::string_view(bytes.data(), static_cast<std::size_t>(length)), branch);
    if (status == 0) continue;
    return Answer{.status = status,
                  .took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start)};
  }
}

}  // namespace

Result<Answer> ask_options(const std::string& address, Duration timeout) {
  SocketAddress from;
  SocketAddress to;
  if (!fill(address, 0, from) || !fill(address, kSipPort, to)) {
    return Error{.code = ErrorCode::kInvalid, .message = "the server's address is no IP address"};
  }
  const int socket = ::socket(from.bytes.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return Error{.code = ErrorCode::kNotSent, .message = "no socket for OPTIONS"};
  Result<Answer> answer =
      Error{.code = ErrorCode::kNotSent, .message = "OPTIONS cannot be sent from the server's address"};
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&from.bytes), from.length) == 0 &&
      ::connect(socket, reinterpret_cast<const sockaddr*>(&to.bytes), to.length) == 0) {
    answer = ask(socket, address, timeout);
  }
  ::close(socket);
  return answer;
}

}  // namespace switchyard::kamailio
