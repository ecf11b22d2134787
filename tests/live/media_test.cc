#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <thread>

#include "tests/live/certificates.h"
#include "tests/live/phone.h"
#include "tests/live/stand.h"

// Calls whose media passes a real rtpengine.
namespace switchyard {
namespace {

using live::configure;
using live::KeyPair;
using live::Phone;
using live::Sip;
using live::Stand;

// An end of a media stream.
class Ear {
 public:
  explicit Ear(const std::string& address) : address_(address) {
    socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    ::inet_pton(AF_INET, address.c_str(), &place.sin_addr);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&place), sizeof(place)), 0);
    socklen_t length = sizeof(place);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&place), &length);
    port_ = ntohs(place.sin_port);
  }
  ~Ear() { ::close(socket_); }
  Ear(const Ear&) = delete;
  Ear& operator=(const Ear&) = delete;

  std::string sdp() const {
    return fmt::format(
        "v=0\r\no=u 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\nm=audio {1} RTP/AVP 0\r\na=rtpmap:0 "
        "PCMU/8000\r\n",
        address_, port_);
  }
  // One packet of G.711, to where an SDP says.
  void speak(const std::string& sdp, std::uint16_t number) const {
    const std::size_t c = sdp.find("c=IN IP4 ");
    const std::size_t m = sdp.find("m=audio ");
    sockaddr_in to{};
    to.sin_family = AF_INET;
    ::inet_pton(AF_INET, sdp.substr(c + 9, sdp.find("\r\n", c) - c - 9).c_str(), &to.sin_addr);
    to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(sdp.c_str() + m + 8)));
    std::string packet("\x80\x00\x00\x00\x00\x00\x00\x00\x12\x34\x56\x78", 12);
    packet[3] = static_cast<char>(number);
    packet[7] = static_cast<char>(number * 10);
    packet.append(160, 'x');
    ::sendto(socket_, packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
  }
  // From where a packet came; empty when none did.
  std::string hear() const {
    pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
    if (::poll(&wait, 1, 100) <= 0) return {};
    std::array<char, 2048> bytes{};
    sockaddr_in from{};
    socklen_t length = sizeof(from);
    ::recvfrom(socket_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
    std::array<char, INET_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET, &from.sin_addr, text.data(), text.size());
    return text.data();
  }

 private:
  std::string address_;
  int socket_ = -1;
  int port_ = 0;
};

class Media : public ::testing::Test {
 protected:
  void SetUp() override {
    SWITCHYARD_NEEDS("/usr/sbin/kamailio");
    SWITCHYARD_NEEDS("/usr/bin/rtpengine");
    const std::filesystem::path folder = stand_.folder() / "rtpengine";
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "rtpengine.conf") << fmt::format(
        "[rtpengine]\ntable = -1\ninterface = {0}\nlisten-ng = {0}:2223\nport-min = 30000\nport-max = 30200\n"
        "num-threads = 2\nlog-stderr = true\nlog-level = 5\npidfile = {1}/pid\n",
        relay_, folder.string());
    engine_ = std::make_unique<live::Process>(
        std::vector<std::string>{"/usr/bin/rtpengine", "--config-file=" + (folder / "rtpengine.conf").string(),
                                 "--foreground", "--log-stderr"},
        folder, folder / "log");
  }

  Configuration with_media(std::vector<std::pair<std::string, Json>> fields = {}) const {
    fields.emplace_back("spec.options.tls", Json(true));
    fields.emplace_back("spec.options.webrtc", Json(true));
    fields.emplace_back("spec.options.fqdn", "main.example.net");
    fields.emplace_back("spec.options.certificates",
                        Json(Json::Array{Json::Object{{"name", "main"}, {"type", "server"}}}));
    return configure(std::move(fields), {{Peer::For::kMedia, "rtp-1", relay_, 1}},
                     {{"certificates.main.chain", main_.chain}, {"certificates.main.key", main_.key}});
  }

  std::unique_ptr<Phone> phone(const Sip& sip, Phone::Over over) {
    return std::make_unique<Phone>(over, stand_.address(), sip.address(), 5061, "main.example.net");
  }

  Stand stand_;
  std::string relay_ = stand_.address();
  KeyPair main_ = live::make_certificate("main.example.net");
  std::unique_ptr<live::Process> engine_;
};

