#include <gtest/gtest.h>

#include "tests/live/carrier_registrar.h"
#include "tests/live/stand.h"

// Real switches that register with a real registrar, which asks for a digest.
namespace switchyard {
namespace {

using live::CarrierRegistrar;
using live::configure;
using live::Sip;
using live::Stand;

class Registers : public ::testing::Test {
 protected:
  void SetUp() override { SWITCHYARD_NEEDS("/usr/sbin/kamailio"); }

  Configuration with(const std::string& registrar, const std::string& password, const char* on = "one",
                     bool auth = true, std::vector<Peer> members = {}) const {
    Configuration wanted = configure(
        {{"spec.options.uacAuth", Json(auth)},
         {"spec.options.carriers", Json(Json::Array{"acme"})},
         {"carriers.acme.destinations", Json(Json::Array{Json::Object{{"uri", "sip:" + registrar}, {"weight", 1}}})},
         {"carriers.acme.registration.registrar", Json(registrar)},
         {"carriers.acme.registration.username", "u"},
         {"carriers.acme.registration.registerOn", on}},
        std::move(members), {{"carriers.acme.registration.password", password}});
    if (!wanted.peers.empty()) {
      set_field(wanted.fields, "spec.cluster", "core");
      set_field(wanted.fields, "cluster.members", Json(static_cast<std::int64_t>(wanted.peers.size()) + 1));
    }
    return wanted;
  }

  static std::string state_of(Sip& sip) {
    const Result<Reading> reading = sip.driver().read();
    if (!reading.ok()) return "unread";
    const Json::Array& all = *reading->details.find("registrations")->array();
    return all.empty() ? "none" : all.front().string_or("state", "");
  }

  static Peer member(const Sip& sip) {
    return {.purpose = Peer::For::kMember, .name = sip.place().name, .address = sip.address(), .weight = 1};
  }

  Stand stand_;
};

TEST_F(Registers, WithADigestAndAgainAfterARestart) {
  CarrierRegistrar registrar(stand_, "u", "s3cret;x");
  Sip sip(stand_, "sw-1", Role::kSwitch);
  ASSERT_TRUE(sip.start(with(registrar.address(), "s3cret;x")));
  EXPECT_TRUE(live::comes_true([&] { return state_of(sip) == "registered"; })) << registrar.log();
  EXPECT_EQ(registrar.contacts(), 1);
  // A restart forgets it; whoever pushes again brings it back.
  sip.stop();
  ASSERT_TRUE(sip.start(with(registrar.address(), "s3cret;x")));
  EXPECT_TRUE(live::comes_true([&] { return state_of(sip) == "registered"; }));
  EXPECT_EQ(registrar.contacts(), 1);
  // Switched off while it runs.
  ASSERT_TRUE(sip.push(with(registrar.address(), "s3cret;x", "one", false)).ok());
  EXPECT_EQ(state_of(sip), "none");
}

TEST_F(Registers, AWrongPasswordIsSeenAndANewOneTakenWhileItRuns) {
  CarrierRegistrar registrar(stand_, "u", "right");
  Sip sip(stand_, "sw-1", Role::kSwitch);
  ASSERT_TRUE(sip.start(with(registrar.address(), "wrong")));
  ASSERT_TRUE(live::comes_true([&] { return registrar.log().find("REFUSED u") != std::string::npos; }));
  EXPECT_NE(state_of(sip), "registered");
  const Result<Done> pushed = sip.push(with(registrar.address(), "right"));
  ASSERT_TRUE(pushed.ok()) << pushed.error().message;
  EXPECT_TRUE(live::comes_true([&] { return state_of(sip) == "registered"; }));
  EXPECT_EQ(sip.log().find("right"), std::string::npos);
  EXPECT_EQ(sip.log().find("wrong"), std::string::npos);
}

TEST_F(Registers, OneOfAClusterDoesAndAnotherTakesOverWhenItDies) {
  CarrierRegistrar registrar(stand_, "u", "s3cret");
  Sip a(stand_, "sw-a", Role::kSwitch);
  Sip b(stand_, "sw-b", Role::kSwitch);
  ASSERT_TRUE(b.start(with(registrar.address(), "s3cret", "one", true, {member(a)})));
  ASSERT_TRUE(a.start(with(registrar.address(), "s3cret", "one", true, {member(b)})));
  EXPECT_TRUE(live::comes_true([&] { return state_of(a) == "registered" && state_of(b) == "off"; }))
      << state_of(a) << " and " << state_of(b);
  a.stop();
  EXPECT_TRUE(live::comes_true([&] { return state_of(b) == "registered"; }));
}

TEST_F(Registers, EachOfAClusterDoesWhereTheCarrierWantsIt) {
  CarrierRegistrar registrar(stand_, "u", "s3cret");
  Sip a(stand_, "sw-a", Role::kSwitch);
  Sip b(stand_, "sw-b", Role::kSwitch);
  ASSERT_TRUE(a.start(with(registrar.address(), "s3cret", "each", true, {member(b)})));
  ASSERT_TRUE(b.start(with(registrar.address(), "s3cret", "each", true, {member(a)})));
  EXPECT_TRUE(live::comes_true([&] { return state_of(a) == "registered" && state_of(b) == "registered"; }));
  EXPECT_EQ(registrar.contacts(), 2);
}

}  // namespace
}  // namespace switchyard
