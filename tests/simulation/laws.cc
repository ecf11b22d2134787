#include "tests/simulation/laws.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/reconciler/call_text.h"
#include "tests/simulation/network.h"
#include "tests/simulation/violation.h"

namespace switchyard::simulation {
namespace {

constexpr const char* kIntent = "law 3: no call without a durable intent";
constexpr const char* kOnce = "law 3: no server is ordered twice under one uid";
constexpr const char* kByHand = "law 3: what was asked for by hand is never repeated";
constexpr const char* kTwice = "law 3: no server twice";
constexpr const char* kOwner = "law 3: no machine without an owner";
constexpr const char* kSeen = "law 4: an account that was never listed plans no create";
constexpr const char* kDeposit = "law 5: a deploy is sent only with its deposit";
constexpr const char* kRunway = "law 5: a reactivation is sent only with its runway";
constexpr const char* kRefused = "law 5: the provider never refuses for money";
constexpr const char* kCut = "law 6: calls are not cut";
constexpr const char* kFixed = "law 7: after an apply without holds the next plan is empty";
constexpr const char* kConverges = "law 3: the fleet converges once nothing goes wrong";
constexpr const char* kStays = "law 7: a converged fleet is left alone";
constexpr const char* kScope = "law 8: only what was given is touched";
constexpr const char* kProtect = "law 8: what is protected outlives its document";
constexpr const char* kDestroy = "law 8: no more destroys than the limit";
constexpr const char* kPerson = "overrides: nothing is sent against a person's word";
constexpr const char* kWriter = "law 11: one writer";
constexpr const char* kLease = "law 11: no call starts that could outlast the lease";
constexpr const char* kOurs = "law 12: only what carries our mark is touched";
constexpr const char* kStrangers = "law 12: strangers stay as they are";

bool by_agent(Action action) {
  return action == Action::kDrain || action == Action::kUndrain || action == Action::kFlush ||
         action == Action::kUpgrade;
}

std::int64_t limit_of(const DesiredAccount& account, std::int64_t servers) {
  if (!account.max_destroy.percent) return account.max_destroy.number;
  return std::max<std::int64_t>(1, servers * account.max_destroy.number / 100);
}

// What only time or money changes of a machine that nobody touches.
Machine bare(Machine machine) {
  machine.phase.clear();
  machine.channels = 0;
  return machine;
}

}  // namespace

void Laws::assert_that(const char* law, bool holds, const Saying& saying) {
  ++asserted_[law];
  if (!holds) throw Violation{law, saying()};
}

void Laws::begins(Command command) {
  commands_.push_back(std::move(command));
  removed_.emplace_back();
  unknown_by_hand_.emplace_back();
}

void Laws::ends() {
  commands_.pop_back();
  removed_.pop_back();
  unknown_by_hand_.pop_back();
}

const std::string* Laws::fleet_of(const std::string& account) const {
  const DesiredAccount* known = commands_.back().fleet->account(account);
  return known == nullptr ? nullptr : &known->fleet;
}

bool Laws::given_up(const std::string& uid) {
  const std::vector<GivenUp> known = disk_.onlooker().given_up(Timestamp::min()).value();
  return std::ranges::any_of(known, [&](const GivenUp& one) { return one.uid == uid; });
}

void Laws::sends(const Call& call, Timestamp machine_now) {
  const auto what = [&] { return testing::to_text(call) + " in account " + call.account; };
  const std::vector<OpenIntent> open = disk_.onlooker().open_intents().value();
  assert_that(kIntent,
              std::ranges::any_of(open, [&](const OpenIntent& one) { return testing::stands_for(one.intent, call); }),
              [&] { return what() + ": no open intent on the disk stands for it"; });
  const std::vector<Override> overrides = disk_.onlooker().overrides(machine_now).value();
  for (const Override& said : overrides) {
    const bool frozen = said.what == Override::What::kFrozen && said.resource == Key{Kind::kAccount, call.account};
    const bool suspended =
        said.what == Override::What::kSuspended && std::ranges::any_of(open, [&](const OpenIntent& one) {
          return one.intent.resource == said.resource && testing::stands_for(one.intent, call);
        });
    assert_that(kPerson, !frozen && !suspended,
                [&] { return what() + ": " + to_string(said.resource) + " is " + std::string(to_string(said.what)); });
  }
  assert_that(kScope, fleet_of(call.account) != nullptr, [&] { return what() + ", which was not given"; });
  if (const std::string id = server_of(call); !id.empty()) sends_to_a_machine(call, id);
  if (const auto* create = std::get_if<CreateCall>(&call.what)) sends_create(call, *create);
  if (const auto* remove = std::get_if<RemoveCall>(&call.what)) sends_removal(call, *remove);
  const auto* act = std::get_if<ProviderActionCall>(&call.what);
  if (act != nullptr && act->action == Action::kReactivate) sends_reactivation(call, *act);
  if (act != nullptr && commands_.back().by_hand && !by_agent(act->action)) {
    assert_that(kByHand, !unknown_by_hand_.back().contains(testing::to_text(call)),
                [&] { return what() + ": the one before it was not answered"; });
  }
}

void Laws::leaves(const Call& call, const Lock& lock, Timestamp machine_now) {
  const auto what = [&] { return testing::to_text(call) + " in account " + call.account; };
  const LockRow row = disk_.lock_row();
  assert_that(kWriter, row.held() && row.fence == call.limits.fence, [&] {
    return fmt::format("{} goes under number {}, and the lock's is {}", what(), call.limits.fence, row.fence);
  });
  assert_that(kLease, lock.expires() - machine_now >= call.limits.timeout, [&] {
    return fmt::format("{} may take {}, and the lease lasts for {}", what(), to_string(call.limits.timeout),
                       to_string(lock.expires() - machine_now));
  });
}

void Laws::sends_to_a_machine(const Call& call, const std::string& id) {
  const Census census = worlds_.census(call.account);
  const Machine* machine = census.find(id);
  const bool ours = machine == nullptr || (!machine->uid.empty() && machine->fleet == *fleet_of(call.account));
  assert_that(kOurs, ours, [&] { return testing::to_text(call) + ": it is " + machine->name + " of another"; });
}

void Laws::sends_create(const Call& call, const CreateCall& create) {
  Told& told = told_[call.account];
  assert_that(kOnce, uids_sent_.insert(create.request.mark.uid).second, [&] { return testing::to_text(call); });
  assert_that(kSeen, told.ever_listed, [&] { return testing::to_text(call); });
  // The least that an engine has to count: what is there and was listed or ordered, and what is on its way.
  const Census census = worlds_.census(call.account);
  const auto others = static_cast<std::int64_t>(told.creates_unknown.size()) +
                      std::ranges::count_if(census.machines, [&](const Machine& machine) {
                        return !told.creates_unknown.contains(machine.uid) &&
                               (told.listed.contains(machine.id) || told.ordered.contains(machine.id));
                      });
  const DesiredAccount& account = *commands_.back().fleet->account(call.account);
  const Money needs = account.deposit_base + account.deposit_per_server * others + account.reserve;
  assert_that(kDeposit, told.balance && *told.balance >= needs, [&] {
    return fmt::format("{}: with {} others it needs {}, and the last balance was {}", testing::to_text(call), others,
                       for_people(needs), told.balance ? for_people(*told.balance) : "not known");
  });
  told.creates_unknown.insert(create.request.mark.uid);
}

void Laws::sends_reactivation(const Call& call, const ProviderActionCall& act) {
  const Told& told = told_[call.account];
  const Census census = worlds_.census(call.account);
  const Machine* machine = census.find(act.id);
  if (machine == nullptr || !machine->price) return;
  const DesiredAccount& account = *commands_.back().fleet->account(call.account);
  const Money needs = cost_rounded_up(*machine->price, account.minimum_runway) + account.reserve;
  assert_that(kRunway, told.balance && *told.balance >= needs, [&] {
    return fmt::format("{}: alone it needs {}, and the last balance was {}", testing::to_text(call), for_people(needs),
                       told.balance ? for_people(*told.balance) : "not known");
  });
}

void Laws::sends_removal(const Call& call, const RemoveCall& remove) {
  const Census census = worlds_.census(call.account);
  const Machine* machine = census.find(remove.id);
  if (machine == nullptr || !machine->delivered || given_up(machine->uid)) return;
  const Command& command = commands_.back();
  const std::vector<Declaration> declared = disk_.onlooker().declarations().value();
  const auto known = std::ranges::find(declared, machine->key, &Declaration::resource);
  const bool kept = known != declared.end() && known->protect && command.fleet->server(machine->key) == nullptr;
  assert_that(kProtect, !kept, [&] { return testing::to_text(call) + ", which is " + to_string(machine->key); });
  std::set<std::string>& removed = removed_.back()[call.account];
  removed.insert(remove.id);
  const auto servers = static_cast<std::int64_t>(census.machines.size() + removed.size());
  const std::int64_t limit = command.max_destroy.value_or(limit_of(*command.fleet->account(call.account), servers));
  assert_that(kDestroy, static_cast<std::int64_t>(removed.size()) <= limit, [&] {
    return fmt::format("{} of account {}: it is the {}. of this command, and the limit is {}", testing::to_text(call),
                       call.account, removed.size(), limit);
  });
}

SimReply Laws::carries_out(const Call& call) {
  if (!changes_the_world(call)) return worlds_.call(call);
  const Census before = worlds_.census(call.account);
  SimReply reply = worlds_.call(call);
  const Census after = worlds_.census(call.account);
  const Machine* machine = before.find(server_of(call));
  const bool allowed = machine != nullptr && !commands_.empty() && commands_.back().may_cut.contains(machine->key);
  assert_that(kCut, allowed || after.calls_cut == before.calls_cut, [&] {
    return fmt::format("{} ended {} calls on {}", testing::to_text(call), after.calls_cut - before.calls_cut,
                       machine == nullptr ? "" : machine->name);
  });
  const Told& told = told_[call.account];
  if (after.refused_for_money > before.refused_for_money) {
    // Nobody can know of money that went, or of a machine that came, since the last look.
    const bool fell = !told.balance || before.balance < *told.balance;
    const bool stranger = std::ranges::any_of(before.machines, [&](const Machine& one) {
      return !told.listed.contains(one.id) && !told.ordered.contains(one.id) && !told.creates_unknown.contains(one.uid);
    });
    assert_that(kRefused, fell || stranger, [&] { return testing::to_text(call); });
  } else {
    ++asserted_[kRefused];
  }
  const auto* create = std::get_if<CreateCall>(&call.what);
  if (create != nullptr && after.machines.size() > before.machines.size()) {
    const Mark& mark = create->request.mark;
    const auto intents = disk_.onlooker().intents_of(mark.key, 0).value();
    const auto own = std::ranges::find_if(
        intents, [&](const auto& one) { return one.first.action == Action::kCreate && one.first.uid == mark.uid; });
    const std::string replaces = own == intents.end() ? "" : own->first.request.string_or("replaces", "");
    for (const Machine& other : before.machines) {
      if (other.fleet != mark.fleet || other.key != mark.key || other.uid == replaces) continue;
      assert_that(kTwice, given_up(other.uid), [&] {
        return fmt::format("{} is there as {}, and {} makes another one", to_string(mark.key), other.id,
                           testing::to_text(call));
      });
    }
    ++asserted_[kTwice];
  }
  return reply;
}

void Laws::told(const Call& call, const Result<Answer>& answer) {
  Told& told = told_[call.account];
  if (const auto* create = std::get_if<CreateCall>(&call.what)) {
    const bool unknown = !answer.ok() && (answer.error().code == ErrorCode::kOutcomeUnknown ||
                                          answer.error().code == ErrorCode::kUnreadable);
    // Once it is looked for, a listing or its being given up tells.
    told.creates_unknown.erase(create->request.mark.uid);
    if (answer.ok() && !unknown) told.ordered.insert(std::get<Created>(*answer).id);
  }
  if (const auto* act = std::get_if<ProviderActionCall>(&call.what); act != nullptr && !commands_.empty()) {
    const bool unknown = !answer.ok() && answer.error().code == ErrorCode::kOutcomeUnknown;
    if (unknown && commands_.back().by_hand) unknown_by_hand_.back().insert(testing::to_text(call));
  }
  if (!answer.ok()) return;
  if (std::holds_alternative<BalanceCall>(call.what)) told.balance = std::get<Balance>(*answer).amount;
  if (const auto* list = std::get_if<ListCall>(&call.what)) {
    const ListPage& page = std::get<ListPage>(*answer);
    if (list->page.empty()) told.page.clear();
    for (const ObservedServer& server : page.servers) told.page.insert(server.id);
    if (page.next.empty()) {
      told.listed = told.page;
      told.ever_listed = true;
    }
  }
}

void Laws::engine_ended() {
  for (auto& [account, told] : told_) told.creates_unknown.clear();
}

void Laws::locked(std::optional<Timestamp> other_alive, Timestamp machine_now) {
  assert_that(kWriter, !other_alive || *other_alive <= machine_now, [&] {
    return fmt::format("a second engine was given the lock, and the first one's lease lasts for {}",
                       to_string(*other_alive - machine_now));
  });
}

void Laws::applied(const Plan& approved, const ApplyReport& report, const Plan& next) {
  const Command& command = commands_.back();
  for (const DesiredAccount& account : command.fleet->accounts) {
    const Census census = worlds_.census(account.name);
    const auto destroys = std::ranges::count_if(approved.changes, [&](const Change& change) {
      return change.account == account.name && change.action == Action::kReplace;
    });
    const auto servers = static_cast<std::int64_t>(census.machines.size());
    assert_that(kDestroy, destroys <= command.max_destroy.value_or(limit_of(account, servers)),
                [&] { return fmt::format("the plan replaces {} servers of account {}", destroys, account.name); });
    every_machine_has_an_owner(account.fleet, census);
    strangers_are_untouched(account.name, census);
  }
  const bool empty = report.exit_code() != 0 || next.empty();
  assert_that(kFixed, empty, [&] { return to_string(to_json(next)); });
}

void Laws::every_machine_has_an_owner(const std::string& fleet, const Census& census) {
  for (const Machine& machine : census.machines) {
    if (machine.fleet != fleet || owned_.contains(machine.uid)) continue;
    const auto intents = disk_.onlooker().intents_of(machine.key, 0).value();
    const bool known = std::ranges::any_of(intents, [&](const auto& one) { return one.first.uid == machine.uid; });
    assert_that(kOwner, known, [&] { return fmt::format("{} ({}, {})", machine.id, machine.name, machine.uid); });
    owned_.insert(machine.uid);
  }
}

void Laws::note_strangers() {
  for (const std::string& account : worlds_.accounts()) {
    strangers_[account].clear();
    for (const Machine& machine : worlds_.census(account).machines) strangers_[account].push_back(bare(machine));
  }
}

void Laws::strangers_are_untouched(const std::string& account, const Census& census) {
  for (const Machine& before : strangers_[account]) {
    const Machine* now = census.find(before.id);
    assert_that(kStrangers, now != nullptr && bare(*now) == before,
                [&] { return before.name + " of account " + account + " is not what it was"; });
  }
}

void Laws::converged(const DesiredFleet& fleet, const std::set<Key>& kept_by_protection) {
  // What is wanted stopped and stands still in another account, expired or not, moves when it is started: nobody pays
  // for a second one.
  std::map<Key, int> at_rest;
  for (const DesiredAccount& account : fleet.accounts) {
    for (const Machine& machine : worlds_.census(account.name).machines) {
      const DesiredServer* wanted = fleet.server(machine.key);
      const bool elsewhere = wanted != nullptr && wanted->power == Power::kStopped && wanted->account != account.name;
      const bool still = machine.phase == "stopped" || machine.phase == "expired";
      if (elsewhere && still && machine.fleet == account.fleet) ++at_rest[machine.key];
    }
  }
  for (const DesiredAccount& account : fleet.accounts) {
    std::map<Key, int> there;
    const Census census = worlds_.census(account.name);
    strangers_are_untouched(account.name, census);
    for (const Machine& machine : census.machines) {
      if (machine.fleet == account.fleet) ++there[machine.key];
    }
    for (const DesiredServer& wanted : fleet.servers) {
      if (wanted.account != account.name) continue;
      const int number = there[wanted.key] + at_rest[wanted.key];
      assert_that(kConverges, number == 1,
                  [&] { return fmt::format("{} is there {} times", to_string(wanted.key), number); });
      there.erase(wanted.key);
    }
    for (const auto& [key, number] : there) {
      assert_that(kConverges, number == 0 || at_rest[key] == 1 || kept_by_protection.contains(key),
                  [&, what = to_string(key)] { return what + " is there and not wanted"; });
    }
  }
}

void Laws::stays(bool changed, const std::string& what) {
  assert_that(kStays, !changed, [&] { return what; });
}

void Laws::never_ends(const std::string& what) {
  ++asserted_[kConverges];
  throw Violation{kConverges, what};
}

}  // namespace switchyard::simulation
