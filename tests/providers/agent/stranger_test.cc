// Strangers: before an agent is enrolled, while it is, and afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "providers/agent/enrolment.h"
#include "tests/providers/agent/small_server.h"

namespace switchyard {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

std::string own_fingerprint(const TlsIdentity& identity) {
  return fingerprint_of(*der_of_pem(identity.chain));
}

TEST(AgentStranger, NeedsTheTokenToEnrol) {
  const SmallAuthority fleet;
  SmallServer server("u1", "another token");
  AgentClient client = client_of(fleet, server);
  const auto answer = client.configure(server.seen(), some_configuration(), kPatient);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kUnauthorized);
  EXPECT_FALSE(server.enrolled());
  EXPECT_EQ(server.keeper().configured(), 0);
  EXPECT_THAT(server.refusals(), Contains(HasSubstr("proof of the enrolment token is wrong")));
}

TEST(AgentStranger, BeforeAnybodyIsKnownNothingButEnrolmentIsHeard) {
  const SmallAuthority fleet;
  SmallServer server(fleet);
  const TlsIdentity stranger = SmallAuthority().reconciler();
  for (const auto& [method, path] : {std::pair("GET", kStatusPath), std::pair("PUT", kConfigurationPath),
                                     std::pair("POST", kActionsPath), std::pair("DELETE", kEnrolPath)}) {
    const auto answer = server.ask(stranger, method, path, method == std::string("GET") ? "" : "{}");
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_EQ(answer->status, 403) << method << path;
  }
  EXPECT_EQ(server.ask(stranger, "POST", kEnrolPath, "{}")->status, 400);
  EXPECT_EQ(server.ask(stranger, "POST", kEnrolPath, "nonsense")->status, 400);
  EXPECT_EQ(server.ask(stranger, "PUT", kIdentityPath, "{}")->status, 403);
  EXPECT_EQ(server.keeper().configured(), 0);
  EXPECT_FALSE(server.enrolled());
  EXPECT_TRUE(client_of(fleet, server).status(server.seen(), kPatient).ok());
}

// What a reconciler says while it enrols, written down by somebody who sees it all.
struct Overheard {
  Json proof;
  Json identity;
};

Overheard enrolment(const SmallAuthority& fleet, const SmallServer& server, const TlsIdentity& reconciler,
                    const std::string& token) {
  const auto challenge = server.ask(reconciler, "GET", kEnrolPath);
  const EnrolmentParties both{.uid = "u1",
                              .reconciler_fingerprint = own_fingerprint(reconciler),
                              .agent_fingerprint = fingerprint_of(challenge->certificate),
                              .reconciler_nonce = make_nonce(),
                              .agent_nonce = parse_json(challenge->body)->string_or("nonce", "")};
  const std::string certificate =
      *fleet.authority().issue_agent("u1", "127.0.0.1", challenge->certificate, machine_now());
  Overheard said;
  said.proof.set("nonce", both.reconciler_nonce).set("proof", reconciler_proof(token, both));
  said.identity.set("nonce", both.reconciler_nonce)
      .set("certificate", certificate)
      .set("authority", fleet.authority().certificate())
      .set("proof", identity_proof(token, both, certificate, fleet.authority().certificate()));
  return said;
}

TEST(AgentStranger, GainsNothingByRepeatingAnEnrolmentThatItOverheard) {
  const SmallAuthority fleet;
  SmallServer server(fleet);
  const TlsIdentity ours = fleet.reconciler();
  const Overheard said = enrolment(fleet, server, ours, fleet.authority().enrolment_token("u1"));
  const TlsIdentity stranger = SmallAuthority().reconciler();
  // Before the true one is done, on a connection of its own:
  EXPECT_EQ(server.ask(stranger, "POST", kEnrolPath, to_string(said.proof))->status, 403);
  EXPECT_EQ(server.ask(stranger, "PUT", kIdentityPath, to_string(said.identity))->status, 403);
  EXPECT_FALSE(server.enrolled());
  // After the agent came up again its nonces are others, for the true one as well.
  server.restart();
  EXPECT_EQ(server.ask(ours, "POST", kEnrolPath, to_string(said.proof))->status, 403);
  EXPECT_EQ(server.ask(ours, "PUT", kIdentityPath, to_string(said.identity))->status, 403);
  EXPECT_FALSE(server.enrolled());
  // After it is enrolled:
  ASSERT_TRUE(client_of(fleet, server).status(server.seen(), kPatient).ok());
  EXPECT_FALSE(server.ask(stranger, "POST", kEnrolPath, to_string(said.proof)).ok());
  EXPECT_EQ(server.ask(ours, "POST", kEnrolPath, to_string(said.proof))->status, 409);
  EXPECT_EQ(server.keeper().configured(), 0);
}

