// The fleet's authority: its two files, what it issues, and what a crash or a careless hand leaves of it.
#include "providers/agent/authority.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

#include "tests/providers/agent/two_fleets.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

CertificateReading read(const std::string& pem) {
  return *read_certificate_der(*der_of_pem(pem));
}

TEST(Authority, IsMadeAtFirstNeedForItsOwnerOnlyAndThenStays) {
  const ScratchFolder folder;
  const std::string at = folder.path().string();
  EXPECT_EQ(Authority::open(at).error().code, ErrorCode::kNotFound);
  const auto made = Authority::open_or_make(at, machine_now());
  ASSERT_TRUE(made.ok()) << made.error().message;
  for (const char* name : {"ca.key", "ca.pem"}) {
    EXPECT_EQ(fs::status(folder.file(name)).permissions(), fs::perms::owner_read | fs::perms::owner_write) << name;
  }
  EXPECT_THAT(text_of(folder.file("ca.key")), HasSubstr("PRIVATE KEY"));
  const std::string key = text_of(folder.file("ca.key"));
  EXPECT_EQ(Authority::open_or_make(at, machine_now())->certificate(), made->certificate());
  EXPECT_EQ(text_of(folder.file("ca.key")), key);
  EXPECT_EQ(std::distance(fs::directory_iterator(at), fs::directory_iterator{}), 2);
}

TEST(Authority, AllWhoMakeItAtOnceGetTheSame) {
  const ScratchFolder folder;
  std::vector<std::string> certificates(8);
  {
    std::vector<std::jthread> threads;
    for (std::string& certificate : certificates) {
      threads.emplace_back([&certificate, &folder] {
        const auto made = Authority::open_or_make(folder.path().string(), machine_now());
        certificate = made ? made->certificate() : made.error().message;
      });
    }
  }
  EXPECT_EQ(std::set<std::string>(certificates.begin(), certificates.end()).size(), 1U);
  EXPECT_EQ(certificates[0], Authority::open(folder.path().string())->certificate());
}

TEST(Authority, AKeyWhoseCertificateWasNotWrittenYetMakesOneThatHoldsForAllItIssued) {
  const SmallAuthority fleet;
  const std::string agent = *der_of_pem(fleet.agent("u1").chain);
  fs::remove(fleet.folder() + "/ca.pem");
  EXPECT_EQ(Authority::open(fleet.folder()).error().code, ErrorCode::kUnreadable);
  const auto again = Authority::open_or_make(fleet.folder(), machine_now());
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_TRUE(check_issued(agent, again->certificate(), CertificateUse::kAgent).ok());
  EXPECT_EQ(again->enrolment_token("u1"), fleet.authority().enrolment_token("u1"));
}

TEST(Authority, ALostKeyIsNotReplacedBehindAnybodysBack) {
  const SmallAuthority fleet;
  fs::remove(fleet.folder() + "/ca.key");
  const auto found = Authority::open_or_make(fleet.folder(), machine_now());
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, ErrorCode::kUnreadable);
  EXPECT_THAT(found.error().message, HasSubstr("ca.key is missing"));
  EXPECT_FALSE(fs::exists(fleet.folder() + "/ca.key"));
}

TEST(Authority, FilesThatDoNotFitOrHoldNothingAreSaidToBeDamaged) {
  const SmallAuthority fleet;
  const SmallAuthority other;
  fs::copy_file(other.folder() + "/ca.pem", fleet.folder() + "/ca.pem", fs::copy_options::overwrite_existing);
  EXPECT_THAT(Authority::open_or_make(fleet.folder(), machine_now()).error().message, HasSubstr("do not fit"));
  std::ofstream(fleet.folder() + "/ca.pem", std::ios::trunc) << "nonsense";
  EXPECT_THAT(Authority::open_or_make(fleet.folder(), machine_now()).error().message,
              HasSubstr("ca.pem holds no certificate"));
  std::ofstream(fleet.folder() + "/ca.key", std::ios::trunc);
  EXPECT_THAT(Authority::open_or_make(fleet.folder(), machine_now()).error().message, HasSubstr("ca.key holds no key"));
}

TEST(Authority, AKeyThatOthersMayReadIsNotUsed) {
  const SmallAuthority fleet;
  ::chmod((fleet.folder() + "/ca.key").c_str(), 0640);
  const auto found = Authority::open_or_make(fleet.folder(), machine_now());
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, ErrorCode::kUnauthorized);
  EXPECT_THAT(found.error().message, HasSubstr("chmod 600"));
}

TEST(Authority, IsRestoredByCopyingItsBackup) {
  const SmallAuthority fleet;
  const ScratchFolder elsewhere;
  const std::string to = elsewhere.file("monday.db");
  EXPECT_THAT(*Authority::back_up(fleet.folder(), to), ElementsAre(to + ".ca.key", to + ".ca.pem"));
  const auto again = Authority::back_up(fleet.folder(), to);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::kInvalid);
  const ScratchFolder restored;
  fs::copy_file(to + ".ca.key", restored.file("ca.key"));
  fs::copy_file(to + ".ca.pem", restored.file("ca.pem"));
  const auto copy = Authority::open(restored.path().string());
  ASSERT_TRUE(copy.ok()) << copy.error().message;
  EXPECT_EQ(copy->certificate(), fleet.authority().certificate());
  EXPECT_EQ(copy->enrolment_token("u1"), fleet.authority().enrolment_token("u1"));
}

