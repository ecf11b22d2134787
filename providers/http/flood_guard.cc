#include "providers/http/flood_guard.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace switchyard {
namespace {

std::vector<int> handles_of_this_process() {
  std::vector<int> handles;
  std::error_code failed;
  for (auto entry = std::filesystem::directory_iterator("/proc/self/fd", failed);
       !failed && entry != std::filesystem::directory_iterator(); entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    int handle = -1;
    if (std::from_chars(name.data(), name.data() + name.size(), handle).ec == std::errc{}) handles.push_back(handle);
  }
  return handles;
}

std::uint16_t port_of_peer(int handle) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(handle, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
  return 0;
}

}  // namespace

// False: it is none of these connections.
bool FloodGuard::read(int handle, std::uint16_t port, Connection& connection) {
  if (port_of_peer(handle) != port) return false;
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(handle, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  size = sizeof connection.cookie;
  if (::getsockopt(handle, SOL_SOCKET, SO_COOKIE, &connection.cookie, &size) != 0) return false;
  connection.sent = info.tcpi_bytes_sent;
  connection.received = info.tcpi_bytes_received;
  return true;
}

bool FloodGuard::floods(const Connection& connection) {
  auto [at, is_new] = seen_.try_emplace(connection.cookie, Seen{connection.sent, connection.received});
  // Something was sent: the next answer begins.
  if (at->second.sent != connection.sent) at->second = {connection.sent, connection.received};
  return connection.received - at->second.received_then > most_;
}

void FloodGuard::look() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  const auto now = std::chrono::steady_clock::now();
  if (!lock.owns_lock() || now - looked_ < kPause) return;
  looked_ = now;
  std::map<std::uint64_t, Seen> living;
  for (const int handle : handles_of_this_process()) {
    Connection connection{};
    if (!read(handle, port_, connection)) continue;
    if (floods(connection)) {
      // By a handle of our own, which nobody can have closed and opened as something else meanwhile.
      const int own = ::dup(handle);
      Connection again{};
      if (own >= 0 && read(own, port_, again) && again.cookie == connection.cookie) {
        ::shutdown(own, SHUT_RDWR);
        ++shut_down_;
      }
      if (own >= 0) ::close(own);
    }
    living.insert(*seen_.find(connection.cookie));
  }
  seen_ = std::move(living);
}

std::int64_t FloodGuard::shut_down() const {
  const std::scoped_lock lock(mutex_);
  return shut_down_;
}

}  // namespace switchyard
