// The laws of the design over generated fleets, faults and orders of input. A failure prints the seed that repeats it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/reconciler/fleet_fixture.h"
#include "tests/reconciler/generated.h"
#include "tests/reconciler/picture.h"

namespace switchyard::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

void shuffle(Random& random, std::vector<std::string>& lines) {
  for (std::size_t i = lines.size(); i > 1; --i) std::swap(lines[i - 1], lines[random.below(i)]);
}

// Some servers there, some not, some bent: a world that nobody planned.
void bend(Random& random, Picture& picture) {
  for (const DesiredServer& wanted : picture.desired().servers) {
    if (random.below(4) != 0) picture.has(wanted.key);
    if (random.below(3) != 0) picture.declare(wanted.key, "/fleet/all.yaml", wanted.account);
  }
  if (random.below(3) != 0) picture.acquaint();
  for (ObservedAccount& account : picture.observed) {
    for (ObservedServer& machine : account.servers) {
      switch (random.below(12)) {
        case 0:
          machine.phase = Phase::kExpired;
          break;
        case 1:
          machine.phase = Phase::kStopped;
          break;
        case 2:
          machine.region = "sgp1";
          break;
        case 3:
          machine.size = "s-8vcpu-16gb";
          break;
        case 4:
          machine.agent->drained = true;
          break;
        case 5:
          machine.agent->channels = random.between(0, 900);
          break;
        case 6:
          machine.agent->channels.reset();
          break;
        case 7:
          machine.agent->pending_release = "2.1";
          break;
        case 8:
          machine.missing_since = picture.now - minutes(2);
          machine.missing_listings = 2;
          break;
        case 9:
          machine.confirmed_gone = true;
          machine.missing_since = picture.now - minutes(2);
          break;
        default:
          break;
      }
    }
    account.balance->amount = Money{random.between(0, 30000), Currency()};
  }
}

TEST(Law1, TheOrderOfDocumentsAndFilesChangesNothingButSources) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Generated fleet(seed);
    Picture first(fleet.lines());
    Random random(seed);
    bend(random, first);
    const std::string expected = without_sources(first.plan());

    std::vector<std::string> lines = fleet.documents();
    shuffle(random, lines);
    Files files;
    const std::size_t cut = random.below(lines.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (i == 0 || i == cut) files.emplace_back(fmt::format("/fleet/{}.yaml", random.next()), "");
      files.back().second += lines[i] + "\n";
    }
    Picture second(files, {"/fleet"});
    second.observed = first.observed;
    second.declarations = first.declarations;
    ASSERT_EQ(without_sources(second.plan()), expected) << "seed " << seed;
  }
}

// Wanted servers of an account, in the order in which the balance serves them.
std::vector<const DesiredServer*> turn_of(const Picture& picture, std::string_view account) {
  std::vector<const DesiredServer*> turn;
  for (const DesiredServer& wanted : picture.desired().servers) {
    if (wanted.account == account) turn.push_back(&wanted);
  }
  std::ranges::stable_sort(turn, [](const DesiredServer* a, const DesiredServer* b) {
    return a->priority != b->priority ? a->priority > b->priority : a->key < b->key;
  });
  return turn;
}

const ObservedServer* machine_of(const ObservedAccount& account, const DesiredServer& wanted) {
  const auto at = std::ranges::find(account.servers, wanted.key.name, &ObservedServer::name);
  return at == account.servers.end() ? nullptr : &*at;
}