TEST(Authority, WhatIsNotThereNeedsNoBackup) {
  const ScratchFolder empty;
  EXPECT_THAT(*Authority::back_up(empty.path().string(), empty.file("monday.db")), IsEmpty());
  EXPECT_TRUE(fs::is_empty(empty.path()));
}

TEST(Authority, IssuesEachCertificateForOneUse) {
  const SmallAuthority fleet;
  const std::string& authority = fleet.authority().certificate();
  const std::string agent = *der_of_pem(fleet.agent("u1").chain);
  const std::string reconciler = *der_of_pem(fleet.reconciler().chain);
  EXPECT_TRUE(check_issued(agent, authority, CertificateUse::kAgent).ok());
  EXPECT_TRUE(check_issued(reconciler, authority, CertificateUse::kReconciler).ok());
  for (const auto& [der, use] : {std::pair(agent, CertificateUse::kReconciler), {reconciler, CertificateUse::kAgent}}) {
    const auto wrong = check_issued(der, authority, use);
    ASSERT_FALSE(wrong.ok());
    EXPECT_THAT(wrong.error().message, HasSubstr("not made for this end"));
  }
  const SmallAuthority other;
  EXPECT_THAT(check_issued(agent, other.authority().certificate(), CertificateUse::kAgent).error().message,
              HasSubstr("not issued by the authority"));
}

TEST(Authority, IssuesForTheNameTheAddressAndTheKeyThatAreNamed) {
  const SmallAuthority fleet;
  const std::string key = make_key();
  const std::string shown = *der_of_pem(*self_signed({.name = "whoever",
                                                      .address = {},
                                                      .use = CertificateUse::kAgent,
                                                      .not_before = machine_now(),
                                                      .not_after = machine_now() + hours(1)},
                                                     key));
  for (const char* address : {"127.66.0.9", "2001:db8::1"}) {
    const CertificateReading issued = read(*fleet.authority().issue_agent("u-17", address, shown, machine_now()));
    EXPECT_EQ(issued.name, "u-17");
    EXPECT_EQ(issued.address, address);
    EXPECT_EQ(issued.public_key, *public_key_of(key));
  }
  EXPECT_EQ(fleet.authority().issue_agent("u-17", "example.org", shown, machine_now()).error().code,
            ErrorCode::kInvalid);
  EXPECT_EQ(fleet.authority().issue_agent(std::string(65, 'u'), "127.0.0.1", shown, machine_now()).error().code,
            ErrorCode::kInvalid);
  EXPECT_EQ(fleet.authority().issue_agent("u", "127.0.0.1", "nonsense", machine_now()).error().code,
            ErrorCode::kUnreadable);
}

TEST(Authority, ToleratesClocksThatDifferByADay) {
  const SmallAuthority fleet;
  const Timestamp now = machine_now();
  const CertificateReading agent = read(fleet.agent("u1", now).chain);
  const CertificateReading reconciler = read(fleet.reconciler(now).chain);
  const CertificateReading authority = read(fleet.authority().certificate());
  for (const CertificateReading& reading : {agent, reconciler, authority}) {
    EXPECT_LE(reading.not_before, now - hours(23));
  }
  // An authority whose clock is half a day ahead of ours issues what holds here already.
  EXPECT_TRUE(check_issued(*der_of_pem(fleet.reconciler(now + hours(12)).chain), fleet.authority().certificate(),
                           CertificateUse::kReconciler)
                  .ok());
  EXPECT_THAT(check_issued(*der_of_pem(fleet.reconciler(now + hours(48)).chain), fleet.authority().certificate(),
                           CertificateUse::kReconciler)
                  .error()
                  .message,
              HasSubstr("compare the clocks"));
}

TEST(Authority, RenewsLongBeforeTheEnd) {
  const SmallAuthority fleet;
  const Timestamp now = machine_now();
  const Timestamp agent_ends = read(fleet.agent("u1", now).chain).not_after;
  EXPECT_FALSE(agent_renewal_due(agent_ends, now));
  EXPECT_TRUE(agent_renewal_due(agent_ends, now + hours(24 * 125)));
  EXPECT_GT(agent_ends - (now + hours(24 * 125)), hours(24 * 200));
  const Timestamp reconciler_ends = read(fleet.reconciler(now).chain).not_after;
  EXPECT_FALSE(reconciler_renewal_due(reconciler_ends, now));
  EXPECT_TRUE(reconciler_renewal_due(reconciler_ends, now + hours(24 * 4)));
}

TEST(Authority, NoTwoServersHaveTheSameTokenAndNoTwoFleets) {
  const SmallAuthority fleet;
  const SmallAuthority other;
  std::set<std::string> tokens;
  for (const char* uid : {"u1", "u2", "u11"}) {
    tokens.insert(fleet.authority().enrolment_token(uid));
    tokens.insert(other.authority().enrolment_token(uid));
  }
  EXPECT_EQ(tokens.size(), 6U);
  EXPECT_EQ(tokens.begin()->size(), 64U);
}

}  // namespace
}  // namespace switchyard
