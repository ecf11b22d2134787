// What proves that two strangers belong to one fleet, and what an agent keeps of it.
#include "providers/agent/enrolment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "providers/agent/identity.h"
#include "providers/agent/private_file.h"
#include "tests/providers/agent/two_fleets.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

EnrolmentParties parties() {
  return {.uid = "u1",
          .reconciler_fingerprint = std::string(64, 'a'),
          .agent_fingerprint = std::string(64, 'b'),
          .reconciler_nonce = std::string(64, 'c'),
          .agent_nonce = std::string(64, 'd')};
}

TEST(Enrolment, AProofHoldsForOneTokenOneSideAndOnePairOfCertificatesAlone) {
  std::set<std::string> proofs;
  const auto add = [&proofs](std::string_view token, const EnrolmentParties& both) {
    proofs.insert(reconciler_proof(token, both));
    proofs.insert(agent_proof(token, both));
    proofs.insert(identity_proof(token, both, "certificate", "authority"));
    proofs.insert(identity_proof(token, both, "certificate", "another authority"));
    proofs.insert(identity_proof(token, both, "another certificate", "authority"));
  };
  add("token", parties());
  add("another token", parties());
  std::string EnrolmentParties::*const parts[] = {&EnrolmentParties::uid, &EnrolmentParties::reconciler_fingerprint,
                                                  &EnrolmentParties::agent_fingerprint,
                                                  &EnrolmentParties::reconciler_nonce, &EnrolmentParties::agent_nonce};
  for (const auto part : parts) {
    EnrolmentParties other = parties();
    (other.*part)[0] = 'e';
    add("token", other);
  }
  // What ends one part is not what begins the next.
  EnrolmentParties shifted = parties();
  shifted.uid += "\n" + shifted.reconciler_fingerprint;
  add("token", shifted);
  EXPECT_EQ(proofs.size(), 8U * 5U);
}

TEST(Enrolment, ComparesWholeProofs) {
  EXPECT_TRUE(is_proof("abc", "abc"));
  EXPECT_FALSE(is_proof("abd", "abc"));
  EXPECT_FALSE(is_proof("ab", "abc"));
  EXPECT_FALSE(is_proof("", "abc"));
  EXPECT_TRUE(is_nonce(make_nonce()));
  EXPECT_NE(make_nonce(), make_nonce());
  for (const char* wrong : {"", "abc", "x"}) EXPECT_FALSE(is_nonce(wrong));
  EXPECT_FALSE(is_nonce(std::string(64, 'A')));
}

TEST(Enrolment, AnInvitationIsReadAsItWasWritten) {
  const Invitation invitation{.uid = "u1", .token = "secret"};
  EXPECT_EQ(*invitation_from_json(to_json(invitation)), invitation);
  for (const char* nonsense : {"{}", "[]", "null", R"({"formatVersion":2,"uid":"u1","token":"t"})",
                               R"({"formatVersion":1,"uid":"","token":"t"})", R"({"formatVersion":1,"uid":"u1"})"}) {
    EXPECT_EQ(invitation_from_json(*parse_json(nonsense)).error().code, ErrorCode::kUnreadable) << nonsense;
  }
}

class Identity : public ::testing::Test {
 protected:
  std::string at() const { return folder_.path().string(); }
  Result<std::unique_ptr<AgentIdentity>> open() const { return AgentIdentity::open(at(), machine_now()); }
  bool token_lies_there() const { return fs::exists(at() + "/identity/invitation.json"); }
  std::string issued_for(const AgentIdentity& identity, const std::string& name = "u1") const {
    return *fleet_.authority().issue_agent(name, "127.0.0.1", identity.certificate(), machine_now());
  }

  ScratchFolder folder_;
  SmallAuthority fleet_;
};

