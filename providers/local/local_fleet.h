#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "providers/local/rack.h"
#include "providers/sim/shared_world.h"

namespace switchyard {

// One account's servers on this machine: what its world says (money, marks, phases: the simulator's code), what stands
// of it (Rack), and what the agents report. Thread-safe.
class LocalFleet {
 public:
  struct Options {
    std::string account;
    std::string state_folder;  // where its world (local-ACCOUNT.db), its servers (local-ACCOUNT/) and the authority lie
    std::string agent_program;
    Addresses::Options addresses{};
    WorldSettings fresh;
    SimTerms terms;
    enum class Access { kWrite, kRead } access;  // kRead: starts, ends and writes nothing
    MachineClock clock = machine_now;
    int concurrency = 16;  // agents that are asked at once
  };
  explicit LocalFleet(Options options);

  Provider& account() { return *account_; }
  Agent& agents() { return *agents_; }

  // A change at the provider, and what follows from it on the machine.
  template <class T, class What>
  Result<T> change(const What& what) {
    auto turn = take_turn(Rack::Missing::kMake);
    if (!turn) return turn.error();
    Result<T> done = what(account());
    // What cannot be made true now the next listing does, or says why it cannot.
    (void)make_true().ok();
    return done;
  }

  // Makes everything as the world says, brings those that wait for it under way, and tells the world what has become
  // so.
  Result<Done> bring_about(const CallLimits& limits);

  // Fills in what the agents of these servers say.
  Result<Done> ask_agents(std::vector<ObservedServer>& servers, const CallLimits& limits);
  // One agent's report, as the provider shows it.
  Result<AgentReport> ask_agent(const ObservedServer& server, const CallLimits& limits);
  // By what its agent knows the reconciler: the server as whoever speaks to its agent has to see it.
  ObservedServer to_dial(ObservedServer server) const;

  // The account's time as the provider tells it; servers that are to run, for tests and tools.
  SharedWorld& world() { return *world_; }

 private:
  struct OneTurn {
    std::unique_lock<std::mutex> guard;
    Rack::Turn turn;
  };
  Result<OneTurn> take_turn(Rack::Missing missing);
  Result<std::vector<SimServer>> servers();
  Result<Done> make_true();
  bool has_come_about(const SimServer& server, const CallLimits& limits);
  AgentReport as_shown(AgentReport report, const SimServer& server, Timestamp now) const;
  Result<AgentReport> answer_of(const ObservedServer& seen, const SimServer& server, const CallLimits& limits,
                                std::chrono::steady_clock::time_point until) const;
  std::string agent_uid(const std::string& id) const;
  Result<Invitation> invitation_of(const SimServer& server) const;
  Rack::Options rack_options() const;
  Result<Done> make_room(World& world, std::int64_t number, const CreateRequest& request);
  bool may_write() const { return options_.access == Options::Access::kWrite; }

  const Options options_;
  std::unique_ptr<Agent> agents_;
  Rack rack_;
  std::shared_ptr<SharedWorld> world_;  // shared with account_
  std::unique_ptr<Provider> account_;
  std::mutex mutex_;  // of the rack
};

}  // namespace switchyard
