// What travels between an agent and the reconciler comes out as it went in, and nonsense is said to be nonsense.
#include "providers/agent/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "specs/base/digest.h"
#include "specs/base/random.h"

namespace switchyard {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Configuration some_configuration() {
  Configuration wanted;
  set_field(wanted.fields, "carriers.acme.cps", 50);
  set_field(wanted.fields, "spec.channels", 1000);
  set_field(wanted.fields, "spec.options.fqdn", "sw1.example.net");
  set_field(wanted.fields, "spec.options.ports.udp", Json(Json::Array{5080, 5090}));
  set_field(wanted.fields, "spec.options.uacPing", true);
  wanted.peers = {{.purpose = Peer::For::kDestination, .name = "lon-1", .address = "127.66.0.1", .weight = 3},
                  {.purpose = Peer::For::kDispatcher, .name = "front", .address = "", .weight = 1}};
  wanted.secrets = {{"carriers.acme.registration.password", "one \"quoted\"\n\xc3\xa9"},
                    {"certificates.main.key", "-----BEGIN"}};
  return wanted;
}

AgentReport some_report() {
  return {.at = *parse_timestamp("2026-01-01T00:00:00.250Z"),
          .applied = R"({"spec.channels":1000})",
          .applied_digest = "abc",
          .peers = {{.purpose = Peer::For::kMedia, .name = "rtp-1", .address = "127.66.0.2", .weight = 1}},
          .channels = 7,
          .cps = {},
          .drained = true,
          .booted = *parse_timestamp("2025-12-31T00:00:00Z"),
          .release = "5.6.3",
          .pending_release = "5.6.4",
          .sip_latency_us = 250,
          .icmp_latency_us = {},
          .salt = "salt",
          .fingerprints = {{"a", "1"}, {"b", "2"}}};
}

TEST(AgentProtocol, AConfigurationComesOutAsItWentIn) {
  const Configuration wanted = some_configuration();
  const auto read = configuration_from_body(to_string(configuration_body(wanted)));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->fields, wanted.fields);
  EXPECT_EQ(digest_of(read->fields), digest_of(wanted.fields));
  EXPECT_EQ(read->peers, wanted.peers);
  EXPECT_EQ(read->secrets, wanted.secrets);
  const auto empty = configuration_from_body(to_string(configuration_body({})));
  ASSERT_TRUE(empty.ok());
  EXPECT_TRUE(empty->fields.empty());
}

TEST(AgentProtocol, AReportComesOutAsItWentIn) {
  EXPECT_EQ(*report_from_body(to_string(report_body(some_report()))), some_report());
  AgentReport unknown = some_report();
  unknown.channels.reset();
  unknown.booted.reset();
  const auto read = report_from_body(to_string(report_body(unknown)));
  EXPECT_EQ(read->channels, std::nullopt);  // and not zero
  EXPECT_EQ(*read, unknown);
}

TEST(AgentProtocol, EveryActionComesOutAsItWentIn) {
  for (const Action action : {Action::kDrain, Action::kUndrain, Action::kFlush, Action::kUpgrade, Action::kRestart,
                              Action::kStop, Action::kStart, Action::kInstall}) {
    EXPECT_EQ(*action_from_body(to_string(action_body(action))), action);
  }
}

TEST(AgentProtocol, EveryErrorComesOutAsItWentIn) {
  for (const ErrorCode code :
       {ErrorCode::kInvalid, ErrorCode::kNotFound, ErrorCode::kRefused, ErrorCode::kRefusedForMoney,
        ErrorCode::kUnauthorized, ErrorCode::kConflict, ErrorCode::kRateLimited, ErrorCode::kNotSent,
        ErrorCode::kOutcomeUnknown, ErrorCode::kUnreadable, ErrorCode::kTooNew, ErrorCode::kLocked, ErrorCode::kFenced,
        ErrorCode::kStorage, ErrorCode::kCancelled}) {
    const Error error{code, "a \"reason\"", std::chrono::milliseconds(1500)};
    EXPECT_GE(status_of(code), 400);
    EXPECT_EQ(error_from_body(status_of(code), to_string(error_body(error))), error);
  }
  const std::string fenced = to_string(error_body({ErrorCode::kFenced, "x"}));
  EXPECT_EQ(error_from_body(500, fenced), std::nullopt);  // a word that does not go with its status
  EXPECT_EQ(error_from_body(412, R"({"error":{"code":"no-such-word"}})"), std::nullopt);
  EXPECT_EQ(error_from_body(502, "<html>"), std::nullopt);
  EXPECT_EQ(error_from_body(502, "[]"), std::nullopt);
}

TEST(AgentProtocol, NonsenseIsRefusedWithoutRepeatingIt) {
  for (const char* nonsense :
       {"", "{", "[]", "null", "7", "{}", R"({"fields":[],"peers":[],"secrets":{}})",
        R"({"fields":{"a":1,"a":2},"peers":[],"secrets":{}})", R"({"fields":{},"peers":{},"secrets":{}})",
        R"({"fields":{},"peers":[7],"secrets":{}})", R"({"fields":{},"peers":[{"for":"love"}],"secrets":{}})",
        R"({"fields":{},"peers":[],"secrets":[]})", R"({"fields":{},"peers":[],"secrets":{"hush":7}})",
        R"({"fields":{},"peers":[],"secrets":{"hush":"1","hush":"2"}})", R"({"fields":{},"secrets":{}})"}) {
    const auto read = configuration_from_body(nonsense);
    ASSERT_FALSE(read.ok()) << nonsense;
    EXPECT_EQ(read.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(read.error().message, Not(HasSubstr("hush")));
  }
  for (const char* nonsense : {"", "{}", "[]", R"({"action":7})", R"({"action":"dance"})"}) {
    EXPECT_EQ(action_from_body(nonsense).error().code, ErrorCode::kInvalid) << nonsense;
  }
  for (const char* nonsense : {"", "{}", "[]", R"({"agent":7})", R"({"agent":{}})", R"({"agent":{"at":"soon"}})",
                               R"({"agent":{"at":"2026-01-01T00:00:00Z","peers":[7]}})",
                               R"({"agent":{"at":"2026-01-01T00:00:00Z","fingerprints":{"a":7}}})"}) {
    EXPECT_EQ(report_from_body(nonsense).error().code, ErrorCode::kUnreadable) << nonsense;
  }
  EXPECT_FALSE(is_done("{}"));
  EXPECT_FALSE(is_done("nonsense"));
  EXPECT_TRUE(is_done(to_string(done_body())));
}

TEST(AgentProtocol, NoDamagedBodyIsTakenForAnythingElse) {
  const std::string whole = to_string(configuration_body(some_configuration()));
  Random random(7);
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = whole;
    const auto at = static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(damaged.size()) - 1));
    if (i % 2 == 0) {
      damaged.resize(at);  // cut off: no part of it may be taken
      EXPECT_FALSE(configuration_from_body(damaged).ok());
    } else {
      damaged[at] = static_cast<char>(random.between(0, 255));
      const auto read = configuration_from_body(damaged);  // another text perhaps, never a crash
      EXPECT_TRUE(read.ok() || read.error().code == ErrorCode::kInvalid);
    }
  }
}

TEST(AgentProtocol, AHeadersNumberIsANumberAndNothingElse) {
  EXPECT_EQ(number_of_header("0"), 0);
  EXPECT_EQ(number_of_header("1795390376"), 1795390376);
  for (const char* wrong : {"", " 7", "7 ", "-1", "+7", "0x7", "7.0", "99999999999999999999"}) {
    EXPECT_EQ(number_of_header(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace switchyard
