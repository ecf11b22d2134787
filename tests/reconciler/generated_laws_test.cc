// Laws 8, 9 and 10 over whole applies of generated fleets, between which somebody else is at work.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "tests/reconciler/call_text.h"
#include "tests/reconciler/fleet_fixture.h"
#include "tests/reconciler/generated.h"
#include "tests/reconciler/story.h"

namespace switchyard::testing {
namespace {

using std::chrono::hours;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class GeneratedLaws : public Stories {};

void edit(Generated& generated, Random& random, Fleet& fleet, std::int64_t times) {
  for (std::int64_t i = 0; i < times; ++i) {
    Generated edited = generated;
    edited.edit(random);
    if (fleet.try_want(edited.lines())) generated = edited;
  }
}

// A machine, by what names it at every provider.
std::string place(const std::string& account, const std::string& id) {
  return account + "/" + id;
}

std::map<std::string, Json> machines_of(Fleet& fleet) {
  std::map<std::string, Json> machines;
  for (const std::string& account : fleet.accounts()) {
    const Json dumped = fleet.dump(account);
    for (const Json& server : *dumped.find("servers")->array()) {
      machines.emplace(place(account, server.string_or("id", "")), server);
    }
  }
  return machines;
}

// The machine that a call ends, stops or reboots; empty: it does none of that.
std::string ended_by(const Call& call) {
  if (const auto* remove = std::get_if<RemoveCall>(&call.what)) return place(call.account, remove->id);
  if (const auto* act = std::get_if<ProviderActionCall>(&call.what)) return place(call.account, act->id);
  return {};
}

std::string said_of(const Change& change) {
  return std::string(to_string(change.action)) + " of " + to_string(change.resource) + ":";
}

bool is_stale(const ApplyReport& report, const Change& change) {
  return std::ranges::any_of(report.stale, [&](const std::string& text) { return text.starts_with(said_of(change)); });
}

TEST_F(GeneratedLaws, Law9AsPlannedIsDoneAndWhatMovedIsRefusedWithAllThatDependOnIt) {
  int refused = 0;
  int whole = 0;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    Generated generated(seed);
    Random random(seed * 13 + 7);
    Fleet fleet(generated.lines(), options(seed));
    fleet.balance("90000.00");
    ASSERT_EQ(fleet.converge(generous()).exit_code(), 0) << "seed " << seed;
    edit(generated, random, fleet, random.between(1, 5));
    const Plan plan = fleet.plan(generous());

    // Meanwhile some machines became somebody else's, others got a value by hand.
    std::set<std::string> taken;
    std::set<std::string> by_hand;
    const bool moves = seed % 4 != 0;
    for (const auto& [where, server] : machines_of(fleet)) {
      const std::string account = where.substr(0, where.find('/'));
      const std::string id = where.substr(where.find('/') + 1);
      const std::uint64_t what = random.below(4);
      if (!moves || what > 1) continue;
      if (what == 0) {
        fleet.ctl(CtlSet{id, "uid", fmt::format("somebody-elses-{}", id)}, account).value();
        taken.insert(where);
      } else {
        // A media server has no such field.
        if (!fleet.ctl(CtlSet{id, "cps", "7"}, account).ok()) continue;
        by_hand.insert(where);
      }
    }

    // Whom the plan ends, stops or reboots; what it orders has no machine yet.
    const std::map<std::string, Json> before = machines_of(fleet);
    std::set<std::string> planned_ends;
    std::set<Key> planned_creates;
    for (const Change& change : plan.changes) {
      if (!change.provider_id.empty()) planned_ends.insert(place(change.account, change.provider_id));
      if (change.action == Action::kCreate || change.action == Action::kReplace)
        planned_creates.insert(change.resource);
    }
    fleet.witness.before = [&](const Call& call) {
      const std::string ended = ended_by(call);
      EXPECT_FALSE(taken.contains(ended)) << "seed " << seed << ": " << ended << " is another machine by now";
      EXPECT_TRUE(ended.empty() || !before.contains(ended) || planned_ends.contains(ended))
          << "seed " << seed << ": nobody was shown " << to_text(call);
      if (const auto* create = std::get_if<CreateCall>(&call.what)) {
        EXPECT_TRUE(planned_creates.contains(create->request.mark.key))
            << "seed " << seed << ": nobody was shown " << to_string(create->request.mark.key);
      }
    };
    const ApplyReport report = fleet.apply_file(plan);
    fleet.witness.before = nullptr;

    const std::string story = fmt::format("seed {}: {}", seed, words(report)) + words(plan) + tail(fleet);
    ASSERT_EQ(report.exit_code() == 5, !report.stale.empty()) << story;
    std::set<int> not_done;
    for (const Change& change : plan.changes) {
      const bool was_taken = taken.contains(place(change.account, change.provider_id));
      const bool waits = std::ranges::any_of(change.after, [&](int id) { return not_done.contains(id); });
      if (was_taken || waits) {
        ASSERT_TRUE(is_stale(report, change)) << said_of(change) << "\n" << story;
      }
      if (is_stale(report, change)) not_done.insert(change.id);
    }
    // A field that was shown with another value than it has by now stays as it is.
    for (const Change& change : plan.changes) {
      const bool sets_cps =
          std::ranges::any_of(change.fields, [](const FieldChange& f) { return f.path == "spec.cps"; });
      if (change.action != Action::kUpdate || !sets_cps || !by_hand.contains(place(change.account, change.provider_id)))
        continue;
      ASSERT_TRUE(is_stale(report, change)) << said_of(change) << "\n" << story;
    }
    if (!moves) {
      ASSERT_THAT(report.stale, IsEmpty()) << story;
      // The others of a cluster's bus are told as well who came and who went.
      ASSERT_GE(report.changes_done, static_cast<int>(plan.changes.size())) << story;
      ++whole;
    }
    refused += report.stale.empty() ? 0 : 1;
    if (HasFailure()) FAIL() << story;
  }
  EXPECT_GT(refused, 30);
  EXPECT_GT(whole, 30);
}

TEST_F(GeneratedLaws, Law8WhatIsProtectedIsNeverRemovedOrReplacedWhateverIsEditedOrHappens) {
  int held = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Generated generated(seed);
    Random random(seed * 17 + 3);
    const std::vector<std::string> names = generated.write_in_some(random, "protect", "true");
    Fleet fleet(generated.lines(), options(seed));
    fleet.balance("90000.00");
    ASSERT_EQ(fleet.converge(generous()).exit_code(), 0) << "seed " << seed;
    std::set<std::string> keep;
    for (const auto& [where, server] : machines_of(fleet)) {
      if (std::ranges::find(names, server.string_or("name", "")) != names.end()) keep.insert(where);
    }
    ASSERT_EQ(keep.size(), names.size()) << "seed " << seed;
    fleet.witness.before = [&](const Call& call) {
      const auto* remove = std::get_if<RemoveCall>(&call.what);
      EXPECT_TRUE(remove == nullptr || !keep.contains(place(call.account, remove->id))) << "seed " << seed;
    };
    std::string story = fmt::format("seed {}: ", seed);
    for (int round = 0; round < 4; ++round) {
      edit(generated, random, fleet, random.between(1, 4));
      // By hand it may vanish all the same; that is nobody's removal.
      const std::string what = disturb(random, fleet);
      if (what.starts_with("vanish"))
        std::erase_if(keep, [&](const auto& w) { return !machines_of(fleet).contains(w); });
      story += what + ", ";
      PlanOptions wishes = generous();
      wishes.destroy_all = round == 3;
      const ApplyReport report = fleet.apply(wishes);
      held += static_cast<int>(
          std::ranges::count_if(report.holds, [](const Hold& hold) { return hold.gate == Gate::kProtection; }));
      fleet.advance(hours(1));
    }
    const std::map<std::string, Json> after = machines_of(fleet);
    for (const std::string& where : keep) ASSERT_TRUE(after.contains(where)) << story << where << tail(fleet);
    if (HasFailure()) FAIL() << story;
  }
  EXPECT_GT(held, 100);
}

