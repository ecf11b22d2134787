#include <arpa/inet.h>
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <optional>

#include "providers/agent/daemon/control.h"
#include "providers/agent/daemon/process_table.h"
#include "providers/agent/daemon/program.h"
#include "providers/agent/daemon/supervisor.h"
#include "providers/agent/rtpengine/control_sockets.h"
#include "providers/agent/rtpengine/rtpengine_driver.h"

// A real rtpengine under the daemon's whole loop.
namespace switchyard::testing {
namespace {

using ::testing::HasSubstr;

// A UDP socket on loopback, as a telephone has for its sound.
class Telephone {
 public:
  Telephone() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in own = at(0);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&own), sizeof own), 0);
    socklen_t length = sizeof own;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&own), &length);
    port_ = ntohs(own.sin_port);
  }
  ~Telephone() { ::close(socket_); }
  Telephone(const Telephone&) = delete;
  Telephone& operator=(const Telephone&) = delete;

  std::string description() const {
    return fmt::format(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {} RTP/AVP 8\r\n", port_);
  }
  // Twenty milliseconds of sound, again and again until the other end has heard it.
  bool is_heard_by(const Telephone& other, const std::string& address, std::uint16_t port) const {
    std::array<unsigned char, 172> packet{};
    packet[0] = 0x80;
    packet[1] = 8;
    packet[171] = 0x5a;
    sockaddr_in to = at(port);
    ::inet_pton(AF_INET, address.c_str(), &to.sin_addr);
    for (unsigned char number = 0; number < 200; ++number) {
      packet[3] = number;
      ::sendto(socket_, packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
      pollfd ready{.fd = other.socket_, .events = POLLIN, .revents = 0};
      if (::poll(&ready, 1, 20) <= 0) continue;
      std::array<unsigned char, 2048> heard{};
      const ssize_t got = ::recv(other.socket_, heard.data(), heard.size(), 0);
      if (got == static_cast<ssize_t>(packet.size()) && heard[171] == 0x5a) return true;
    }
    return false;
  }

 private:
  static sockaddr_in at(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    return address;
  }
  int socket_;
  std::uint16_t port_ = 0;
};

// The port that a description names for its sound.
std::uint16_t port_in(const std::string& description) {
  const std::size_t at = description.find("m=audio ");
  std::uint16_t port = 0;
  if (at != std::string::npos) {
    std::from_chars(description.data() + at + 8, description.data() + description.size(), port);
  }
  return port;
}

class RtpengineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (identity_of_program("rtpengine").empty()) GTEST_SKIP() << "rtpengine is not installed: NOT TESTED";
    std::string pattern = std::filesystem::temp_directory_path() / "rtpengine-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    start_agent();
  }
  void TearDown() override {
    if (!control_) return;
    EXPECT_TRUE(control_->act(Action::kStop).ok());
    control_.reset();
    std::filesystem::remove_all(folder_);
  }

  Place place() const { return {.folder = folder_, .address = address_, .role = Role::kMedia, .name = "rtp-1"}; }
  void start_agent() {
    control_.reset();
    driver_.emplace(place());
    supervisor_.emplace(Supervisor::Options{.folder = folder_, .now = [this] { return clock_.now(); }});
    control_.emplace(place(), ControlTimes{}, *driver_, *supervisor_, clock_, [](auto, auto) {});
    ASSERT_TRUE(control_->open().ok());
  }
  static Configuration media(std::int64_t from, std::int64_t to, std::int64_t sessions) {
    return {.fields = {{.path = "spec.maxSessions", .value = sessions},
                       {.path = "spec.ports.from", .value = from},
                       {.path = "spec.ports.to", .value = to}},
            .peers = {},
            .secrets = {}};
  }
  ::testing::AssertionResult in_force(const Configuration& wanted) {
    const auto done = control_->configure(wanted);
    if (!done) return ::testing::AssertionFailure() << done.error().message;
    return ::testing::AssertionSuccess() << to_string(to_json(wanted.fields));
  }
  Result<Json> ask(std::string_view command, const std::string& call, const std::string& description) {
    Json request = Json::Object{{"command", command}, {"call-id", call}, {"from-tag", "a"}, {"sdp", description}};
    if (command == "answer") request.set("to-tag", "b");
    return ask_ng(address_, RtpengineDriver::kNgPort, request, std::chrono::seconds(5));
  }
  Result<Json> offer(const std::string& call) { return ask("offer", call, Telephone().description()); }
  int pid() { return supervisor_->running() ? supervisor_->running()->pid : 0; }
  // Looks again and again until the fact is there.
  template <class Fact>
  bool comes(Fact fact) {
    const Duration end = clock_.running() + std::chrono::seconds(20);
    while (!fact()) {
      if (clock_.running() > end) return false;
      control_->step();
      clock_.wait(std::chrono::milliseconds(20));
    }
    return true;
  }

  std::string folder_;
  std::string address_ = fmt::format("127.66.{}.{}", 128 + ::getpid() % 100, 1 + ::getpid() / 100 % 250);
  SystemClock clock_;
  std::optional<RtpengineDriver> driver_;
  std::optional<Supervisor> supervisor_;
  std::optional<Control> control_;
};