TEST_F(Media, OfACallPassesTheMediaServer) {
  Sip sip(stand_, "sw-1", Role::kSwitch);
  ASSERT_TRUE(sip.start(with_media()));
  const Ear first(stand_.address());
  const Ear second(stand_.address());
  const auto callee = phone(sip, Phone::Over::kTls);
  ASSERT_TRUE(callee->register_as("ann")) << callee->said();
  std::optional<std::string> invite;
  std::jthread answers([&] { invite = callee->answer_call(second.sdp()); });
  const auto caller = phone(sip, Phone::Over::kTls);
  ASSERT_TRUE(caller->call("ann", first.sdp())) << caller->said() << sip.log().substr(0, 4000);
  answers.join();
  ASSERT_TRUE(invite.has_value());
  EXPECT_NE(live::body(*invite).find("c=IN IP4 " + relay_), std::string::npos) << *invite;
  EXPECT_NE(live::body(caller->said()).find("c=IN IP4 " + relay_), std::string::npos) << caller->said();
  std::uint16_t number = 0;
  std::string heard_second;
  std::string heard_first;
  EXPECT_TRUE(live::comes_true([&] {
    first.speak(live::body(caller->said()), ++number);
    second.speak(live::body(*invite), number);
    if (heard_second.empty()) heard_second = second.hear();
    if (heard_first.empty()) heard_first = first.hear();
    return !heard_first.empty() && !heard_second.empty();
  }));
  EXPECT_EQ(heard_first, relay_) << "and not from the other telephone";
  EXPECT_EQ(heard_second, relay_);
}

TEST_F(Media, OfABrowserIsTranslatedForAPlainTelephone) {
  Sip sip(stand_, "sw-1", Role::kSwitch);
  ASSERT_TRUE(sip.start(with_media()));
  const Ear ear(stand_.address());
  const auto callee = phone(sip, Phone::Over::kTls);
  ASSERT_TRUE(callee->register_as("ann"));
  std::optional<std::string> invite;
  std::jthread answers([&] { invite = callee->answer_call(ear.sdp()); });
  const auto browser = phone(sip, Phone::Over::kWebsocket);
  ASSERT_TRUE(browser->call("ann", live::kWebrtcSdp)) << browser->said();
  answers.join();
  ASSERT_TRUE(invite.has_value());
  const std::string offered = live::body(*invite);
  EXPECT_NE(offered.find("RTP/AVP 0"), std::string::npos) << offered;
  EXPECT_EQ(offered.find("a=ice-ufrag"), std::string::npos) << offered;
  EXPECT_EQ(offered.find("a=fingerprint"), std::string::npos) << offered;
  const std::string answered = live::body(browser->said());
  EXPECT_NE(answered.find("RTP/SAVPF"), std::string::npos) << answered;
  EXPECT_NE(answered.find("a=fingerprint"), std::string::npos) << answered;
  EXPECT_NE(answered.find("a=ice-ufrag"), std::string::npos) << answered;
}

TEST_F(Media, OfAPlainTelephoneIsTranslatedForABrowser) {
  Sip sip(stand_, "sw-1", Role::kSwitch);
  ASSERT_TRUE(sip.start(with_media()));
  const Ear ear(stand_.address());
  const auto browser = phone(sip, Phone::Over::kWebsocket);
  ASSERT_TRUE(browser->register_as("bob"));
  std::optional<std::string> invite;
  std::string answer(live::kWebrtcSdp);
  answer.replace(answer.find("actpass"), 7, "active");
  std::jthread answers([&] { invite = browser->answer_call(answer); });
  const auto caller = phone(sip, Phone::Over::kTls);
  ASSERT_TRUE(caller->call("bob", ear.sdp())) << caller->said();
  answers.join();
  ASSERT_TRUE(invite.has_value());
  const std::string offered = live::body(*invite);
  EXPECT_NE(offered.find("RTP/SAVPF"), std::string::npos) << offered;
  EXPECT_NE(offered.find("a=ice-ufrag"), std::string::npos) << offered;
  EXPECT_NE(offered.find("a=rtcp-mux"), std::string::npos) << offered;
  EXPECT_NE(live::body(caller->said()).find("RTP/AVP 0"), std::string::npos) << caller->said();
}

}  // namespace
}  // namespace switchyard
