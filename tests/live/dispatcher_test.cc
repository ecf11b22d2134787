#include <gtest/gtest.h>

#include <fstream>

#include "tests/live/stand.h"

// A real dispatcher in front of real switches.
namespace switchyard {
namespace {

using live::Calls;
using live::configure;
using live::Sip;
using live::Stand;

class Dispatcher : public ::testing::Test {
 protected:
  void SetUp() override {
    SWITCHYARD_NEEDS("/usr/sbin/kamailio");
    SWITCHYARD_NEEDS("/usr/bin/sipp");
  }

  Configuration switch_with(std::int64_t cps, std::vector<Peer> peers = {}) const {
    return configure(
        {{"spec.cps", Json(cps)},
         {"spec.options.carriers", Json(Json::Array{"acme"})},
         {"carriers.acme.destinations", Json(Json::Array{Json::Object{{"uri", "sip:" + gateway_}, {"weight", 1}}})}},
        std::move(peers));
  }

  Stand stand_;
  std::string gateway_ = stand_.address();
};

Peer destination(const Sip& sip, std::int64_t weight = 1) {
  return {.purpose = Peer::For::kDestination, .name = sip.place().name, .address = sip.address(), .weight = weight};
}

std::string state_of(Sip& dispatcher, const Sip& sip) {
  const Result<Reading> reading = dispatcher.driver().read();
  if (!reading.ok()) return "unread";
  for (const Json& one : *reading->details.find("destinations")->array()) {
    if (one.string_or("uri", "") == "sip:" + sip.address() + ":5060") return one.string_or("state", "");
  }
  return "absent";
}

TEST_F(Dispatcher, ACallThatAFullSwitchMovesCompletesOnAnother) {
  live::Callee callee(stand_, gateway_);
  Sip a(stand_, "sw-a", Role::kSwitch);
  Sip b(stand_, "sw-b", Role::kSwitch);
  Sip front(stand_, "front", Role::kDispatcher);
  const Peer failover{.purpose = Peer::For::kFailover, .name = "sw-b", .address = b.address(), .weight = 1};
  ASSERT_TRUE(a.start(switch_with(5, {failover})));
  ASSERT_TRUE(b.start(switch_with(100)));
  ASSERT_TRUE(front.start(configure({}, {destination(a), destination(b)})));
  const Calls calls = live::Callers(stand_, {.to = front.address() + ":5060", .rate = 40, .calls = 200}).counts();
  EXPECT_EQ(calls.talked, 200);
  EXPECT_EQ(calls.failed + calls.refused + calls.moved, 0);
}

TEST_F(Dispatcher, SpreadsCallsByWeight) {
  live::Callee callee(stand_, gateway_);
  Sip a(stand_, "sw-a", Role::kSwitch);
  Sip b(stand_, "sw-b", Role::kSwitch);
  Sip front(stand_, "front", Role::kDispatcher);
  ASSERT_TRUE(a.start(switch_with(100)));
  ASSERT_TRUE(b.start(switch_with(100)));
  ASSERT_TRUE(front.start(configure({{"spec.balancer.algorithm", "weight"}}, {destination(a, 3), destination(b, 1)})));
  live::Callers callers(stand_, {.to = front.address() + ":5060", .rate = 80, .calls = 160, .hold_ms = 6000});
  ASSERT_TRUE(live::comes_true([&] { return front.driver().read()->channels == 160; }));
  EXPECT_NEAR(static_cast<double>(*a.driver().read()->channels), 120, 12);
  EXPECT_NEAR(static_cast<double>(*b.driver().read()->channels), 40, 12);
  EXPECT_EQ(callers.counts().talked, 160);
}

class Algorithms : public Dispatcher, public ::testing::WithParamInterface<const char*> {};

TEST_P(Algorithms, CarryEveryCallAndTakeANewListWhileTheyDo) {
  live::Callee callee(stand_, gateway_);
  Sip a(stand_, "sw-a", Role::kSwitch);
  Sip b(stand_, "sw-b", Role::kSwitch);
  Sip front(stand_, "front", Role::kDispatcher);
  ASSERT_TRUE(a.start(switch_with(100)));
  ASSERT_TRUE(b.start(switch_with(100)));
  ASSERT_TRUE(front.start(configure({}, {destination(a), destination(b)})));
  const Json algorithm(std::string{GetParam()});
  ASSERT_TRUE(front.push(configure({{"spec.balancer.algorithm", algorithm}}, {destination(a), destination(b)})).ok());
  live::Callers callers(stand_, {.to = front.address() + ":5060", .rate = 30, .calls = 90});
  ASSERT_TRUE(live::comes_true([&] { return front.driver().read()->channels > 0; }));
  ASSERT_TRUE(front.push(configure({{"spec.balancer.algorithm", algorithm}}, {destination(b)})).ok());
  EXPECT_EQ(state_of(front, a), "absent");
  EXPECT_EQ(callers.counts().talked, 90);
}

INSTANTIATE_TEST_SUITE_P(All, Algorithms,
                         ::testing::Values("round-robin", "weight", "call-load", "hash-call-id", "hash-source",
                                           "random"));

TEST_F(Dispatcher, ADrainedSwitchGetsNoCallAndNoneFails) {
  live::Callee callee(stand_, gateway_);
  Sip a(stand_, "sw-a", Role::kSwitch);
  Sip b(stand_, "sw-b", Role::kSwitch);
  Sip front(stand_, "front", Role::kDispatcher);
  ASSERT_TRUE(a.start(switch_with(100)));
  ASSERT_TRUE(b.start(switch_with(100)));
  ASSERT_TRUE(front.start(configure({}, {destination(a), destination(b)})));
  live::Callers callers(stand_, {.to = front.address() + ":5060", .rate = 30, .calls = 180, .hold_ms = 1000});
  ASSERT_TRUE(live::comes_true([&] { return a.driver().read()->channels > 0; }));
  ASSERT_TRUE(front.push(configure({}, {destination(a, 0), destination(b)})).ok());
  EXPECT_EQ(state_of(front, a), "disabled");
  ASSERT_TRUE(a.driver().set_traffic(Traffic::kRefused).ok());
  EXPECT_TRUE(live::comes_true([&] { return a.driver().read()->channels == 0; }));
  a.stop();
  EXPECT_EQ(callers.counts().talked, 180);
}

TEST_F(Dispatcher, ASwitchThatDiesIsLeftOutAndComesBack) {
  live::Callee callee(stand_, gateway_);
  Sip a(stand_, "sw-a", Role::kSwitch);
  Sip b(stand_, "sw-b", Role::kSwitch);
  Sip front(stand_, "front", Role::kDispatcher);
  ASSERT_TRUE(a.start(switch_with(100)));
  ASSERT_TRUE(b.start(switch_with(100)));
  ASSERT_TRUE(front.start(configure({}, {destination(a), destination(b)})));
  a.stop();
  EXPECT_TRUE(live::comes_true([&] { return state_of(front, a) == "inactive"; }));
  EXPECT_EQ(live::Callers(stand_, {.to = front.address() + ":5060", .rate = 20, .calls = 40}).counts().talked, 40);
  ASSERT_TRUE(a.start(switch_with(100)));
  EXPECT_TRUE(live::comes_true([&] { return state_of(front, a) == "active"; }));
}

TEST_F(Dispatcher, TheLastDestinationIsNeverTaken) {
  Sip a(stand_, "sw-a", Role::kSwitch);
  Sip front(stand_, "front", Role::kDispatcher);
  ASSERT_TRUE(front.start(configure({}, {destination(a)})));
  const Result<Done> pushed = front.push(configure({}));
  ASSERT_FALSE(pushed.ok());
  EXPECT_EQ(pushed.error().code, ErrorCode::kRefused);
  EXPECT_NE(state_of(front, a), "absent");
}

TEST_F(Dispatcher, ALineThatItSkipsIsNoSuccess) {
  Sip a(stand_, "sw-a", Role::kSwitch);
  Sip b(stand_, "sw-b", Role::kSwitch);
  Sip front(stand_, "front", Role::kDispatcher);
  ASSERT_TRUE(front.start(configure({}, {destination(a)})));
  Result<Rendered> rendered = front.write(configure({}, {destination(a), destination(b)}), Traffic::kTaken);
  ASSERT_TRUE(rendered.ok());
  // Somebody spoils the file between writing and reloading.
  std::ofstream(front.place().folder + "/current/dispatcher.list")
      << "1 sip:" << a.address() << ":5060 0 0 duid=sw-a;rweight=1\nrubbish\n";
  const Result<Done> pushed = front.driver().push(*rendered);
  ASSERT_FALSE(pushed.ok());
  EXPECT_NE(pushed.error().message.find(b.address()), std::string::npos) << pushed.error().message;
}

}  // namespace
}  // namespace switchyard
