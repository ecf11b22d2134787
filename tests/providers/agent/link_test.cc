// Reconciler and agent, over HTTPS and a keeper in memory: first contact, restarts, renewal, two reconcilers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/providers/agent/small_server.h"

namespace switchyard {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

TEST(AgentLink, FirstContactEnrolsAndThenTheConfigurationIsTaken) {
  const SmallAuthority fleet;
  SmallServer server(fleet);
  AgentClient client = client_of(fleet, server);
  const Configuration wanted = some_configuration();
  const auto configured = client.configure(server.seen(), wanted, kPatient);
  ASSERT_TRUE(configured.ok()) << configured.error().message;
  EXPECT_EQ(server.keeper().wanted().fields, wanted.fields);
  EXPECT_EQ(server.keeper().wanted().secrets, wanted.secrets);
  EXPECT_TRUE(server.enrolled());
  EXPECT_FALSE(server.token_lies_there());
  const auto report = client.status(server.seen(), kPatient);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->applied_digest, digest_of(wanted.fields));
  EXPECT_EQ(report->fingerprints[0].second, hmac_sha256_hex("salt", "hush"));
  ASSERT_TRUE(client.act(server.seen(), Action::kDrain, kPatient).ok());
  EXPECT_TRUE(client.status(server.seen(), kPatient)->drained);
}

TEST(AgentLink, KnowsEachOtherAfterRestartsOfBoth) {
  const SmallAuthority fleet;
  SmallServer server(fleet);
  ASSERT_TRUE(client_of(fleet, server).status(server.seen(), kPatient).ok());
  const std::string certificate = server.certificate();
  server.restart();
  ASSERT_TRUE(client_of(fleet, server).status(server.seen(), kPatient).ok());
  EXPECT_EQ(server.certificate(), certificate);
}

TEST(AgentLink, ErrorsOfTheKeeperArriveAsTheyAre) {
  const SmallAuthority fleet;
  SmallServer server(fleet);
  AgentClient client = client_of(fleet, server);
  Configuration refused;
  set_field(refused.fields, "refuse", "kamailio says: no such module");
  const auto answer = client.configure(server.seen(), refused, kPatient);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kRefused);
  EXPECT_EQ(answer.error().message, "kamailio says: no such module");
  EXPECT_EQ(client.act(server.seen(), Action::kRestart, kPatient).error().code, ErrorCode::kInvalid);
}

TEST(AgentLink, ASecretThatComesBackInAnErrorIsNotShown) {
  const SmallAuthority fleet;
  SmallServer server(fleet);
  Configuration refused;
  set_field(refused.fields, "refuse", "line 7: password \"correct-horse\" \x1b[31m is too short");
  refused.secrets = {{"carriers.acme.registration.password", "correct-horse"}};
  const auto answer = client_of(fleet, server).configure(server.seen(), refused, kPatient);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kRefused);
  EXPECT_THAT(answer.error().message, HasSubstr("is too short"));
  EXPECT_THAT(answer.error().message, ::testing::Not(HasSubstr("correct-horse")));
  EXPECT_THAT(answer.error().message, ::testing::Not(HasSubstr("\x1b")));
}

TEST(AgentLink, TheAgentKnowsHowLongItsCallerWaits) {
  const SmallAuthority fleet;
  SmallServer server(fleet);
  AgentClient client = client_of(fleet, server);
  ASSERT_TRUE(client.configure(server.seen(), some_configuration(), {.timeout = seconds(8), .fence = 7}).ok());
  EXPECT_GT(server.keeper().patience(), seconds(1));
  EXPECT_LE(server.keeper().patience(), seconds(6));
}

TEST(AgentLink, AServerWithoutAnAddressOrAMarkIsNotDialled) {
  const SmallAuthority fleet;
  SmallServer server(fleet);
  AgentClient client = client_of(fleet, server);
  ObservedServer seen = server.seen();
  seen.ipv4.clear();
  EXPECT_EQ(client.status(seen, kPatient).error().code, ErrorCode::kNotSent);
  seen = server.seen();
  seen.mark.reset();
  EXPECT_EQ(client.status(seen, kPatient).error().code, ErrorCode::kInvalid);
}

