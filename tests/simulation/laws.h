#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reconciler/engine/engine.h"
#include "state/lock.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/worlds.h"

namespace switchyard::simulation {

// The laws of design 4, asserted over what passes between an engine and its providers, against what is true there and
// what is durable on the disk. It knows nothing of the engine's inside. A law that is broken throws Violation.
class Laws {
 public:
  Laws(Worlds& worlds, Disk& disk) : worlds_(worlds), disk_(disk) {}

  // What the command that runs was given. Commands of two engines may nest.
  struct Command {
    const DesiredFleet* fleet;
    std::optional<std::int64_t> max_destroy;  // --max-destroy
    std::set<Key> may_cut;                    // --allow-disruption
    bool by_hand = false;
  };
  void begins(Command command);
  void ends();

  // A machine that is nobody's business, there from the start.
  void note_strangers();

  // A call that an engine has decided on and written down, at this time of its clock.
  void sends(const Call& call, Timestamp machine_now);
  // It leaves, once what was written is on the disk.
  void leaves(const Call& call, const Lock& lock, Timestamp machine_now);
  // Carries it out in the world, looking before and after.
  SimReply carries_out(const Call& call);
  // An answer that has come back to an engine.
  void told(const Call& call, const Result<Answer>& answer);
  // An engine has ended, well or not: what it had sent is no longer on its way for it.
  void engine_ended();
  // An engine was given the lock. `other_alive`: until when another one holds a lease that it keeps.
  void locked(std::optional<Timestamp> other_alive, Timestamp machine_now);

  // After an apply: what it reported, and what the engine would do next with what it knows.
  void applied(const Plan& approved, const ApplyReport& report, const Plan& next);
  // At the end, when nothing goes wrong any more.
  void converged(const DesiredFleet& fleet, const std::set<Key>& kept_by_protection);
  void stays(bool changed, const std::string& what);
  [[noreturn]] void never_ends(const std::string& what);

  // How often each law was asserted.
  const std::map<std::string, std::int64_t>& asserted() const { return asserted_; }

 private:
  using Saying = std::function<std::string()>;
  void assert_that(const char* law, bool holds, const Saying& saying);
  void sends_create(const Call& call, const CreateCall& create);
  void sends_reactivation(const Call& call, const ProviderActionCall& act);
  void sends_removal(const Call& call, const RemoveCall& remove);
  void sends_to_a_machine(const Call& call, const std::string& id);
  bool given_up(const std::string& uid);
  const std::string* fleet_of(const std::string& account) const;
  void every_machine_has_an_owner(const std::string& fleet, const Census& census);
  void strangers_are_untouched(const std::string& account, const Census& census);

  // What an engine was told of an account.
  struct Told {
    std::optional<Money> balance;
    std::set<std::string> page;    // of a listing that is being read
    std::set<std::string> listed;  // ids of the last complete one
    bool ever_listed = false;
    std::set<std::string> ordered;          // ids that a create was answered with
    std::set<std::string> creates_unknown;  // uids sent and not answered
  };

  Worlds& worlds_;
  Disk& disk_;
  std::vector<Command> commands_;
  std::vector<std::map<std::string, std::set<std::string>>> removed_;  // by command and account: ids
  std::vector<std::set<std::string>> unknown_by_hand_;                 // by command: actions without an answer
  std::map<std::string, Told> told_;
  std::set<std::string> uids_sent_;
  std::set<std::string> owned_;  // uids that the journal knows
  std::map<std::string, std::vector<Machine>> strangers_;
  std::map<std::string, std::int64_t> asserted_;
};

}  // namespace switchyard::simulation
