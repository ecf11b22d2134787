#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "tests/live/certificates.h"
#include "tests/live/phone.h"
#include "tests/live/stand.h"

// A real switch that speaks TLS.
namespace switchyard {
namespace {

using live::configure;
using live::KeyPair;
using live::Phone;
using live::Sip;
using live::Stand;

class Tls : public ::testing::Test {
 protected:
  void SetUp() override {
    SWITCHYARD_NEEDS("/usr/sbin/kamailio");
    SWITCHYARD_NEEDS("/usr/bin/sipp");
  }

  Configuration with(const KeyPair& main, const KeyPair& other, bool webrtc = false) const {
    return configure(
        {{"spec.options.tls", Json(true)},
         {"spec.options.webrtc", Json(webrtc)},
         {"spec.options.fqdn", "main.example.net"},
         {"spec.options.certificates", Json(Json::Array{Json::Object{{"name", "other"}, {"type", "server"}},
                                                        Json::Object{{"name", "main"}, {"type", "server"}}})},
         {"spec.options.carriers", Json(Json::Array{"acme"})},
         {"carriers.acme.destinations", Json(Json::Array{Json::Object{{"uri", "sip:" + gateway_}, {"weight", 1}}})}},
        {},
        {{"certificates.main.chain", main.chain},
         {"certificates.main.key", main.key},
         {"certificates.other.chain", other.chain},
         {"certificates.other.key", other.key}});
  }

  std::unique_ptr<Phone> phone(const Sip& sip, const std::string& name = "main.example.net",
                               Phone::Over over = Phone::Over::kTls) {
    return std::make_unique<Phone>(over, caller_, sip.address(), 5061, name);
  }

  Stand stand_;
  std::string gateway_ = stand_.address();
  std::string caller_ = stand_.address();
  KeyPair main_ = live::make_certificate("main.example.net");
  KeyPair other_ = live::make_certificate("other.example.net");
};

TEST_F(Tls, ShowsTheCertificateOfTheNameThatIsAskedFor) {
  Sip sip(stand_, "sw-1", Role::kSwitch);
  ASSERT_TRUE(sip.start(with(main_, other_)));
  EXPECT_EQ(phone(sip, "main.example.net")->shown(), "main.example.net");
  EXPECT_EQ(phone(sip, "other.example.net")->shown(), "other.example.net");
  EXPECT_EQ(phone(sip, "stranger.example.net")->shown(), "main.example.net") << "the one of the fqdn";
}

TEST_F(Tls, ACertificateIsRotatedUnderCallsAndNoneFails) {
  live::Callee callee(stand_, gateway_);
  Sip sip(stand_, "sw-1", Role::kSwitch);
  ASSERT_TRUE(sip.start(with(main_, other_)));
  // Twenty calls that outlast the rotation.
  std::vector<std::unique_ptr<Phone>> phones;
  for (int i = 0; i < 20; ++i) {
    phones.push_back(phone(sip));
    ASSERT_TRUE(phones.back()->connected()) << phones.back()->trouble();
    ASSERT_TRUE(phones.back()->call("1234", live::kPlainSdp)) << phones.back()->said();
  }
  // And new ones all the while, each over a connection of its own.
  std::atomic<int> made = 0;
  std::atomic<int> ended_well = 0;
  std::jthread caller([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      ++made;
      const auto one = phone(sip);
      if (one->connected() && one->call("1234", live::kPlainSdp) && one->hang_up()) ++ended_well;
    }
  });
  ASSERT_TRUE(live::comes_true([&] { return made > 20; }));
  const KeyPair renewed = live::make_certificate("renewed.example.net");
  Configuration after = with(renewed, other_);
  const Result<Done> pushed = sip.push(after);
  ASSERT_TRUE(pushed.ok()) << pushed.error().message;
  const int then = made;
  ASSERT_TRUE(live::comes_true([&] { return made > then + 20; }));
  caller.request_stop();
  caller.join();
  EXPECT_EQ(ended_well, made);
  EXPECT_EQ(phone(sip, "renewed.example.net")->shown(), "renewed.example.net");
  for (const auto& one : phones) EXPECT_TRUE(one->hang_up());
}

TEST_F(Tls, ABrokenCertificateIsKeptOut) {
  Sip sip(stand_, "sw-1", Role::kSwitch);
  ASSERT_TRUE(sip.start(with(main_, other_)));
  const Result<Rendered> mixed = sip.driver().render(with({main_.chain, other_.key}, other_), Traffic::kTaken);
  ASSERT_FALSE(mixed.ok());
  EXPECT_EQ(mixed.error().code, ErrorCode::kInvalid);
  EXPECT_NE(mixed.error().message.find("its key belongs to another certificate"), std::string::npos);
  EXPECT_EQ(mixed.error().message.find("PRIVATE"), std::string::npos);
  // What is spoilt on the disk itself is refused by Kamailio, and the old one stays in use.
  Result<Rendered> rendered = sip.write(with(live::make_certificate("new.example.net"), other_), Traffic::kTaken);
  ASSERT_TRUE(rendered.ok());
  std::ofstream(sip.place().folder + "/current/main.chain.pem") << "-----BEGIN CERTIFICATE-----\nrubbish\n";
  const Result<Done> pushed = sip.driver().push(*rendered);
  ASSERT_FALSE(pushed.ok());
  EXPECT_EQ(pushed.error().code, ErrorCode::kRefused);
  EXPECT_EQ(phone(sip, "main.example.net")->shown(), "main.example.net");
  EXPECT_NE(sip.driver().read()->hot.string_or("material", ""), rendered->hot.string_or("material", ""));
}

TEST_F(Tls, ACallThroughAWebsocketGoesBothWays) {
  live::Callee callee(stand_, gateway_);
  Sip sip(stand_, "sw-1", Role::kSwitch);
  ASSERT_TRUE(sip.start(with(main_, other_, true)));
  const auto browser = phone(sip, "main.example.net", Phone::Over::kWebsocket);
  ASSERT_TRUE(browser->connected()) << browser->trouble();
  ASSERT_TRUE(browser->call("1234", live::kPlainSdp)) << browser->said();
  EXPECT_TRUE(browser->hang_up());
  // And to it, from a telephone over TLS.
  ASSERT_TRUE(browser->register_as("ann")) << browser->said();
  const auto other = phone(sip);
  std::jthread answers([&] {
    if (browser->answer_call(live::kPlainSdp)) {
      browser->receive_start("ACK ");
      const auto bye = browser->receive_start("BYE ");
      if (!bye) return;
      std::string ways;
      for (const std::string& one : live::headers(*bye, "Via")) ways += fmt::format("Via: {}\r\n", one);
      browser->send(
          fmt::format("SIP/2.0 200 OK\r\n{}From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {}\r\nContent-Length: "
                      "0\r\n\r\n",
                      ways, live::header(*bye, "From"), live::header(*bye, "To"), live::header(*bye, "Call-ID"),
                      live::header(*bye, "CSeq")));
    }
  });
  ASSERT_TRUE(other->call("ann", live::kPlainSdp)) << other->said();
  EXPECT_TRUE(other->hang_up());
}

TEST_F(Tls, WithoutWebrtcNoWebsocketOpens) {
  Sip sip(stand_, "sw-1", Role::kSwitch);
  ASSERT_TRUE(sip.start(with(main_, other_)));
  EXPECT_FALSE(phone(sip, "main.example.net", Phone::Over::kWebsocket)->connected());
}

}  // namespace
}  // namespace switchyard
