// Every law that the simulation asserts can be seen broken: here an engine that does not exist does what none may do.
#include "tests/simulation/laws.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reconciler/wish.h"
#include "tests/simulation/violation.h"

namespace switchyard::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::StartsWith;

class LawsTest : public ::testing::Test {
 protected:
  LawsTest() {
    worlds_.know(specs_.fleet);
    store_ = disk_.open_store().value();
    take_the_lock();
    laws_.begins({.fleet = &specs_.fleet, .max_destroy = {}, .may_cut = {}});
    // Two servers of ours and one of somebody else.
    order("a", "u1", "main");
    order("b", "u2", "main");
    order("theirs", "x", "another");
    worlds_.advance_to(worlds_.beginning() + minutes(10));
    laws_.note_strangers();
  }

  Timestamp clock() const { return clock_; }
  void take_the_lock() {
    lock_.reset();
    lock_ = Lock::acquire(disk_.path(), "tester", seconds(60), Duration{}, [this] { return clock_; }).value();
    store_->set_fence(lock_->fence());
  }
  Call call(decltype(Call::what) what) const {
    return Call{"main", CallLimits{.timeout = seconds(30), .fence = lock_->fence()}, std::move(what)};
  }
  static CreateCall create(const std::string& name, const std::string& uid, const std::string& fleet = "main") {
    return CreateCall{CreateRequest{.mark = Mark{.fleet = fleet, .key = Key{Kind::kServer, name}, .uid = uid},
                                    .role = Role::kSwitch,
                                    .region = "lon1",
                                    .size = "s-1vcpu-2gb",
                                    .fields = {},
                                    .peers = {},
                                    .secrets = {}}};
  }
  void order(const std::string& name, const std::string& uid, const std::string& fleet) {
    ASSERT_TRUE(worlds_.call(call(create(name, uid, fleet))).answer.ok());
  }
  void write_down(Action action, const std::string& name, const std::string& uid, const std::string& id) {
    Batch batch;
    batch.intents.push_back(Intent{.resource = Key{Kind::kServer, name},
                                   .account = "main",
                                   .action = action,
                                   .origin = Intent::Origin::kPlanned,
                                   .uid = uid,
                                   .provider_id = id,
                                   .written = {},
                                   .provider_now = {},
                                   .source_path = {},
                                   .request = Json(Json::Object{}),
                                   .proof_before = {},
                                   .actor = {},
                                   .reason = {}});
    ASSERT_TRUE(store_->commit(batch, Durability::kSynced).ok());
  }
  void look(const std::string& balance) {
    laws_.told(call(BalanceCall{}), Answer(Balance{parse_money(balance, Currency()).value(), {}}));
    laws_.told(call(ListCall{}), worlds_.call(call(ListCall{})).answer);
  }
  // The law that it breaks; empty: none.
  template <class Does>
  static std::string broken_by(Does does) {
    try {
      does();
    } catch (const Violation& violation) {
      return violation.law;
    }
    return {};
  }
  std::string sending(const Call& sent) {
    return broken_by([&] { laws_.sends(sent, clock_); });
  }

  Timestamp clock_{std::chrono::hours(24 * 365 * 60)};
  LoadedSpecs specs_ = testing::load_lines(
      "Account main {provider: sim, limits: {maxDestroy: 1}}\n"
      "Zone london {account: main, region: lon1}\n"
      "Server a {zone: london, size: s-1vcpu-2gb}\n"
      "Server b {zone: london, size: s-1vcpu-2gb}\n"
      "Server c {zone: london, size: s-1vcpu-2gb}\n");
  Worlds worlds_{1};
  Disk disk_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Lock> lock_;
  Laws laws_{worlds_, disk_};
};

TEST_F(LawsTest, ACallWithoutAnIntentIsSeen) {
  EXPECT_THAT(sending(call(RemoveCall{"sim-1"})), StartsWith("law 3: no call without"));
  write_down(Action::kDelete, "a", "u1", "sim-1");
  EXPECT_EQ(sending(call(RemoveCall{"sim-1"})), "");
}

TEST_F(LawsTest, ACallOnAServerOfSomebodyElseIsSeen) {
  write_down(Action::kDelete, "theirs", "x", "sim-3");
  EXPECT_THAT(sending(call(RemoveCall{"sim-3"})), StartsWith("law 12: only what carries our mark"));
}

TEST_F(LawsTest, MoreDestroysThanTheLimitAreSeen) {
  write_down(Action::kDelete, "a", "u1", "sim-1");
  write_down(Action::kDelete, "b", "u2", "sim-2");
  EXPECT_EQ(sending(call(RemoveCall{"sim-1"})), "");
  EXPECT_THAT(sending(call(RemoveCall{"sim-2"})), StartsWith("law 8: no more destroys"));
}

TEST_F(LawsTest, TheEndOfSomethingProtectedIsSeen) {
  specs_ = testing::load_lines(
      "Account main {provider: sim}\nZone london {account: main, region: lon1}\nServer c {zone: london, size: "
      "s-1vcpu-2gb}\n");
  Batch batch;
  batch.declarations.push_back(Declaration{
      .resource = Key{Kind::kServer, "a"}, .account = "main", .uid = "u1", .source_path = "/f", .protect = true});
  ASSERT_TRUE(store_->commit(batch, Durability::kSynced).ok());
  write_down(Action::kDelete, "a", "u1", "sim-1");
  EXPECT_THAT(sending(call(RemoveCall{"sim-1"})), StartsWith("law 8: what is protected"));
}

