#include "providers/agent/daemon/probe.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

#include "specs/base/digest.h"

namespace switchyard {
namespace {

using std::chrono::microseconds;
using std::chrono::steady_clock;

// A socket that is closed with its scope.
class Socket {
 public:
  Socket(int family, int type, int protocol) : number_(::socket(family, type | SOCK_CLOEXEC, protocol)) {}
  ~Socket() {
    if (number_ >= 0) ::close(number_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  bool open() const { return number_ >= 0; }
  int number() const { return number_; }

 private:
  int number_;
};

std::optional<sockaddr_in> ipv4(const std::string& address, std::uint16_t port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  if (::inet_pton(AF_INET, address.c_str(), &to.sin_addr) != 1) return std::nullopt;
  return to;
}

// A socket's address of either family.
struct IpAddress {
  sockaddr_storage bytes{};
  socklen_t length = 0;

  sockaddr* raw() { return reinterpret_cast<sockaddr*>(&bytes); }
  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&bytes); }
  const sockaddr_in& v4() const { return reinterpret_cast<const sockaddr_in&>(bytes); }
  const sockaddr_in6& v6() const { return reinterpret_cast<const sockaddr_in6&>(bytes); }
};

std::optional<IpAddress> any_ip(const std::string& address, std::uint16_t port) {
  IpAddress made;
  if (const auto v4 = ipv4(address, port)) {
    std::memcpy(&made.bytes, &*v4, sizeof *v4);
    made.length = sizeof *v4;
    return made;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  if (::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) != 1) return std::nullopt;
  std::memcpy(&made.bytes, &v6, sizeof v6);
  made.length = sizeof v6;
  return made;
}

std::string text_of(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool is_v6 = address.bytes.ss_family == AF_INET6;
  const void* number = is_v6 ? static_cast<const void*>(&address.v6().sin6_addr) : &address.v4().sin_addr;
  return ::inet_ntop(address.bytes.ss_family, number, text.data(), text.size()) == nullptr ? "" : text.data();
}

std::uint16_t port_of(const IpAddress& address) {
  return ntohs(address.bytes.ss_family == AF_INET6 ? address.v6().sin6_port : address.v4().sin_port);
}

Error no_socket(const std::string& what) {
  return {ErrorCode::kNotSent, fmt::format("could not send {}: {}", what, std::strerror(errno))};
}

// The next datagram before `end`; nothing when none came. An error that the far end caused (its port is closed) ends
// it.
std::optional<std::string_view> receive(int socket, steady_clock::time_point end, std::array<char, 8192>& into) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - steady_clock::now());
  pollfd ready{.fd = socket, .events = POLLIN, .revents = 0};
  if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) return std::nullopt;
  const ssize_t got = ::recv(socket, into.data(), into.size(), 0);
  if (got < 0) return std::nullopt;
  return std::string_view(into.data(), static_cast<std::size_t>(got));
}

std::uint16_t checksum(const void* bytes, std::size_t size) {
  const auto* at = static_cast<const unsigned char*>(bytes);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i + 1 < size; i += 2) sum += static_cast<std::uint32_t>(at[i] << 8U) + at[i + 1];
  while ((sum >> 16U) != 0) sum = (sum & 0xffffU) + (sum >> 16U);
  return htons(static_cast<std::uint16_t>(~sum));
}

}  // namespace

