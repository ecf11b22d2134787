#include <gtest/gtest.h>

#include "tests/live/stand.h"

// What a real switch does with calls.
namespace switchyard {
namespace {

using live::Calls;
using live::configure;
using live::Sip;
using live::Stand;

class Switch : public ::testing::Test {
 protected:
  void SetUp() override {
    SWITCHYARD_NEEDS("/usr/sbin/kamailio");
    SWITCHYARD_NEEDS("/usr/bin/sipp");
  }
  Stand stand_;
};

std::vector<std::pair<std::string, Json>> with_carrier(const std::string& address, std::int64_t cps = 100,
                                                       std::int64_t channels = 1000) {
  return {{"spec.cps", Json(cps)},
          {"spec.channels", Json(channels)},
          {"spec.options.carriers", Json(Json::Array{"acme"})},
          {"carriers.acme.destinations", Json(Json::Array{Json::Object{{"uri", "sip:" + address}, {"weight", 1}}})}};
}

TEST_F(Switch, CarriesCallsToItsCarrierAndSaysSo) {
  Sip sip(stand_, "sw-1", Role::kSwitch);
  const std::string address = stand_.address();
  live::Callee gateway(stand_, address);
  ASSERT_TRUE(sip.start(configure(with_carrier(address))));
  live::Callers callers(stand_, {.to = sip.address() + ":5060", .rate = 20, .calls = 20, .hold_ms = 2000});
  EXPECT_TRUE(live::comes_true([&] { return sip.driver().read()->channels == 20; }));
  const Calls calls = callers.counts();
  EXPECT_EQ(calls.talked, 20);
  EXPECT_EQ(calls.failed, 0);
  EXPECT_TRUE(live::comes_true([&] { return gateway.counts().talked == 20; }));
  EXPECT_TRUE(live::comes_true([&] { return sip.driver().read()->channels == 0; }));
}

TEST_F(Switch, AdmitsNoMoreThanItsLimitASecondAndTakesANewOneWhileItRuns) {
  const std::string gateway = stand_.address();
  live::Callee callee(stand_, gateway);
  Sip sip(stand_, "sw-1", Role::kSwitch);
  ASSERT_TRUE(sip.start(configure(with_carrier(gateway, 10))));
  const Calls few = live::Callers(stand_, {.to = sip.address() + ":5060", .rate = 40, .calls = 200}).counts();
  EXPECT_EQ(few.failed, 0);
  EXPECT_LE(few.talked, 10 * 6) << "five seconds touch six windows";
  EXPECT_GE(few.talked, 10 * 4);
  EXPECT_EQ(few.talked + few.refused, 200);
  const Result<Done> pushed = sip.push(configure(with_carrier(gateway, 30)));
  ASSERT_TRUE(pushed.ok()) << pushed.error().message;
  EXPECT_EQ(sip.driver().read()->hot.integer_or("cps", 0), 30);
  const Calls more = live::Callers(stand_, {.to = sip.address() + ":5060", .rate = 40, .calls = 200}).counts();
  EXPECT_GT(more.talked, 10 * 6);
  EXPECT_LE(more.talked, 30 * 6);
}

TEST_F(Switch, HasNoMoreCallsAtOnceThanItsChannels) {
  const std::string gateway = stand_.address();
  live::Callee callee(stand_, gateway);
  Sip sip(stand_, "sw-1", Role::kSwitch);
  ASSERT_TRUE(sip.start(configure(with_carrier(gateway, 100, 15))));
  const Calls calls =
      live::Callers(stand_, {.to = sip.address() + ":5060", .rate = 50, .calls = 60, .hold_ms = 4000}).counts();
  EXPECT_EQ(calls.talked, 15);
  EXPECT_EQ(calls.refused, 45);
}

TEST_F(Switch, NamesItsFailoverWhenItIsFull) {
  const std::string gateway = stand_.address();
  live::Callee callee(stand_, gateway);
  Sip sip(stand_, "sw-1", Role::kSwitch);
  const Peer other{.purpose = Peer::For::kFailover, .name = "sw-2", .address = stand_.address(), .weight = 1};
  ASSERT_TRUE(sip.start(configure(with_carrier(gateway, 100, 5), {other})));
  const Calls calls =
      live::Callers(stand_, {.to = sip.address() + ":5060", .rate = 20, .calls = 20, .hold_ms = 3000}).counts();
  EXPECT_EQ(calls.talked, 5);
  EXPECT_EQ(calls.moved, 15);
  EXPECT_EQ(calls.refused, 0);
}

TEST_F(Switch, DrainedRefusesNewCallsAndKeepsThoseInProgress) {
  const std::string gateway = stand_.address();
  live::Callee callee(stand_, gateway);
  Sip sip(stand_, "sw-1", Role::kSwitch);
  ASSERT_TRUE(sip.start(configure(with_carrier(gateway))));
  live::Callers early(stand_, {.to = sip.address() + ":5060", .rate = 20, .calls = 20, .hold_ms = 4000});
  ASSERT_TRUE(live::comes_true([&] { return sip.driver().read()->channels == 20; }));
  ASSERT_TRUE(sip.driver().set_traffic(Traffic::kRefused).ok());
  EXPECT_EQ(sip.driver().read()->drained, true);
  EXPECT_EQ(sip.driver().probe(std::chrono::seconds(2))->status, 503);
  const Calls late = live::Callers(stand_, {.to = sip.address() + ":5060", .rate = 20, .calls = 10}).counts();
  EXPECT_EQ(late.refused, 10);
  const Calls kept = early.counts();
  EXPECT_EQ(kept.talked, 20) << "calls in progress go on and hang up; " << kept.failed << " failed, " << kept.refused
                             << " were refused";
  ASSERT_TRUE(sip.driver().set_traffic(Traffic::kTaken).ok());
  EXPECT_EQ(sip.driver().probe(std::chrono::seconds(2))->status, 200);
}

TEST_F(Switch, StartsDrainedWhenItWasDrained) {
  Sip sip(stand_, "sw-1", Role::kSwitch);
  ASSERT_TRUE(sip.start(configure({}), Traffic::kRefused));
  EXPECT_EQ(sip.driver().read()->drained, true);
  EXPECT_EQ(sip.driver().probe(std::chrono::seconds(2))->status, 503);
}

TEST_F(Switch, TakesTheNextCarrierWhenTheFirstDoesNotAnswerAndNoneBeyondItsLimit) {
  const std::string dead = stand_.address();
  const std::string alive = stand_.address();
  live::Callee callee(stand_, alive);
  Sip sip(stand_, "sw-1", Role::kSwitch);
  const auto carriers = [&](Json limit) {
    return configure(
        {{"spec.options.carriers", Json(Json::Array{"first", "second"})},
         {"carriers.first.destinations", Json(Json::Array{Json::Object{{"uri", "sip:" + dead}, {"weight", 1}}})},
         {"carriers.second.channels", std::move(limit)},
         {"carriers.second.destinations", Json(Json::Array{Json::Object{{"uri", "sip:" + alive}, {"weight", 1}}})}});
  };
  ASSERT_TRUE(sip.start(carriers(Json())));
  const Calls calls = live::Callers(stand_, {.to = sip.address() + ":5060", .rate = 10, .calls = 10}).counts();
  EXPECT_EQ(calls.talked, 10);
  ASSERT_TRUE(sip.push(carriers(Json(3))).ok());
  const Calls limited =
      live::Callers(
          stand_,
          {.to = sip.address() + ":5060", .rate = 20, .calls = 10, .hold_ms = 8000, .further = {"-timeout_error"}})
          .counts();
  EXPECT_EQ(limited.talked, 3);
}

TEST_F(Switch, RefusesOthersThanDispatchersAndStillAnswersItsAgent) {
  Sip sip(stand_, "sw-1", Role::kSwitch);
  ASSERT_TRUE(sip.start(configure({{"spec.options.restrictDirect", Json(true)}})));
  EXPECT_EQ(sip.driver().probe(std::chrono::seconds(2))->status, 200);
  const Calls calls = live::Callers(stand_, {.to = sip.address() + ":5060", .rate = 10, .calls = 5}).counts();
  EXPECT_EQ(calls.failed, 5) << "403 is no end that a caller wants";
  ASSERT_TRUE(sip.push(configure({{"spec.options.restrictDirect", Json(false)}})).ok());
  EXPECT_EQ(sip.driver().read()->hot.integer_or("restrict_direct", 1), 0);
}

TEST_F(Switch, OpensNoTcpSocketToBeManagedBy) {
  Sip sip(stand_, "sw-1", Role::kSwitch);
  ASSERT_TRUE(sip.start(configure({})));
  const Result<Reading> reading = sip.driver().read();
  ASSERT_TRUE(reading.ok());
  const Json wanted(Json::Array{"tcp:" + sip.address() + ":5060", "udp:" + sip.address() + ":5060"});
  EXPECT_EQ(*reading->details.find("listeners"), wanted);
  const auto socket = std::filesystem::status(sip.place().folder + "/run/rpc.sock").permissions();
  EXPECT_EQ(socket & std::filesystem::perms::mask, std::filesystem::perms(0600));
}

TEST_F(Switch, ReadsBackEverythingThatWasPushed) {
  Sip sip(stand_, "sw-1", Role::kSwitch);
  const std::string gateway = stand_.address();
  const Configuration wanted = configure(with_carrier(gateway));
  ASSERT_TRUE(sip.start(wanted));
  const Result<Rendered> rendered = sip.driver().render(wanted, Traffic::kTaken);
  const Result<Reading> reading = sip.driver().read();
  ASSERT_TRUE(reading.ok());
  for (const auto& [name, value] : *rendered->hot.object()) {
    const Json* there = reading->hot.find(name);
    ASSERT_NE(there, nullptr) << name;
    EXPECT_EQ(to_string(*there), to_string(value)) << name;
  }
  EXPECT_TRUE(reading->uptime.has_value());
  EXPECT_NE(reading->version.find("kamailio"), std::string::npos);
}

}  // namespace
}  // namespace switchyard