TEST_F(LawsTest, ADeployWithoutALookOrWithoutItsDepositIsSeen) {
  write_down(Action::kCreate, "c", "u3", "");
  EXPECT_THAT(sending(call(create("c", "u3"))), StartsWith("law 4"));
  look("79.99");
  write_down(Action::kCreate, "c", "u4", "");
  EXPECT_THAT(sending(call(create("c", "u4"))), StartsWith("law 5: a deploy"));
  look("80.00");
  write_down(Action::kCreate, "c", "u5", "");
  EXPECT_EQ(sending(call(create("c", "u5"))), "");
  EXPECT_THAT(sending(call(create("c", "u5"))), StartsWith("law 3: no server is ordered twice"));
}

TEST_F(LawsTest, ASecondServerUnderOneNameIsSeen) {
  const auto carried_out = [&](const char* name, const char* uid) {
    return broken_by([&] { (void)laws_.carries_out(call(create(name, uid))); });
  };
  EXPECT_EQ(carried_out("c", "u3"), "");
  EXPECT_EQ(carried_out("c", "u4"), "law 3: no server twice");
}

TEST_F(LawsTest, ACutCallIsSeenUnlessItWasAllowed) {
  worlds_.by_hand("main", CtlCalls{"sim-1", 5, std::nullopt});
  worlds_.by_hand("main", CtlCalls{"sim-2", 5, std::nullopt});
  const auto restart = [&](const char* id) {
    return broken_by([&] { (void)laws_.carries_out(call(ProviderActionCall{id, Action::kRestart, Json()})); });
  };
  EXPECT_EQ(restart("sim-1"), "law 6: calls are not cut");
  laws_.begins({.fleet = &specs_.fleet, .max_destroy = {}, .may_cut = {Key{Kind::kServer, "b"}}});
  EXPECT_EQ(restart("sim-2"), "");
  laws_.ends();
}

TEST_F(LawsTest, ACallThatCouldOutlastTheLeaseOrGoesUnderAnOldLockIsSeen) {
  const Call old = call(RemoveCall{"sim-1"});
  const auto leaving = [&](const Call& sent) { return broken_by([&] { laws_.leaves(sent, *lock_, clock_); }); };
  EXPECT_EQ(leaving(old), "");
  clock_ += seconds(31);
  EXPECT_THAT(leaving(old), StartsWith("law 11: no call starts"));
  take_the_lock();
  EXPECT_EQ(leaving(old), "law 11: one writer");
  EXPECT_EQ(leaving(call(RemoveCall{"sim-1"})), "");
}

TEST_F(LawsTest, ACallAgainstAPersonsWordIsSeen) {
  write_down(Action::kDelete, "a", "u1", "sim-1");
  Batch batch;
  batch.overrides.push_back(Override{.what = Override::What::kSuspended,
                                     .resource = Key{Kind::kServer, "a"},
                                     .who = "ben",
                                     .why = "a reason",
                                     .since = clock_,
                                     .until = std::nullopt});
  ASSERT_TRUE(store_->commit(batch, Durability::kSynced).ok());
  EXPECT_THAT(sending(call(RemoveCall{"sim-1"})), StartsWith("overrides"));
}

TEST_F(LawsTest, AMachineThatNobodyOrderedAndAStrangerThatWasTouchedAreSeen) {
  const auto after_an_apply = [&] { return broken_by([&] { laws_.applied({}, {}, {}); }); };
  EXPECT_EQ(after_an_apply(), "law 3: no machine without an owner");
  write_down(Action::kCreate, "a", "u1", "");
  write_down(Action::kCreate, "b", "u2", "");
  EXPECT_EQ(after_an_apply(), "");
  worlds_.by_hand("main", CtlSet{"sim-3", "size", "s-4vcpu-8gb"});
  EXPECT_EQ(after_an_apply(), "law 12: strangers stay as they are");
}

TEST_F(LawsTest, APlanThatIsNotEmptyAfterAnApplyWithoutHoldsIsSeen) {
  write_down(Action::kCreate, "a", "u1", "");
  write_down(Action::kCreate, "b", "u2", "");
  Plan next;
  next.holds.push_back(Hold{.action = Action::kCreate,
                            .resource = Key{Kind::kServer, "c"},
                            .account = "main",
                            .gate = Gate::kBalance,
                            .reason = {},
                            .needs = {},
                            .short_by = {},
                            .until = {},
                            .fields = {},
                            .source = {}});
  EXPECT_THAT(broken_by([&] { laws_.applied({}, {}, next); }), StartsWith("law 7: after an apply"));
}

TEST_F(LawsTest, AFleetThatLacksAServerOrHasOneTooManyHasNotConverged) {
  const auto at_the_end = [&] { return broken_by([&] { laws_.converged(specs_.fleet, {}); }); };
  EXPECT_THAT(at_the_end(), StartsWith("law 3: the fleet converges"));
  order("c", "u3", "main");
  EXPECT_EQ(at_the_end(), "");
  order("d", "u4", "main");
  EXPECT_THAT(at_the_end(), StartsWith("law 3: the fleet converges"));
  EXPECT_EQ(broken_by([&] { laws_.converged(specs_.fleet, {Key{Kind::kServer, "d"}}); }), "");
}

}  // namespace
}  // namespace switchyard::simulation