TEST(Law5, TheServersBoughtAreTheLongestAffordablePrefixInTheirOrder) {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    Picture picture(Generated(seed).lines());
    Random random(seed + 7);
    for (const DesiredServer& wanted : picture.desired().servers) {
      if (random.below(2) == 0) picture.has(wanted.key);
    }
    picture.acquaint();
    // The oracle: one server after the other, as an accountant would, in cents, each account by itself.
    std::set<Key> bought;
    std::map<std::string, std::int64_t> balances;
    for (ObservedAccount& account : picture.observed) {
      const std::int64_t balance = balances[account.name] = random.between(0, 20000);
      account.balance->amount.minor = balance;
      const DesiredAccount& rule = *picture.desired().account(account.name);
      auto there = static_cast<std::int64_t>(account.servers.size());
      for (const DesiredServer* one : turn_of(picture, account.name)) {
        if (machine_of(account, *one) != nullptr) continue;
        if (rule.deposit_base.minor + rule.deposit_per_server.minor * there <= balance) bought.insert(one->key);
        ++there;
      }
    }
    const Plan plan = picture.plan();
    std::set<Key> planned;
    for (const Change& change : plan.changes) {
      if (change.action == Action::kCreate) planned.insert(change.resource);
    }
    ASSERT_EQ(planned, bought) << "seed " << seed;
    for (const Hold& hold : plan.holds) {
      if (hold.action != Action::kCreate || hold.gate != Gate::kBalance) continue;
      ASSERT_EQ(hold.short_by->minor, hold.needs->minor - balances.at(hold.account)) << "seed " << seed;
      ASSERT_GT(hold.short_by->minor, 0) << "seed " << seed;
    }
  }
}

TEST(Law5, WhatIsReactivatedIsCarriedForItsWholeMinimumRunway) {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    Picture picture(Generated(seed).lines());
    Random random(seed + 11);
    picture.has_all();
    std::set<Key> expected;
    std::set<std::string> short_of_runway;
    for (ObservedAccount& account : picture.observed) {
      std::int64_t burn = 0;  // of what runs already, 10^-6 cents an hour
      for (ObservedServer& machine : account.servers) {
        if (random.below(2) == 0) machine.phase = Phase::kExpired;
        if (machine.phase != Phase::kExpired) burn += machine.price->micro_minor_per_hour;
      }
      const std::int64_t balance = random.between(0, 3000);
      account.balance->amount.minor = balance;
      bool open = true;
      for (const DesiredServer* one : turn_of(picture, account.name)) {
        const ObservedServer& machine = *machine_of(account, *one);
        if (machine.phase != Phase::kExpired || one->power != Power::kRunning) continue;
        burn += machine.price->micro_minor_per_hour;
        open = open && balance > 0 && burn * 72 <= balance * 1'000'000;
        if (open) {
          expected.insert(one->key);
        } else {
          short_of_runway.insert(account.name);
        }
      }
    }
    const Plan plan = picture.plan();
    std::set<Key> planned;
    for (const Change& change : plan.changes) {
      if (change.action == Action::kReactivate) planned.insert(change.resource);
      const bool buys = change.action == Action::kCreate || change.action == Action::kReplace;
      ASSERT_FALSE(buys && short_of_runway.contains(change.account)) << "seed " << seed;
    }
    ASSERT_EQ(planned, expected) << "seed " << seed;
  }
}

TEST(Law4, AListingThatFailedOrLacksSomethingDestroysAndBuysNothing) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Generated generated(seed);
    Picture picture(generated.lines());
    Random random(seed + 3);
    picture.has_all();
    const bool failed = random.below(2) == 0;
    if (failed) {
      // What failed lacks some servers, shows others as they were, and the YAML has moved on.
      for (ObservedAccount& account : picture.observed) {
        account.trouble = Error{ErrorCode::kConflict, "the listing stopped half-way"};
        std::erase_if(account.servers, [&](const ObservedServer&) { return random.below(2) == 0; });
      }
      generated.edit(random);
      if (LoadedSpecs edited = load_lines(generated.lines()); edited.ok()) picture.want(generated.lines());
    } else {
      for (ObservedAccount& account : picture.observed) {
        for (ObservedServer& machine : account.servers) {
          if (random.below(2) == 0) continue;
          machine.missing_since = picture.now - minutes(random.between(0, 60));
          machine.missing_listings = random.between(1, 50);
        }
      }
    }
    for (const Change& change : picture.plan().changes) {
      ASSERT_TRUE(change.action != Action::kCreate && change.action != Action::kDelete &&
                  change.action != Action::kReplace)
          << "seed " << seed << ": " << to_string(change.action) << " " << to_string(change.resource);
    }
  }
}

TEST(Law4, AnAccountThatWasNeverObservedPlansNothingAtAll) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Picture picture(Generated(seed).lines());
    picture.observed.clear();
    ASSERT_THAT(picture.plan().changes, IsEmpty()) << "seed " << seed;
  }
}