TEST_F(RtpengineTest, SoundPassesThroughIt) {
  ASSERT_TRUE(in_force(media(40000, 40099, 5)));
  const Telephone caller;
  const Telephone callee;
  const auto offered = ask("offer", "call-1", caller.description());
  ASSERT_TRUE(offered.ok()) << offered.error().message;
  const std::string to_callee = offered->string_or("sdp", "");
  EXPECT_THAT(to_callee, HasSubstr("c=IN IP4 " + address_));
  const auto answered = ask("answer", "call-1", callee.description());
  ASSERT_TRUE(answered.ok()) << answered.error().message;
  const std::uint16_t for_caller = port_in(answered->string_or("sdp", ""));
  const std::uint16_t for_callee = port_in(to_callee);
  EXPECT_GE(for_caller, 40000);
  EXPECT_LE(for_caller, 40099);
  EXPECT_TRUE(caller.is_heard_by(callee, address_, for_caller));
  EXPECT_TRUE(callee.is_heard_by(caller, address_, for_callee));
  EXPECT_TRUE(comes([this] { return control_->report().channels == 1; }));
}

TEST_F(RtpengineTest, TheLimitIsHotAndNoSessionIsLostOverIt) {
  ASSERT_TRUE(in_force(media(40000, 40099, 2)));
  const int before = pid();
  EXPECT_TRUE(offer("call-1").ok());
  EXPECT_TRUE(offer("call-2").ok());
  const auto third = offer("call-3");
  ASSERT_FALSE(third.ok());
  EXPECT_THAT(third.error().message, HasSubstr("session limit reached"));
  ASSERT_TRUE(in_force(media(40000, 40099, 3)));
  EXPECT_TRUE(offer("call-3").ok());
  EXPECT_EQ(pid(), before);
  EXPECT_TRUE(comes([this] { return control_->report().channels == 3; }));
}

TEST_F(RtpengineTest, DrainedItKeepsWhatItHasAndTakesNothingNew) {
  ASSERT_TRUE(in_force(media(40000, 40099, 5)));
  EXPECT_TRUE(offer("call-1").ok());
  ASSERT_TRUE(control_->act(Action::kDrain).ok());
  EXPECT_FALSE(offer("call-2").ok());
  AgentReport report = control_->report();
  EXPECT_EQ(report.channels, 1);
  EXPECT_TRUE(report.drained);
  EXPECT_THAT(report.applied, HasSubstr(R"("spec.maxSessions":5)")) << "the limit that it has, not that it is drained";
  ASSERT_TRUE(control_->act(Action::kUndrain).ok());
  EXPECT_TRUE(offer("call-2").ok());
  EXPECT_FALSE(control_->report().drained);
}

TEST_F(RtpengineTest, PortsAreReadAtItsStart) {
  ASSERT_TRUE(in_force(media(40000, 40099, 5)));
  const int before = pid();
  ASSERT_TRUE(in_force(media(41000, 41099, 5)));
  EXPECT_NE(pid(), before);
  const auto offered = offer("call-1");
  ASSERT_TRUE(offered.ok());
  const std::uint16_t port = port_in(offered->string_or("sdp", ""));
  EXPECT_GE(port, 41000);
  EXPECT_LE(port, 41099);
}