TEST(AgentStranger, GainsNothingByATokenThatWasUsed) {
  const SmallAuthority fleet;
  SmallServer server(fleet);
  ASSERT_TRUE(client_of(fleet, server).configure(server.seen(), some_configuration(), kPatient).ok());
  const std::string certificate = server.certificate();
  // Another fleet that knows the token, and the agent after a restart.
  server.restart();
  const SmallAuthority thieves;
  EXPECT_FALSE(server.ask(thieves.reconciler(), "GET", kEnrolPath).ok());
  AgentClient thief = client_of(thieves, server);
  EXPECT_FALSE(thief.configure(server.seen(), {}, kPatient).ok());
  EXPECT_EQ(server.certificate(), certificate);
  EXPECT_EQ(server.keeper().configured(), 1);
  EXPECT_EQ(server.keeper().wanted().fields, some_configuration().fields);
  EXPECT_TRUE(client_of(fleet, server).status(server.seen(), kPatient).ok());
  EXPECT_THAT(server.refusals(), Contains(HasSubstr("not issued by the authority")));
}

TEST(AgentStranger, MayNotChangeTheIdentityOnItsWay) {
  const SmallAuthority fleet;
  SmallServer server(fleet);
  const TlsIdentity ours = fleet.reconciler();
  Overheard said = enrolment(fleet, server, ours, fleet.authority().enrolment_token("u1"));
  said.identity.set("authority", SmallAuthority().authority().certificate());
  EXPECT_EQ(server.ask(ours, "PUT", kIdentityPath, to_string(said.identity))->status, 403);
  EXPECT_FALSE(server.enrolled());
}

// Stands between the two: a certificate of its own towards each, and passes everything on.
class ManInTheMiddle {
 public:
  explicit ManInTheMiddle(const SmallServer& agent) : agent_(agent) {
    listener_ = *Listener::open({.tls = TlsOptions{.identity = own_.agent("u1"), .trust = TrustAnybody{}}},
                                [this](const ListenerRequest& request) {
                                  const auto answer =
                                      agent_.ask(own_.reconciler(), request.method, request.target, request.body);
                                  {
                                    const std::scoped_lock lock(mutex_);
                                    passed_on_.push_back(request.method + " " + request.target + " " + request.body);
                                  }
                                  if (!answer) return ListenerAnswer{.status = 502};
                                  return ListenerAnswer{.status = answer->status, .body = answer->body};
                                });
  }
  std::uint16_t port() const { return listener_->port(); }
  std::vector<std::string> passed_on() {
    const std::scoped_lock lock(mutex_);
    return passed_on_;
  }

 private:
  const SmallServer& agent_;
  const SmallAuthority own_;
  std::mutex mutex_;
  std::vector<std::string> passed_on_;
  std::unique_ptr<Listener> listener_;
};

TEST(AgentStranger, InTheMiddleOfAFirstContactIsNoticedByBoth) {
  const SmallAuthority fleet;
  SmallServer server(fleet);
  ManInTheMiddle middle(server);
  AgentClient client({.folder = fleet.folder(), .port = middle.port()});
  const auto answer = client.configure(server.seen(), some_configuration(), kPatient);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kUnauthorized);
  EXPECT_FALSE(server.enrolled());
  EXPECT_EQ(server.keeper().configured(), 0);
  // It saw the challenge and a proof, and no certificate, secret or configuration.
  EXPECT_THAT(middle.passed_on(), SizeIs(2));
  for (const std::string& passed : middle.passed_on()) EXPECT_THAT(passed, Not(HasSubstr("CERTIFICATE")));
  EXPECT_TRUE(client_of(fleet, server).status(server.seen(), kPatient).ok());
  EXPECT_THAT(server.refusals(), Contains(HasSubstr("proof of the enrolment token is wrong")));
}