TEST(Law8, OnlyWhatWasDeclaredUnderThePathsIsEverRemoved) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Generated generated(seed);
    Picture picture(generated.lines());
    picture.has_all();
    Random random(seed);
    for (Declaration& declaration : picture.declarations) {
      declaration.source_path = random.below(2) == 0 ? "/fleet/london.yaml" : "/fleet/london.yaml.old";
    }
    std::string rest;  // everything but the servers is still there
    for (const std::string& line : generated.documents()) {
      if (line.find("Server") == std::string::npos || line.starts_with("Account") || line.starts_with("Zone")) {
        rest += line + "\n";
      }
    }
    Picture narrow(Files{{"/fleet/london.yaml", rest}}, {"/fleet/london.yaml"});
    narrow.observed = picture.observed;
    narrow.declarations = picture.declarations;
    narrow.options.max_destroy = 100;
    const Plan plan = narrow.plan();
    for (const Declaration& declaration : picture.declarations) {
      const bool removed = find_change(plan, Action::kDelete, declaration.resource) != nullptr ||
                           find_hold(plan.holds, Action::kDelete, declaration.resource) != nullptr;
      ASSERT_EQ(removed, declaration.source_path == "/fleet/london.yaml")
          << "seed " << seed << ": " << to_string(declaration.resource);
    }
  }
}

TEST(Law8, MoreDestroysThanTheLimitAreAllHeldAndNeverSome) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Generated generated(seed);
    Picture picture(generated.lines());
    picture.has_all();
    Random random(seed);
    std::string rest;
    for (const std::string& line : generated.documents()) {
      if (!line.starts_with("Server ") || random.below(2) == 0) rest += line + "\n";
    }
    if (LoadedSpecs edited = load_lines(rest); !edited.ok()) continue;
    picture.want(rest);
    for (ObservedAccount& account : picture.observed) {
      for (ObservedServer& machine : account.servers) {
        if (random.below(3) == 0) machine.region = "sgp1";
      }
    }
    picture.options.max_destroy = random.between(0, 4);
    const Plan plan = picture.plan();
    std::map<std::string, std::int64_t> destroys;  // by account, each of which has its limit
    for (const Change& change : plan.changes) {
      destroys[change.account] += change.action == Action::kDelete || change.action == Action::kReplace;
    }
    for (const auto& [account, number] : destroys) {
      ASSERT_LE(number, *picture.options.max_destroy) << "seed " << seed;
      const bool gated = std::ranges::any_of(
          plan.holds, [name = account](const Hold& hold) { return hold.gate == Gate::kLimit && hold.account == name; });
      ASSERT_TRUE(number == 0 || !gated) << "seed " << seed << ": some were held and some were not";
    }
  }
}

TEST(Law8, AnEmptySourceIsAnErrorAndPlansNothing) {
  EXPECT_FALSE(load_lines("").ok());
  EXPECT_FALSE(load_lines({}, {"/fleet"}).ok());
}

TEST(Law9, APlanWhoseWorldMovedRefusesWhatIsStaleWithItsDependantsAndDoesTheRest) {
  const std::string ground =
      "Account main {provider: sim}\nZone london {account: main, region: lon1}\nCluster core {}\nServer front {zone: "
      "london, type: dispatcher, size: s-1vcpu-2gb, balancer: {cluster: core}}\n";
  const std::string ab =
      "Server a {zone: london, size: s-1vcpu-2gb, cluster: core}\nServer b {zone: london, size: s-1vcpu-2gb, cluster: "
      "core}\n";
  Fleet fleet(ground + ab + "Server lone {zone: london, size: s-1vcpu-2gb}\n");
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.want(ground +
             "Server a {zone: london, size: s-1vcpu-2gb, cluster: core}\nServer lone {zone: london, size: "
             "s-1vcpu-2gb, cps: 33}\n");
  const Plan plan = fleet.plan();
  ASSERT_THAT(changes_of(plan), ::testing::UnorderedElementsAre("update Server/front", "update Server/lone",
                                                                "delete Server/b <- update Server/front"));
  // Meanwhile the dispatcher is another machine.
  fleet.set("front", "uid", "somebody-elses");
  const ApplyReport report = fleet.apply_file(plan);
  EXPECT_EQ(report.exit_code(), 5);
  EXPECT_EQ(report.stale.size(), 2U);
  EXPECT_EQ(report.changes_done, 1);
  EXPECT_THAT(fleet.world(), ElementsAre("a active", "b active", "front active", "lone active"));
}

