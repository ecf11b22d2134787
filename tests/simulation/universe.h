#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "tests/simulation/laws.h"
#include "tests/simulation/network.h"
#include "tests/simulation/schedule.h"
#include "tests/simulation/trace.h"
#include "tests/simulation/worlds.h"

namespace switchyard::simulation {

// Everything outside the engine: time, the providers' worlds, the network, the machine's clock, and what befalls them.
// All of it moves when somebody lets time pass, in the caller's thread.
class Universe {
 public:
  Universe(const Schedule& schedule, Worlds& worlds, Laws& laws, Trace& trace);

  // The providers' clock.
  Timestamp now() const { return now_; }
  // The engine's clock and the machine's, which are one when the provider is not embedded. It may jump.
  Timestamp machine_now() const { return now_ + offset_; }
  MachineClock clock() const {
    return [this] { return machine_now(); };
  }
  // The same for who works with this disk.
  MachineClock clock_beside(Disk& disk) {
    return [this, &disk] {
      sync(disk);
      return machine_now();
    };
  }

  // Lets time pass until something happens that was due, or until `limit`.
  void step(Timestamp limit);
  void pass_to(Timestamp time);
  // When something last befell anybody.
  Timestamp last_incident() const { return last_incident_; }
  // Lets the time pass that a slow disk has taken for what was committed since this was last asked. A store cannot be
  // interrupted, so it passes when somebody looks at the clock; until then no second engine gets at the state.
  void sync(Disk& disk);
  bool syncing() const { return syncing_; }
  // When the next incident is due; nothing: there are no more.
  std::optional<Timestamp> next_incident() const;

  // Incidents that are not the world's: what the operator does, and the end of processes.
  void on_operator(std::function<void(const Incident&)> does) { operator_does_ = std::move(does); }
  // Ends everything that is wrong; no further incident comes.
  void calm();

  Network& network() { return network_; }
  Worlds& worlds() { return worlds_; }
  Laws& laws() { return laws_; }
  Trace& trace() { return trace_; }
  void note(Trace::Line line, std::string_view text) { trace_.note(now_, line, text); }

  // The process that comes by so many moments of that kind is killed there.
  enum class Moment {
    kAny,     // whenever it waits as well
    kChange,  // just before or just after it sends a call that changes the world
  };
  void arm(Moment kind, std::int64_t moments);
  // One such moment.
  void moment(Moment kind);
  // No calls reach a server that something is being done to, or that refuses them.
  void busy(std::function<bool(const std::string& account, const Key& key)> is_busy) { is_busy_ = std::move(is_busy); }

  std::int64_t calls_sent = 0;
  std::map<std::string, std::int64_t> happened;  // incidents, by kind

 private:
  Duration sync_takes();
  void happen(const Incident& incident);
  std::string happen_to_a_world(const Incident& incident);
  std::string set_fault(const Incident& incident, Random& random, const std::string& account);
  std::string put_calls(const Incident& incident, Random& random, const std::string& account, const Machine& machine);
  void later(Duration after, std::function<void()> end);

  Schedule schedule_;
  std::size_t next_ = 0;
  Worlds& worlds_;
  Laws& laws_;
  Trace& trace_;
  Network network_;
  Random slowness_;
  Timestamp beginning_;
  Timestamp now_;
  Timestamp last_incident_{};
  Duration offset_{};
  std::multimap<Timestamp, std::function<void()>> ends_;
  bool syncing_ = false;
  int slow_disks_ = 0;
  int slow_networks_ = 0;
  Moment kills_at_ = Moment::kAny;
  std::int64_t lives_ = -1;
  std::function<void(const Incident&)> operator_does_;
  std::function<bool(const std::string&, const Key&)> is_busy_;
};

}  // namespace switchyard::simulation