TEST(AgentLink, AnAgentThatIsNotThereWasSentNothing) {
  const SmallAuthority fleet;
  std::uint16_t port = 0;
  ObservedServer seen;
  {
    SmallServer server(fleet);
    port = server.port();
    seen = server.seen();
  }
  AgentClient client({.folder = fleet.folder(), .port = port});
  EXPECT_EQ(client.status(seen, kPatient).error().code, ErrorCode::kNotSent);
  EXPECT_EQ(client.configure(seen, some_configuration(), kPatient).error().code, ErrorCode::kNotSent);
}

TEST(AgentLink, TheLowerFenceOfTwoReconcilersIsRefused) {
  const SmallAuthority fleet;
  SmallServer server(fleet);
  AgentClient older = client_of(fleet, server);
  AgentClient newer = client_of(fleet, server);
  const Configuration wanted = some_configuration();
  ASSERT_TRUE(older.configure(server.seen(), wanted, {.timeout = seconds(10), .fence = 7}).ok());
  ASSERT_TRUE(newer.act(server.seen(), Action::kDrain, {.timeout = seconds(10), .fence = 8}).ok());
  Configuration late = wanted;
  set_field(late.fields, "spec.cps", 7);
  EXPECT_EQ(older.configure(server.seen(), late, {.timeout = seconds(10), .fence = 7}).error().code,
            ErrorCode::kFenced);
  EXPECT_EQ(older.act(server.seen(), Action::kUndrain, {.timeout = seconds(10), .fence = 7}).error().code,
            ErrorCode::kFenced);
  EXPECT_EQ(server.keeper().wanted().fields, wanted.fields);
  EXPECT_TRUE(older.status(server.seen(), {.timeout = seconds(10), .fence = 7})->drained);  // who only looks may
}

TEST(AgentLink, ALookThatChangesNothingEnrolsNobody) {
  const SmallAuthority fleet;
  SmallServer server(fleet);
  AgentClient looks(
      {.folder = fleet.folder(), .port = server.port(), .contact = AgentClient::Options::Contact::kOnlyLooks});
  EXPECT_EQ(looks.status(server.seen(), kPatient).error().code, ErrorCode::kUnauthorized);
  EXPECT_FALSE(server.enrolled());
  ASSERT_TRUE(client_of(fleet, server).status(server.seen(), kPatient).ok());
  EXPECT_TRUE(looks.status(server.seen(), kPatient).ok());
  const ScratchFolder empty;
  AgentClient without(
      {.folder = empty.path().string(), .port = server.port(), .contact = AgentClient::Options::Contact::kOnlyLooks});
  EXPECT_THAT(without.status(server.seen(), kPatient).error().message, HasSubstr("apply does it"));
  EXPECT_TRUE(std::filesystem::is_empty(empty.path()));
}

TEST(AgentLink, ACertificateThatNearsItsEndIsRenewedOnTheWay) {
  const SmallAuthority fleet;
  SmallServer server(fleet);
  AgentClient client = client_of(fleet, server);
  ASSERT_TRUE(client.status(server.seen(), kPatient).ok());
  // As it will be in five months: still good, and due.
  const std::string old_one = *fleet.authority().issue_agent("u1", "127.0.0.1", server.certificate(),
                                                             machine_now() - std::chrono::hours(24 * 150));
  Json identity;
  identity.set("certificate", old_one).set("authority", fleet.authority().certificate());
  ASSERT_EQ(server.ask(fleet.reconciler(), "PUT", kIdentityPath, to_string(identity))->status, 200);
  ASSERT_EQ(server.certificate(), *der_of_pem(old_one));
  ASSERT_TRUE(client.status(server.seen(), kPatient).ok());
  EXPECT_NE(server.certificate(), *der_of_pem(old_one));
  EXPECT_GT(read_certificate_der(server.certificate())->not_after, machine_now() + std::chrono::hours(24 * 300));
  EXPECT_TRUE(client.status(server.seen(), kPatient).ok());
}

}  // namespace
}  // namespace switchyard
