// What every Agent promises.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "specs/base/digest.h"
#include "tests/providers/sim_contract.h"

namespace switchyard {
namespace {

class AgentContract : public SimContract {};

TEST_P(AgentContract, AnAgentTakesLiveChangesAtOnceAndKeepsCalls) {
  const std::string id = delivered(wanted("lon-1"));
  ctl(CtlCalls{.server = "lon-1", .calls = 5, .lasting = {}});
  Configuration next{.fields = wanted("lon-1").fields, .peers = {}, .secrets = {}};
  set_field(next.fields, "spec.options.uacPing", false);
  ASSERT_TRUE(agent().configure(see(id), next, kLimits).ok());
  const auto report = agent().status(see(id), kLimits);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->applied_digest, digest_of(next.fields));
  EXPECT_EQ(report->channels, 5);
}

TEST_P(AgentContract, AnAgentRestartsTheSipProcessWithinSeconds) {
  const std::string id = delivered(wanted("lon-1"));
  const auto booted = see(id).agent->booted;
  Configuration next{.fields = wanted("lon-1").fields, .peers = {}, .secrets = {}};
  set_field(next.fields, "spec.options.tlsInternals", true);
  ASSERT_TRUE(agent().configure(see(id), next, kLimits).ok());
  ObservedServer server = see(id);
  EXPECT_EQ(server.phase, Phase::kUpdating);
  EXPECT_NE(server.agent->applied_digest, digest_of(next.fields));
  EXPECT_EQ(server.agent->channels, 0);
  EXPECT_EQ(agent().configure(server, next, kLimits).error().code, ErrorCode::kConflict);
  advance(std::chrono::seconds(15));
  server = see(id);
  EXPECT_EQ(server.phase, Phase::kActive);
  EXPECT_EQ(server.agent->applied_digest, digest_of(next.fields));
  EXPECT_EQ(server.agent->booted, booted);
}

TEST_P(AgentContract, AnAgentRebootsForChannelsAboveAThousand) {
  const std::string id = delivered(wanted("lon-1"));
  const auto booted = see(id).agent->booted;
  Configuration next{.fields = wanted("lon-1").fields, .peers = {}, .secrets = {}};
  set_field(next.fields, "spec.channels", 1500);
  ASSERT_TRUE(agent().configure(see(id), next, kLimits).ok());
  ObservedServer server = see(id);
  EXPECT_EQ(server.phase, Phase::kUpdating);
  EXPECT_FALSE(server.agent->channels.has_value());
  EXPECT_EQ(agent().status(server, kLimits).error().code, ErrorCode::kNotSent);
  server = after_action(id);
  EXPECT_EQ(server.agent->applied_digest, digest_of(next.fields));
  EXPECT_GT(server.agent->booted, booted);
}

TEST_P(AgentContract, AChangedSecretShowsAsAChangedFingerprint) {
  const std::string id = delivered(wanted("lon-1"));
  Configuration next{
      .fields = wanted("lon-1").fields, .peers = {}, .secrets = {{"carriers.acme.registration.password", "one"}}};
  ASSERT_TRUE(agent().configure(see(id), next, kLimits).ok());
  ObservedServer server = after_action(id);
  const std::string salt = server.agent->salt;
  EXPECT_EQ(server.agent->fingerprints[0].second, hmac_sha256_hex(salt, "one"));
  next.secrets[0].second = "two";
  ASSERT_TRUE(agent().configure(server, next, kLimits).ok());
  server = after_action(id);
  EXPECT_EQ(server.agent->fingerprints[0].second, hmac_sha256_hex(salt, "two"));
}

TEST_P(AgentContract, DrainingKeepsCallsUntilTheyEnd) {
  const std::string id = delivered(wanted("lon-1"));
  ctl(CtlCalls{.server = "lon-1", .calls = 12, .lasting = std::chrono::minutes(3)});
  ASSERT_TRUE(agent().act(see(id), Action::kDrain, kLimits).ok());
  EXPECT_TRUE(see(id).agent->drained);
  EXPECT_EQ(see(id).agent->channels, 12);
  advance(std::chrono::seconds(179));
  EXPECT_EQ(see(id).agent->channels, 12);
  advance(std::chrono::seconds(1));
  EXPECT_EQ(see(id).agent->channels, 0);
  EXPECT_TRUE(see(id).agent->drained);
  ASSERT_TRUE(agent().act(see(id), Action::kUndrain, kLimits).ok());
  EXPECT_FALSE(see(id).agent->drained);
  EXPECT_EQ(ctl(CtlDump{}).integer_or("callsCut", -1), 0);
}

TEST_P(AgentContract, AnUpgradeRunsWhatIsPending) {
  const std::string id = delivered(wanted("lon-1"));
  ctl(CtlSet{.server = "lon-1", .field = "pendingRelease", .value = "2.1"});
  EXPECT_EQ(see(id).agent->pending_release, "2.1");
  ASSERT_TRUE(agent().act(see(id), Action::kUpgrade, kLimits).ok());
  EXPECT_EQ(see(id).phase, Phase::kUpdating);
  const ObservedServer server = after_action(id);
  EXPECT_EQ(server.agent->release, "2.1");
  EXPECT_EQ(server.agent->pending_release, "");
  EXPECT_TRUE(agent().act(server, Action::kFlush, kLimits).ok());
  EXPECT_EQ(agent().act(server, Action::kRestart, kLimits).error().code, ErrorCode::kInvalid);
}

INSTANTIATE_TEST_SUITE_P(Sim, AgentContract, ::testing::Values(in_this_process, over_http, over_certificates),
                         name_of_subject);

}  // namespace
}  // namespace switchyard