TEST_F(RtpengineTest, KilledItIsBackAndDrainedIfItWas) {
  ASSERT_TRUE(in_force(media(40000, 40099, 5)));
  ASSERT_TRUE(control_->act(Action::kDrain).ok());
  const int before = pid();
  ASSERT_EQ(::kill(before, SIGKILL), 0);
  ASSERT_TRUE(comes([&] { return pid() != 0 && pid() != before && control_->report().sip_latency_us; }));
  EXPECT_TRUE(control_->report().drained);
  EXPECT_FALSE(offer("call-1").ok());
  EXPECT_EQ(control_->report().channels, 0) << "its sessions died with it: zero is true";
}

TEST_F(RtpengineTest, ALimitTurnedByHandIsSeenAndTurnedBack) {
  ASSERT_TRUE(in_force(media(40000, 40099, 5)));
  ASSERT_TRUE(ask_cli(address_, RtpengineDriver::kCliPort, "set maxsessions 77", std::chrono::seconds(5)).ok());
  ASSERT_TRUE(comes([&] {
    return control_->report().applied.find(R"("spec.maxSessions":77)") != std::string::npos ||
           control_->report().applied.find(R"("spec.maxSessions":5)") != std::string::npos;
  }));
  ASSERT_TRUE(comes([&] {
    const auto limit = ask_cli(address_, RtpengineDriver::kCliPort, "list maxsessions", std::chrono::seconds(5));
    return limit.ok() && limit->find(": 5\n") != std::string::npos;
  }));
}

TEST_F(RtpengineTest, AnAgentThatStartsAgainAdoptsItWithItsSessions) {
  ASSERT_TRUE(in_force(media(40000, 40099, 5)));
  EXPECT_TRUE(offer("call-1").ok());
  const int before = pid();
  start_agent();
  EXPECT_EQ(pid(), before);
  EXPECT_EQ(control_->report().channels, 1);
  EXPECT_TRUE(offer("call-2").ok());
}

TEST_F(RtpengineTest, ASecondOneOnTheSameAddressIsNotStarted) {
  ASSERT_TRUE(in_force(media(40000, 40099, 5)));
  std::string pattern = std::filesystem::temp_directory_path() / "rtpengine-XXXXXX";
  const std::string other = ::mkdtemp(pattern.data());
  Place same = place();
  same.folder = other;
  RtpengineDriver driver(same);
  Supervisor supervisor({.folder = other, .now = [this] { return clock_.now(); }});
  Control control(same, ControlTimes{}, driver, supervisor, clock_, [](auto, auto) {});
  ASSERT_TRUE(control.open().ok());
  const auto done = control.configure(media(42000, 42099, 5));
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, ErrorCode::kConflict);
  EXPECT_THAT(done.error().message, HasSubstr("(rtpengine)"));
  EXPECT_TRUE(offer("call-1").ok());
  std::filesystem::remove_all(other);
}

TEST_F(RtpengineTest, WhatItReportsIsWhatItSaysOfItself) {
  ASSERT_TRUE(in_force(media(40000, 40099, 5)));
  EXPECT_TRUE(offer("call-1").ok());
  ASSERT_TRUE(comes([this] { return control_->report().icmp_latency_us || ::geteuid() != 0; }));
  const AgentReport report = control_->report();
  EXPECT_THAT(report.release, HasSubstr("rtpengine "));
  EXPECT_TRUE(report.sip_latency_us);
  EXPECT_FALSE(report.cps) << "rtpengine does not say";
  const Json details = *parse_json(report.details);
  const Json* sessions = details.find("media") == nullptr ? nullptr : details.find("media")->find("value");
  ASSERT_NE(sessions, nullptr) << report.details;
  EXPECT_EQ(sessions->integer_or("sessions", -1), 1);
  EXPECT_NE(details.find("uptime"), nullptr);
  EXPECT_GT(details.find("portsUsed")->integer_or("value", -1), 0);
}

}  // namespace
}  // namespace switchyard::testing
