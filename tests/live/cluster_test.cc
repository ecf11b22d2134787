#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "tests/live/stand.h"

// Three real switches that share a limit over their bus.
namespace switchyard {
namespace {

using live::Calls;
using live::configure;
using live::Sip;
using live::Stand;

constexpr std::int64_t kLimit = 10;
constexpr int kSeconds = 10;

class Cluster : public ::testing::Test {
 protected:
  void SetUp() override {
    SWITCHYARD_NEEDS("/usr/sbin/kamailio");
    SWITCHYARD_NEEDS("/usr/bin/sipp");
    callee_ = std::make_unique<live::Callee>(stand_, gateway_);
    for (const char* name : {"sw-a", "sw-b", "sw-c"}) {
      switches_.push_back(std::make_unique<Sip>(stand_, name, Role::kSwitch));
    }
  }

  Configuration member(const Sip& of) const {
    std::vector<Peer> peers;
    for (const auto& sip : switches_) {
      if (sip->place().name == of.place().name) continue;
      peers.push_back(
          {.purpose = Peer::For::kMember, .name = sip->place().name, .address = sip->address(), .weight = 1});
    }
    return configure(
        {{"spec.cluster", "core"},
         {"cluster.limits.cps", Json(kLimit)},
         {"cluster.members", Json(3)},
         {"spec.options.carriers", Json(Json::Array{"acme"})},
         {"carriers.acme.destinations", Json(Json::Array{Json::Object{{"uri", "sip:" + gateway_}, {"weight", 1}}})}},
        std::move(peers));
  }

  void start_all() {
    for (const auto& sip : switches_) ASSERT_TRUE(sip->start(member(*sip)));
  }

  std::int64_t heard_by(Sip& sip) {
    kamailio::Rpc rpc(sip.place().folder + "/run", std::chrono::seconds(2));
    const Result<Json> heard = rpc.call("pv.shvGet", {"heard"});
    return heard.ok() ? heard->integer_or("value", -1) : -1;
  }

  bool all_hear(std::int64_t others) {
    return live::comes_true(
        [&] { return std::ranges::all_of(switches_, [&](const auto& sip) { return heard_by(*sip) == others; }); });
  }

  // The bus passes nothing more: every member takes its neighbours' words for a stranger's and drops them.
  void cut_bus() {
    for (const auto& sip : switches_) {
      std::ofstream(sip->place().folder + "/current/dispatcher.list")
          << "3 sip:127.66.255.254:5062 0 0\n100 sip:" << gateway_ << " 0 0 rweight=1\n";
      kamailio::Rpc rpc(sip->place().folder + "/run", std::chrono::seconds(2));
      ASSERT_TRUE(rpc.call("dispatcher.reload").ok());
    }
  }

  // 20 calls a second to each of the given switches; how many were admitted in all.
  std::int64_t offer(const std::vector<std::size_t>& which) {
    std::vector<std::unique_ptr<live::Callers>> callers;
    for (const std::size_t at : which) {
      callers.push_back(std::make_unique<live::Callers>(
          stand_, live::Offer{.to = switches_[at]->address() + ":5060", .rate = 20, .calls = 20 * kSeconds}));
    }
    std::int64_t talked = 0;
    for (const auto& one : callers) {
      const Calls calls = one->counts();
      EXPECT_EQ(calls.failed, 0);
      EXPECT_EQ(calls.talked + calls.refused, 20 * kSeconds);
      talked += calls.talked;
    }
    return talked;
  }

  Stand stand_;
  std::string gateway_ = stand_.address();
  std::unique_ptr<live::Callee> callee_;
  std::vector<std::unique_ptr<Sip>> switches_;
};

TEST_F(Cluster, AdmitsItsLimitInAllWhoeverIsAsked) {
  start_all();
  ASSERT_TRUE(all_hear(2));
  const std::int64_t of_three = offer({0, 1, 2});
  EXPECT_LE(of_three, kLimit * (kSeconds + 1));
  EXPECT_GE(of_three, kLimit * (kSeconds - 2));
  const std::int64_t of_one = offer({1});
  EXPECT_LE(of_one, kLimit * (kSeconds + 1));
  EXPECT_GE(of_one, kLimit * (kSeconds - 3)) << "what the others do not use is there for it";
}

TEST_F(Cluster, WithItsBusCutEachKeepsToItsShareAndHealsByItself) {
  start_all();
  ASSERT_TRUE(all_hear(2));
  cut_bus();
  // From three seconds after the cut on. The fact that is waited for comes no later.
  const auto cut = std::chrono::steady_clock::now();
  ASSERT_TRUE(all_hear(0));
  EXPECT_LT(std::chrono::steady_clock::now() - cut, std::chrono::milliseconds(3500));
  const std::int64_t cut_off = offer({0, 1, 2});
  EXPECT_LE(cut_off, kLimit * (kSeconds + 1));
  EXPECT_GE(cut_off, kLimit * (kSeconds - 2)) << "the shares add up to the limit";
  for (const auto& sip : switches_) ASSERT_TRUE(sip->push(member(*sip)).ok());
  EXPECT_TRUE(all_hear(2));
  EXPECT_LE(offer({0, 1, 2}), kLimit * (kSeconds + 1));
}

TEST_F(Cluster, WhoKnewNobodyAtHisStartIsMetWithoutARestart) {
  for (const auto& sip : switches_) {
    Configuration alone = member(*sip);
    alone.peers.clear();
    ASSERT_TRUE(sip->start(alone));
  }
  for (const auto& sip : switches_) ASSERT_TRUE(sip->push(member(*sip)).ok());
  EXPECT_TRUE(all_hear(2));
}

TEST_F(Cluster, ADeadMemberLeavesItsShareUnusedAndNoMore) {
  start_all();
  ASSERT_TRUE(all_hear(2));
  switches_[2]->stop();
  ASSERT_TRUE(live::comes_true([&] { return heard_by(*switches_[0]) == 1 && heard_by(*switches_[1]) == 1; }));
  EXPECT_LE(offer({0, 1}), kLimit * (kSeconds + 1));
}

}  // namespace
}  // namespace switchyard
