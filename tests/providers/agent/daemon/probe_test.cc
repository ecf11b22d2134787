#include "providers/agent/daemon/probe.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

namespace switchyard::testing {
namespace {

// Answers one datagram after another with what it is told, "BRANCH" standing for the branch of the request.
class SmallPeer {
 public:
  explicit SmallPeer(std::vector<std::string> answers) : socket_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in own{};
    own.sin_family = AF_INET;
    ::inet_pton(AF_INET, "127.0.0.1", &own.sin_addr);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&own), sizeof own), 0);
    socklen_t length = sizeof own;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&own), &length);
    port_ = ntohs(own.sin_port);
    thread_ = std::jthread([this, answers = std::move(answers)] {
      std::array<char, 4096> buffer{};
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t got =
          ::recvfrom(socket_, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (got <= 0) return;
      request_.assign(buffer.data(), static_cast<std::size_t>(got));
      const std::size_t at = request_.find("branch=") + 7;
      const std::string branch = request_.substr(at, request_.find(';', at) - at);
      for (std::string answer : answers) {
        if (const std::size_t here = answer.find("BRANCH"); here != std::string::npos) answer.replace(here, 6, branch);
        ::sendto(socket_, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
      }
    });
  }
  ~SmallPeer() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }
  std::uint16_t port() const { return port_; }

 private:
  int socket_;
  std::uint16_t port_ = 0;
  std::string request_;
  std::jthread thread_;
};

TEST(Probe, TheAnswerToItsOwnOptionsCounts) {
  SmallPeer peer({"noise", "SIP/2.0 486 Busy\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKother\r\n\r\n",
                  "SIP/2.0 100 Trying\r\nVia: SIP/2.0/UDP x;branch=BRANCH\r\n\r\n",
                  "SIP/2.0 503 Draining\r\nVia: SIP/2.0/UDP x;branch=BRANCH\r\n\r\n"});
  const auto answer = probe_sip("127.0.0.1", peer.port(), std::chrono::seconds(10));
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->status, 503);
  EXPECT_GT(answer->took.count(), 0);
}

TEST(Probe, AsksOverEitherFamily) {
  const int peer = ::socket(AF_INET6, SOCK_DGRAM, 0);
  sockaddr_in6 own{};
  own.sin6_family = AF_INET6;
  own.sin6_addr = in6addr_loopback;
  if (::bind(peer, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0) {
    ::close(peer);
    GTEST_SKIP() << "this machine has no IPv6";
  }
  socklen_t length = sizeof own;
  ::getsockname(peer, reinterpret_cast<sockaddr*>(&own), &length);
  EXPECT_FALSE(probe_sip("::1", ntohs(own.sin6_port), std::chrono::milliseconds(50)).ok());
  std::array<char, 4096> asked{};
  const ssize_t got = ::recv(peer, asked.data(), asked.size(), MSG_DONTWAIT);
  ::close(peer);
  ASSERT_GT(got, 0);
  const std::string request(asked.data(), static_cast<std::size_t>(got));
  EXPECT_TRUE(request.starts_with("OPTIONS sip:[::1]:" + std::to_string(ntohs(own.sin6_port)))) << request;
  EXPECT_NE(request.find("Via: SIP/2.0/UDP [::1]:"), std::string::npos) << request;
}

TEST(Probe, SilenceEndsByItsTimeout) {
  SmallPeer peer({});
  const auto answer = probe_sip("127.0.0.1", peer.port(), std::chrono::milliseconds(50));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kOutcomeUnknown);
}

TEST(Probe, AClosedPortIsSilence) {
  std::uint16_t port = 0;
  {
    SmallPeer gone({"x"});
    port = gone.port();
    EXPECT_FALSE(probe_sip("127.0.0.1", port, std::chrono::milliseconds(100)).ok());
  }
  const auto answer = probe_sip("127.0.0.1", port, std::chrono::seconds(10));
  EXPECT_FALSE(answer.ok());
}

TEST(Probe, AnAddressThatIsNoneIsNotSent) {
  EXPECT_EQ(probe_sip("nowhere", 5060, std::chrono::seconds(1)).error().code, ErrorCode::kNotSent);
}

TEST(Probe, IcmpIsMeasuredOrSaysThatItIsUnavailable) {
  const auto echo = probe_icmp("127.0.0.1", std::chrono::seconds(10));
  if (echo) {
    EXPECT_GT(echo->count(), 0);
  } else {
    EXPECT_EQ(echo.error().code, ErrorCode::kRefused) << echo.error().message;
    EXPECT_NE(::geteuid(), 0U) << "root may open a raw socket";
  }
}

}  // namespace
}  // namespace switchyard::testing
