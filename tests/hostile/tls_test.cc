// Endpoints that are not who they should be: each failure says which it is and what lifts it, and no secret leaves.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/hostile/certificates.h"
#include "tests/hostile/hostile_provider.h"

namespace switchyard {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kToken = "canary-token-4711";

class HostileEndpoint : public ::testing::Test {
 protected:
  HostileEndpoint() {
    work_.write("authority.pem", authority_.certificate());
    work_.set_variable("SSL_CERT_FILE", (work_.folder() / "authority.pem").string());
    work_.set_variable("PROVIDER_TOKEN", kToken);
  }
  Ran plan(const std::string& endpoint) {
    work_.write("fleet.yaml", fleet_at(endpoint, {"a"}, ", credentials: {token: {env: PROVIDER_TOKEN}}"));
    return work_.run({"plan", "fleet.yaml"});
  }
  void expect_refused(const ServerIdentity& identity, std::string_view words, std::string_view lifts) {
    const HostileProvider provider(&identity);
    const Ran ran = plan(provider.endpoint("localhost"));
    EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;  // a plan in which all is held
    EXPECT_THAT(ran.err, HasSubstr("account \"main\" could not be looked at"));
    EXPECT_THAT(ran.err, HasSubstr(words));
    EXPECT_THAT(ran.err, HasSubstr(lifts));
    EXPECT_THAT(ran.out, HasSubstr("1 held"));
    EXPECT_THAT(provider.requests(), IsEmpty());
    EXPECT_THAT(provider.bodies(), Not(HasSubstr(kToken)));
  }

  Workplace work_;
  Authority authority_;
};

TEST_F(HostileEndpoint, with_a_good_certificate_is_spoken_with) {
  const ServerIdentity identity = authority_.issue("localhost");
  const HostileProvider provider(&identity);
  const Ran ran = plan(provider.endpoint("localhost"));
  EXPECT_THAT(ran.out, HasSubstr("1 to create")) << ran.out << ran.err;
  EXPECT_THAT(provider.bodies(), HasSubstr(kToken));
}

TEST_F(HostileEndpoint, with_a_certificate_for_another_name_is_refused) {
  expect_refused(authority_.issue("other.example"), "certificate is for \"other.example\", not for \"localhost\"",
                 "check the endpoint");
}

TEST_F(HostileEndpoint, with_a_certificate_out_of_date_is_refused) {
  expect_refused(authority_.issue("localhost", -7200, -3600), "certificate has run out", "renew it");
}

TEST_F(HostileEndpoint, with_a_certificate_of_tomorrow_is_refused) {
  expect_refused(authority_.issue("localhost", 3600, 7200), "certificate is not valid yet", "check the clock");
}

TEST_F(HostileEndpoint, with_a_self_signed_certificate_is_refused) {
  expect_refused(self_signed("localhost"), "certificate is self-signed", "SSL_CERT_FILE");
}

TEST_F(HostileEndpoint, with_a_certificate_of_an_unknown_authority_is_refused) {
  const Authority unknown("Another Authority");
  expect_refused(unknown.issue("localhost"), "nobody here trusts", "SSL_CERT_FILE");
}

TEST_F(HostileEndpoint, that_speaks_no_tls_is_refused) {
  const HostileProvider plain;
  const Ran ran = plan(fmt::format("https://localhost:{}", plain.port()));
  EXPECT_THAT(ran.err, HasSubstr("does not speak TLS as it should"));
  EXPECT_THAT(plain.requests(), IsEmpty());
}

TEST_F(HostileEndpoint, whose_name_no_dns_knows_is_named_so) {
  // RFC 6761: this name never resolves.
  const Ran ran = plan("https://provider.invalid");
  EXPECT_THAT(ran.err, HasSubstr("the name \"provider.invalid\" cannot be resolved"));
  EXPECT_THAT(ran.err, HasSubstr("check the endpoint"));
  EXPECT_THAT(ran.out, HasSubstr("1 held"));
}

TEST_F(HostileEndpoint, where_nobody_listens_is_named_so) {
  std::string endpoint;
  {
    const HostileProvider gone;
    endpoint = gone.endpoint();
  }
  const Ran ran = plan(endpoint);
  EXPECT_THAT(ran.err, HasSubstr("cannot be reached"));
}

}  // namespace
}  // namespace switchyard
