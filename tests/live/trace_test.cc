#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

#include "tests/live/stand.h"

// A collector that receives what real servers copy to it (HEP3).
namespace switchyard {
namespace {

using live::configure;
using live::Sip;
using live::Stand;

class Collector {
 public:
  Collector(const std::string& address, int type) : type_(type) {
    socket_ = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(9060);
    ::inet_pton(AF_INET, address.c_str(), &place.sin_addr);
    const int yes = 1;
    ::setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&place), sizeof(place)), 0);
    if (type == SOCK_STREAM) {
      EXPECT_EQ(::listen(socket_, 8), 0);
    }
    thread_ = std::jthread([this](const std::stop_token& stop) { take(stop); });
  }
  ~Collector() {
    thread_.request_stop();
    thread_.join();
    ::close(socket_);
  }
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;
  // Copies that carried this method of SIP.
  int invites() const { return invites_; }
  int byes() const { return byes_; }

 private:
  void take(const std::stop_token& stop) {
    std::vector<pollfd> files{{.fd = socket_, .events = POLLIN, .revents = 0}};
    std::array<char, 65536> bytes{};
    while (!stop.stop_requested()) {
      if (::poll(files.data(), files.size(), 20) <= 0) continue;
      for (std::size_t at = 0; at < files.size(); ++at) {
        if (files[at].revents == 0) continue;
        if (at == 0 && type_ == SOCK_STREAM) {
          files.push_back({.fd = ::accept(socket_, nullptr, nullptr), .events = POLLIN, .revents = 0});
          break;
        }
        const ssize_t length = ::recv(files[at].fd, bytes.data(), bytes.size(), 0);
        if (length > 0) count(std::string_view(bytes.data(), static_cast<std::size_t>(length)));
        if (length <= 0 && at > 0) files[at].fd = -1;
      }
    }
    for (std::size_t at = 1; at < files.size(); ++at) ::close(files[at].fd);
  }
  void count(std::string_view text) {
    if (text.find("HEP3") == std::string_view::npos) return;
    for (std::size_t at = text.find("INVITE sip:"); at != std::string_view::npos;
         at = text.find("INVITE sip:", at + 1)) {
      ++invites_;
    }
    for (std::size_t at = text.find("BYE sip:"); at != std::string_view::npos; at = text.find("BYE sip:", at + 1)) {
      ++byes_;
    }
  }

  int type_;
  int socket_ = -1;
  std::atomic<int> invites_ = 0;
  std::atomic<int> byes_ = 0;
  std::jthread thread_;
};

class Traces : public ::testing::Test {
 protected:
  void SetUp() override {
    SWITCHYARD_NEEDS("/usr/sbin/kamailio");
    SWITCHYARD_NEEDS("/usr/bin/sipp");
  }
  Configuration with(const char* transport) const {
    std::vector<std::pair<std::string, Json>> fields{
        {"spec.options.carriers", Json(Json::Array{"acme"})},
        {"carriers.acme.destinations", Json(Json::Array{Json::Object{{"uri", "sip:" + gateway_}, {"weight", 1}}})}};
    if (transport != nullptr) {
      fields.emplace_back("spec.options.sipTrace.transport", transport);
      fields.emplace_back("spec.options.sipTrace.collector", Json(collector_ + ":9060"));
    }
    return configure(std::move(fields));
  }
  void make_calls(const Sip& sip) {
    EXPECT_EQ(live::Callers(stand_, {.to = sip.address() + ":5060", .rate = 10, .calls = 5}).counts().talked, 5);
  }
  Stand stand_;
  std::string gateway_ = stand_.address();
  std::string collector_ = stand_.address();
};

TEST_F(Traces, OverUdpAndIsSwitchedOnAndOffWhileItRuns) {
  live::Callee callee(stand_, gateway_);
  Collector collector(collector_, SOCK_DGRAM);
  Sip sip(stand_, "sw-1", Role::kSwitch);
  ASSERT_TRUE(sip.start(with(nullptr)));
  make_calls(sip);
  EXPECT_EQ(collector.invites(), 0);
  ASSERT_TRUE(sip.push(with("udp")).ok());
  // The switch looks at it twice a second.
  ASSERT_TRUE(live::comes_true([&] {
    make_calls(sip);
    return collector.invites() > 0;
  }));
  const int before = collector.invites();
  make_calls(sip);
  EXPECT_TRUE(live::comes_true([&] { return collector.invites() >= before + 10; }))
      << "what comes in and what goes out";
  EXPECT_TRUE(live::comes_true([&] { return collector.byes() >= 10; }));
  ASSERT_TRUE(sip.push(with(nullptr)).ok());
  ASSERT_TRUE(live::comes_true([&] {
    const int then = collector.invites();
    make_calls(sip);
    return collector.invites() == then;
  }));
}

// Kamailio 5.6.3 lost a worker, and with it the whole instance, over the ACK to a refusal that was copied.
TEST_F(Traces, ARefusalThatIsCopiedHarmsNobody) {
  for (const char* transport : {"udp", "tcp"}) {
    Sip sip(stand_, "sw-" + std::string(transport), Role::kSwitch);
    ASSERT_TRUE(sip.start(with(transport), Traffic::kRefused));
    const auto calls = live::Callers(stand_, {.to = sip.address() + ":5060", .rate = 20, .calls = 20}).counts();
    EXPECT_EQ(calls.refused, 20) << transport;
    EXPECT_TRUE(sip.driver().probe(std::chrono::seconds(2)).ok()) << transport;
    EXPECT_TRUE(sip.runs()) << transport;
    EXPECT_EQ(sip.log().find("signal 11"), std::string::npos) << transport;
  }
}

TEST_F(Traces, OverTcp) {
  live::Callee callee(stand_, gateway_);
  Collector collector(collector_, SOCK_STREAM);
  Sip sip(stand_, "sw-1", Role::kSwitch);
  ASSERT_TRUE(sip.start(with("tcp")));
  ASSERT_TRUE(live::comes_true([&] {
    make_calls(sip);
    return collector.invites() >= 10;
  }));
  EXPECT_TRUE(live::comes_true([&] { return collector.byes() >= 10; }));
}

}  // namespace
}  // namespace switchyard