// Answers in an agent's place, and claims that all is well.
TEST(AgentStranger, WhoPretendsToBeAnAgentIsGivenNothing) {
  const SmallAuthority fleet;
  const SmallAuthority own;
  std::mutex mutex;
  std::vector<std::string> heard;
  const auto listener = *Listener::open(
      {.tls = TlsOptions{.identity = own.agent("u1"), .trust = TrustAnybody{}}}, [&](const ListenerRequest& request) {
        const std::scoped_lock lock(mutex);
        heard.push_back(request.body);
        Json body;
        body.set("nonce", std::string(64, 'a')).set("proof", std::string(64, 'a')).set("done", true);
        return ListenerAnswer{.status = 200, .body = to_string(body)};
      });
  AgentClient client({.folder = fleet.folder(), .port = listener->port()});
  ObservedServer seen;
  seen.mark = Mark{.fleet = "main", .key = {.kind = Kind::kServer, .name = "lon-1"}, .uid = "u1"};
  seen.ipv4 = "127.0.0.1";
  const auto answer = client.configure(seen, some_configuration(), kPatient);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kUnauthorized);
  EXPECT_THAT(answer.error().message, HasSubstr("does not know the enrolment token"));
  for (const std::string& body : heard) {
    EXPECT_THAT(body, Not(HasSubstr("hush")));
    EXPECT_THAT(body, Not(HasSubstr("CERTIFICATE")));
  }
}

TEST(AgentStranger, AnotherAgentOfTheFleetIsNotTakenForThisOne) {
  const SmallAuthority fleet;
  SmallServer other(fleet, "u2");
  AgentClient client = client_of(fleet, other);
  ASSERT_TRUE(client.status(other.seen(), kPatient).ok());
  ObservedServer this_one = other.seen();  // an address that came to be another server's
  this_one.mark->uid = "u1";
  const auto answer = client.configure(this_one, some_configuration(), kPatient);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kUnauthorized);
  EXPECT_THAT(answer.error().message, HasSubstr("another name"));
  EXPECT_EQ(other.keeper().configured(), 0);
}

TEST(AgentStranger, AfterEnrolmentNobodyElseIsHeard) {
  const SmallAuthority fleet;
  SmallServer server(fleet);
  const Configuration wanted = some_configuration();
  ASSERT_TRUE(client_of(fleet, server).configure(server.seen(), wanted, kPatient).ok());
  const std::string evil = to_string(configuration_body({}));
  const SmallAuthority other;
  for (const TlsIdentity& stranger : {other.reconciler(), fleet.reconciler(years_ago()), fleet.agent("u2")}) {
    EXPECT_FALSE(server.ask(stranger, "PUT", kConfigurationPath, evil).ok());
    EXPECT_FALSE(server.ask(stranger, "GET", kStatusPath).ok());
  }
  EXPECT_EQ(server.keeper().configured(), 1);
  EXPECT_EQ(server.keeper().wanted().fields, wanted.fields);
}

TEST(AgentStranger, ARequestOfAGigabyteIsRefusedThoughItsSenderIsTrusted) {
  const SmallAuthority fleet;
  SmallServer server(fleet);
  ASSERT_TRUE(client_of(fleet, server).status(server.seen(), kPatient).ok());
  const auto answer =
      server.ask(fleet.reconciler(), "PUT", kConfigurationPath, std::string(kLargestAgentBody + 1, 'x'));
  if (answer) {
    EXPECT_EQ(answer->status, 413);
  } else {
    EXPECT_EQ(answer.error().code, ErrorCode::kOutcomeUnknown);
  }
  EXPECT_EQ(server.keeper().configured(), 0);
  EXPECT_TRUE(client_of(fleet, server).status(server.seen(), kPatient).ok());
}

TEST(AgentStranger, ARequestWithoutAFenceOrWithNonsenseChangesNothing) {
  const SmallAuthority fleet;
  SmallServer server(fleet);
  ASSERT_TRUE(client_of(fleet, server).configure(server.seen(), some_configuration(), kPatient).ok());
  const TlsIdentity ours = fleet.reconciler();
  HttpTransport transport({.endpoint = server.endpoint(),
                           .bearer_token = {},
                           .tls = TlsOptions{.identity = ours, .trust = TrustAnybody{}}});
  for (const char* fence : {"", "-1", "soon"}) {
    const auto answer = transport.send({.method = "PUT",
                                        .path = std::string(kConfigurationPath),
                                        .headers = {{std::string(kFenceHeader), fence}},
                                        .body = to_string(configuration_body({})),
                                        .timeout = seconds(10)});
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_EQ(answer->status, 400);
  }
  EXPECT_EQ(server.ask(ours, "PUT", kConfigurationPath, "{}")->status, 400);
  EXPECT_EQ(server.ask(ours, "POST", kActionsPath, R"({"action":"dance"})")->status, 400);
  EXPECT_EQ(server.ask(ours, "GET", "/v2/status")->status, 404);
  EXPECT_EQ(server.keeper().configured(), 1);
}

}  // namespace
}  // namespace switchyard