Result<Answer> probe_sip(const std::string& address, std::uint16_t port, Duration timeout) {
  const auto to = any_ip(address, port);
  if (!to) return no_socket("OPTIONS to " + address);
  const Socket socket(to->bytes.ss_family, SOCK_DGRAM, 0);
  if (!socket.open()) return no_socket("OPTIONS to " + address);
  // From the server's own address, where that is one of this machine: then the answer needs no other route, and a
  // server on which only dispatchers may speak answers.
  const auto own = any_ip(address, 0);
  static_cast<void>(::bind(socket.number(), own->raw(), own->length));
  if (::connect(socket.number(), to->raw(), to->length) != 0) return no_socket("OPTIONS to " + address);
  IpAddress from;
  from.length = sizeof from.bytes;
  ::getsockname(socket.number(), from.raw(), &from.length);
  const bool is_v6 = to->bytes.ss_family == AF_INET6;
  const std::string far = is_v6 ? "[" + address + "]" : address;
  const std::string near = is_v6 ? "[" + text_of(from) + "]" : text_of(from);
  const std::string branch = "z9hG4bK" + random_hex(12);
  const std::string request = fmt::format(
      "OPTIONS sip:{0}:{1} SIP/2.0\r\nVia: SIP/2.0/UDP {2}:{3};branch={4};rport\r\nMax-Forwards: 70\r\n"
      "From: <sip:probe@{2}>;tag={5}\r\nTo: <sip:{0}:{1}>\r\nCall-ID: {6}@{2}\r\nCSeq: 1 OPTIONS\r\n"
      "Contact: <sip:probe@{2}:{3}>\r\nUser-Agent: switchyard-agent\r\nContent-Length: 0\r\n\r\n",
      far, port, near, port_of(from), branch, random_hex(4), random_hex(12));
  const auto begin = steady_clock::now();
  if (::send(socket.number(), request.data(), request.size(), 0) < 0) return no_socket("OPTIONS to " + address);
  std::array<char, 8192> buffer;
  while (const auto answer = receive(socket.number(), begin + timeout, buffer)) {
    const auto took = std::chrono::duration_cast<microseconds>(steady_clock::now() - begin);
    if (!answer->starts_with("SIP/2.0 ") || answer->find(branch) == std::string_view::npos) continue;
    int status = 0;
    std::from_chars(answer->data() + 8, answer->data() + std::min<std::size_t>(answer->size(), 11), status);
    if (status >= 200) return Answer{.status = status, .took = took};
  }
  return Error{ErrorCode::kOutcomeUnknown,
               fmt::format("no answer to OPTIONS from {}:{} within {}", address, port, to_string(timeout))};
}

Result<microseconds> probe_icmp(const std::string& address, Duration timeout) {
  const auto to = ipv4(address, 0);
  const Socket datagram(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
  const Socket raw(AF_INET, datagram.open() ? SOCK_DGRAM : SOCK_RAW, datagram.open() ? 0 : IPPROTO_ICMP);
  if (!to || (!datagram.open() && !raw.open())) {
    return Error{ErrorCode::kRefused, fmt::format("ICMP is unavailable: {}", std::strerror(errno))};
  }
  const int socket = datagram.open() ? datagram.number() : raw.number();
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&*to), sizeof *to) != 0) return no_socket("an ICMP echo");
  const std::string mark = random_hex(8);
  std::array<char, sizeof(icmphdr) + 16> echo{};
  icmphdr header{};
  header.type = ICMP_ECHO;
  header.un.echo.id = htons(static_cast<std::uint16_t>(::getpid() & 0xffff));
  header.un.echo.sequence = htons(1);
  std::memcpy(echo.data() + sizeof header, mark.data(), 16);
  std::memcpy(echo.data(), &header, sizeof header);
  header.checksum = checksum(echo.data(), echo.size());
  std::memcpy(echo.data(), &header, sizeof header);
  const auto begin = steady_clock::now();
  if (::send(socket, echo.data(), echo.size(), 0) < 0) return no_socket("an ICMP echo");
  std::array<char, 8192> buffer;
  while (const auto answer = receive(socket, begin + timeout, buffer)) {
    const auto took = std::chrono::duration_cast<microseconds>(steady_clock::now() - begin);
    // A raw socket gives the IP header as well, and everybody's echoes; the request itself on loopback included.
    const std::size_t skip = datagram.open() ? 0 : (static_cast<unsigned char>(answer->front()) & 0x0fU) * 4U;
    if (answer->size() < skip + echo.size() || (*answer)[skip] != ICMP_ECHOREPLY) continue;
    if (answer->substr(skip + sizeof header, 16) == mark) return took;
  }
  return Error{ErrorCode::kOutcomeUnknown,
               fmt::format("no ICMP answer from {} within {}", address, to_string(timeout))};
}

}  // namespace switchyard