TEST(Law9, AFieldThatMovedSinceThePlanIsNotOverwritten) {
  const std::string ground = "Account main {provider: sim}\nZone london {account: main, region: lon1}\n";
  Fleet fleet(ground + "Server a {zone: london, size: s-1vcpu-2gb}\nServer b {zone: london, size: s-1vcpu-2gb}\n");
  ASSERT_EQ(fleet.apply().exit_code(), 0);
  fleet.want(ground +
             "Server a {zone: london, size: s-1vcpu-2gb, cps: 33}\nServer b {zone: london, size: s-1vcpu-2gb, cps: "
             "33}\n");
  const Plan plan = fleet.plan();
  fleet.set("a", "cps", "44");
  const ApplyReport report = fleet.apply_file(plan);
  EXPECT_EQ(report.exit_code(), 5);
  EXPECT_THAT(report.stale, ElementsAre(HasSubstr("spec.cps")));
  EXPECT_EQ(report.changes_done, 1);
}

TEST(Law9, APlannedCreateIsRefusedWhenTheServerIsThereOrTheMoneyIsGone) {
  const std::string ground = "Account main {provider: sim}\nZone london {account: main, region: lon1}\n";
  Fleet fleet(ground + "Server a {zone: london, size: s-1vcpu-2gb}\nServer b {zone: london, size: s-1vcpu-2gb}\n");
  const Plan plan = fleet.plan();
  PlanOptions only_a;
  only_a.target = {{.resource = server("a"), .label = {}, .value = {}}};
  ASSERT_EQ(fleet.apply(only_a).exit_code(), 0);
  fleet.balance("39.00");
  const ApplyReport report = fleet.apply_file(plan);
  EXPECT_THAT(report.stale, ElementsAre(HasSubstr("is there already")));
  EXPECT_THAT(holds_of(report.holds), ::testing::Contains(HasSubstr("create Server/b: balance, needs 40.00")));
  EXPECT_EQ(fleet.number("refusedForMoney"), 0);
}

TEST(Law10, ASecretIsNowhereInWhatIsSaidOrKept) {
  const std::string canary = "canary-b1rd-7f3a9";
  ASSERT_EQ(setenv("SWITCHYARD_TEST_CANARY", canary.c_str(), 1), 0);
  const std::string ground =
      "Account main {provider: sim}\nZone london {account: main, region: lon1}\nCarrier acme {destinations: [{uri: "
      "\"sip:gw1.acme.example\", weight: 1}], registration: {registrar: sip.acme.example, username: u, password: {env: "
      "SWITCHYARD_TEST_CANARY}}}\nServer a {zone: london, size: s-1vcpu-2gb, options: {carriers: [acme], uacAuth: "
      "true}}\n";
  Fleet fleet(ground);
  fleet.fault(FaultKind::kDropBeforeCommit);
  fleet.fault(FaultKind::kRefuse);
  fleet.converge();
  ASSERT_THAT(fleet.world(), ElementsAre("a active"));
  EXPECT_TRUE(fleet.plan().empty());
  const std::string other = "canary-0ther-55c21";
  ASSERT_EQ(setenv("SWITCHYARD_TEST_CANARY", other.c_str(), 1), 0);
  const Plan changed = fleet.plan();
  ASSERT_EQ(changed.changes.size(), 1U) << "a changed secret shows as a changed fingerprint";
  EXPECT_THAT(fields_of(changed.changes[0]), ElementsAre(HasSubstr("fingerprint")));
  EXPECT_EQ(fleet.converge().exit_code(), 0);
  EXPECT_TRUE(fleet.plan().empty());
  const std::string said = fleet.everything_said();
  EXPECT_GT(said.size(), 1000U);
  EXPECT_THAT(said, Not(HasSubstr(canary)));
  EXPECT_THAT(said, Not(HasSubstr(other)));
  unsetenv("SWITCHYARD_TEST_CANARY");
}

}  // namespace
}  // namespace switchyard::testing