TEST_F(GeneratedLaws, Law10ASecretIsNowhereWhateverGoesWrong) {
  const std::string canary = "canary-b1rd-7f3a9";
  const std::string other = "canary-0ther-55c21";
  int carried = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    ASSERT_EQ(setenv("SWITCHYARD_TEST_CANARY", canary.c_str(), 1), 0);
    Generated generated(seed);
    Random random(seed * 19 + 1);
    generated.add(
        "Carrier", "acme",
        {{"destinations", "[{uri: \"sip:gw1.acme.example\", weight: 1}]"},
         {"registration", "{registrar: sip.acme.example, username: u, password: {env: SWITCHYARD_TEST_CANARY}}"}});
    generated.write_in_some(random, "options.carriers", "[acme]");
    generated.write_in_some(random, "options.uacAuth", "true");
    Fleet fleet(generated.lines(), options(seed));
    fleet.balance("90000.00");
    fleet.witness.before = [&](const Call& call) {
      if (const auto* create = std::get_if<CreateCall>(&call.what)) carried += !create->request.secrets.empty();
      if (const auto* configure = std::get_if<ConfigureCall>(&call.what)) carried += !configure->wanted.secrets.empty();
    };
    for (int round = 0; round < 3; ++round) {
      fleet.fault(static_cast<FaultKind>(random.below(kFaultKinds)), random.between(1, 3), 500'000);
      (void)fleet.apply(generous());
      edit(generated, random, fleet, 2);
      disturb(random, fleet);
      // It is changed while servers use it.
      ASSERT_EQ(setenv("SWITCHYARD_TEST_CANARY", other.c_str(), 1), 0);
    }
    fleet.no_faults();
    (void)fleet.converge(generous());
    const std::string said = fleet.everything_said();
    ASSERT_GT(said.size(), 500U) << "seed " << seed;
    ASSERT_THAT(said, Not(HasSubstr(canary))) << "seed " << seed;
    ASSERT_THAT(said, Not(HasSubstr(other))) << "seed " << seed;
  }
  unsetenv("SWITCHYARD_TEST_CANARY");
  EXPECT_GT(carried, 100) << "it was sent where it is needed";
}

}  // namespace
}  // namespace switchyard::testing
