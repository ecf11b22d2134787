#include "providers/agent/kamailio/rpc.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>
#include <vector>

namespace switchyard::kamailio {
namespace {

// dispatcher.list of a thousand destinations has some 300 kB; the kernel's own bound for a datagram is near that.
constexpr std::size_t kLongestAnswer = std::size_t{1024} * 1024;

// An open file, closed in the end.
struct File {
  explicit File(int opened) : number(opened) {}
  ~File() {
    if (number >= 0) ::close(number);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int number;
};

const sockaddr* plain(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

}  // namespace

Rpc::Rpc(std::string folder, Duration timeout) : folder_(std::move(folder)), timeout_(timeout) {}

Rpc::~Rpc() {
  if (socket_ >= 0) ::close(socket_);
}

Result<Done> Rpc::open() {
  if (socket_ >= 0) return Done{};
  const auto fail = [](std::string_view what) {
    return Error{.code = ErrorCode::kNotSent, .message = fmt::format("{}: {}", what, std::strerror(errno))};
  };
  // A path to a socket has 107 bytes at most, wherever the folder lies; through the open folder it is short.
  const File folder(::open(folder_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder.number < 0) return fail("cannot open Kamailio's folder");
  File opened(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (opened.number < 0) return fail("cannot open a socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // Bound to nothing but its family it gets a name of its own from the kernel, which leaves no file behind (unix(7),
  // autobind). Connected, it takes datagrams from Kamailio's socket alone, so that nobody else can answer.
  if (::bind(opened.number, plain(address), sizeof(sa_family_t)) != 0) return fail("cannot name a socket");
  const std::string path = fmt::format("/proc/self/fd/{}/rpc.sock", folder.number);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (::connect(opened.number, plain(address), sizeof(address)) != 0) return fail("Kamailio does not listen");
  socket_ = std::exchange(opened.number, -1);
  return Done{};
}

Result<Json> Rpc::call(std::string_view method, Json::Array parameters) {
  if (const Result<Done> opened = open(); !opened.ok()) return opened.error();
  const std::int64_t id = ++last_id_;
  const std::string request = to_string(
      Json(Json::Object{{"jsonrpc", "2.0"}, {"method", method}, {"params", Json(std::move(parameters))}, {"id", id}}));
  if (::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) < 0) {
    return Error{.code = ErrorCode::kNotSent,
                 .message = fmt::format("Kamailio does not take {}: {}", method, std::strerror(errno))};
  }
  Result<Json> answer = take(id);
  if (!answer.ok()) return Error{answer.error().code, fmt::format("{}: {}", method, answer.error().message)};
  if (const Json* error = answer->find("error")) {
    return Error{.code = ErrorCode::kRefused,
                 .message = fmt::format("{}: {}", method, error->string_or("message", "refused"))};
  }
  const Json* result = answer->find("result");
  return result == nullptr ? Json() : *result;
}

// An answer to an earlier question that came too late is passed over.
Result<Json> Rpc::take(std::int64_t id) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point deadline = Clock::now() + timeout_;
  std::vector<char> bytes(kLongestAnswer);
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return Error{.code = ErrorCode::kOutcomeUnknown, .message = "no answer in time"};
    pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
    if (::poll(&wait, 1, static_cast<int>(left)) <= 0) continue;
    const ssize_t length = ::recv(socket_, bytes.data(), bytes.size(), 0);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    // It died while we waited: whether it did what it was asked is not known.
    if (length < 0) return Error{.code = ErrorCode::kOutcomeUnknown, .message = std::strerror(errno)};
    Result<Json> answer = parse_json(std::string_view(bytes.data(), static_cast<std::size_t>(length)));
    if (!answer.ok()) return Error{.code = ErrorCode::kUnreadable, .message = "an answer that is no JSON"};
    if (answer->integer_or("id", -1) == id) return answer;
  }
}

}  // namespace switchyard::kamailio