TEST_F(Identity, BeginsWithAnInvitationAndIsTheSameAfterARestart) {
  EXPECT_EQ(open().error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(invite(at(), {.uid = "u1", .token = "secret"}).ok());
  const auto first = open();
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_FALSE((*first)->enrolled());
  EXPECT_EQ((*first)->token(), "secret");
  EXPECT_TRUE(std::holds_alternative<TrustAnybody>((*first)->tls().trust));
  EXPECT_EQ((*open())->certificate(), (*first)->certificate());
  for (const auto& entry : fs::directory_iterator(at() + "/identity")) {
    EXPECT_EQ(entry.status().permissions(), fs::perms::owner_read | fs::perms::owner_write) << entry.path();
  }
}

TEST_F(Identity, ForgetsItsTokenDurablyOnceItIsEnrolled) {
  ASSERT_TRUE(invite(at(), {.uid = "u1", .token = "secret"}).ok());
  const auto identity = open();
  const std::string certificate = issued_for(**identity);
  ASSERT_TRUE((*identity)->install(certificate, fleet_.authority().certificate()).ok());
  EXPECT_EQ((*identity)->token(), "");
  EXPECT_FALSE(token_lies_there());
  const auto again = open();
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE((*again)->enrolled());
  EXPECT_EQ((*again)->certificate(), *der_of_pem(certificate));
  EXPECT_EQ((*again)->tls().trust, fleet_.trust());
}

TEST_F(Identity, KilledBeforeTheTokenWentItIsEnrolledAllTheSame) {
  ASSERT_TRUE(invite(at(), {.uid = "u1", .token = "secret"}).ok());
  const auto identity = open();
  ASSERT_TRUE((*identity)->install(issued_for(**identity), fleet_.authority().certificate()).ok());
  ASSERT_TRUE(create_private_file(at() + "/identity/invitation.json",
                                  to_string(to_json(Invitation{.uid = "u1", .token = "secret"})))
                  .ok());
  const auto again = open();
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE((*again)->enrolled());
  EXPECT_EQ((*again)->token(), "");
  EXPECT_FALSE(token_lies_there());
}

TEST_F(Identity, TakesOnlyACertificateForItsOwnKeyAndNameFromItsOwnFleet) {
  ASSERT_TRUE(invite(at(), {.uid = "u1", .token = "secret"}).ok());
  const auto identity = open();
  const std::string& authority = fleet_.authority().certificate();
  const SmallAuthority other;
  EXPECT_EQ((*identity)->install(fleet_.agent("u1").chain, authority).error().code, ErrorCode::kInvalid);
  EXPECT_EQ((*identity)->install(issued_for(**identity, "u2"), authority).error().code, ErrorCode::kInvalid);
  EXPECT_EQ((*identity)->install("nonsense", authority).error().code, ErrorCode::kInvalid);
  EXPECT_EQ((*identity)->install(issued_for(**identity), other.authority().certificate()).error().code,
            ErrorCode::kUnauthorized);
  EXPECT_FALSE((*identity)->enrolled());
  EXPECT_EQ((*identity)->token(), "secret");
  ASSERT_TRUE((*identity)->install(issued_for(**identity), authority).ok());
  const std::string from_other =
      *other.authority().issue_agent("u1", "127.0.0.1", (*identity)->certificate(), machine_now());
  EXPECT_EQ((*identity)->install(from_other, other.authority().certificate()).error().code, ErrorCode::kUnauthorized);
  EXPECT_EQ((*identity)->tls().trust, fleet_.trust());
}

TEST_F(Identity, AServerThatIsInstalledAnewIsEnrolledAnew) {
  ASSERT_TRUE(invite(at(), {.uid = "u1", .token = "secret"}).ok());
  const auto identity = open();
  ASSERT_TRUE((*identity)->install(issued_for(**identity), fleet_.authority().certificate()).ok());
  ASSERT_TRUE(invite(at(), {.uid = "u1", .token = "secret"}).ok());
  const auto again = open();
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE((*again)->enrolled());
  EXPECT_NE((*again)->certificate(), (*identity)->certificate());
}

TEST_F(Identity, ADamagedFileIsSaidToBeDamagedAndHoldsNoSecretInItsMessage) {
  ASSERT_TRUE(invite(at(), {.uid = "u1", .token = "secret"}).ok());
  ASSERT_TRUE(replace_private_file(at() + "/identity/invitation.json", R"({"token": "secret")").ok());
  const auto broken = open();
  ASSERT_FALSE(broken.ok());
  EXPECT_EQ(broken.error().code, ErrorCode::kUnreadable);
  EXPECT_THAT(broken.error().message, Not(HasSubstr("secret")));
  ASSERT_TRUE(invite(at(), {.uid = "u1", .token = "secret"}).ok());
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(replace_private_file(at() + "/identity/identity.json", R"({"formatVersion":1,"uid":"u1"})").ok());
  EXPECT_EQ(open().error().code, ErrorCode::kUnreadable);
}

TEST(PrivateFile, IsThereWholeOrNotAtAllAndNeverOverAnother) {
  const ScratchFolder folder;
  const std::string path = folder.file("secret");
  EXPECT_EQ(read_private_file(path).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(create_private_file(path, "one").ok());
  EXPECT_EQ(create_private_file(path, "two").error().code, ErrorCode::kConflict);
  EXPECT_EQ(*read_private_file(path), "one");
  ASSERT_TRUE(replace_private_file(path, "three").ok());
  EXPECT_EQ(*read_private_file(path), "three");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator{}), 1);
  EXPECT_EQ(create_private_file(folder.file("no/such/folder"), "x").error().code, ErrorCode::kStorage);
  ASSERT_TRUE(remove_private_file(path).ok());
  ASSERT_TRUE(remove_private_file(path).ok());
  EXPECT_EQ(read_private_file(path).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace switchyard
