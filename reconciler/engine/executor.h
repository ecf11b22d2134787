#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reconciler/engine/workshop.h"

namespace switchyard {

// What an action may take before it counts as hanging.
inline constexpr std::chrono::minutes kLongestAction{20};

// Carries out one plan: each change is a task that goes from step to step as answers, listings and times come in. One
// turn of the loop writes all intents and outcomes of that turn in one commit.
class Executor {
 public:
  using OnProgress = std::function<void(const Progress&)>;

  Executor(Workshop& shop, const PlanOptions& options, OnProgress progress);

  // Runs until every change has ended, or a stop or `deadline` (machine's clock) came. Error: only of the store or the
  // lock.
  Result<Done> run(const std::vector<Change>& changes, Intent::Origin origin, std::optional<Timestamp> deadline);

  // Tells that `waiting` changes wait for an account and when it is asked again; an empty `why`: it answers again.
  void tell_account(const std::string& account, const std::string& why, std::size_t waiting,
                    std::optional<Timestamp> next_try);

  // What came of it; added up over several runs.
  int done() const { return done_; }
  bool interrupted() const { return interrupted_; }
  // By resource and action; a later success takes its failure away.
  const std::map<std::pair<Key, Action>, std::string>& failures() const { return failures_; }
  const std::map<std::pair<Key, Action>, Hold>& held() const { return held_; }
  const std::vector<std::string>& stale() const { return stale_; }
  // How often in a row a change was refused because the world had moved, and why last.
  struct Refusals {
    int number = 0;
    std::string why;
  };
  const std::map<std::pair<Key, Action>, Refusals>& refusals() const { return refusals_; }

 private:
  enum class End { kDone, kFailed, kHeld, kStale, kAbandoned };

  struct Task {
    explicit Task(Change of) : change(std::move(of)) {}

    Change change;
    bool begun = false;
    std::optional<End> end;
    int waits = 0;  // changes that must still end
    std::vector<std::size_t> hard_dependants;
    std::vector<std::size_t> soft_dependants;
    std::string uid;  // of the machine it works on; of a create its new one
    std::string provider_id;
    int tries = 0;                       // of the call at hand
    int tries_while_limited = 0;         // that a rate limit refused
    Timestamp step_began{};              // engine's clock
    std::optional<Timestamp> look_from;  // provider's `now` of the first listing after an answer was lost
    std::function<void()> on_time;       // when its timer is due
    std::function<void()> on_listing;    // when its account was listed
    bool drained_here = false;           // we drained it and owe it an undrain
    bool cuts = false;                   // --allow-disruption: no drain
    Timestamp drain_began{};
    int zero_readings = 0;
    std::optional<std::int64_t> last_reading;
    Action acting;           // the call at hand
    bool half_done = false;  // a replacement whose successor serves
    int halves_waiting = 0;  // changes that run between its halves
    std::string successor_uid;
    std::string successor_id;
  };
  using Next = std::function<void()>;

  // executor.cc: order, time, ends.
  void prepare_tasks(const std::vector<Change>& changes);
  void release(std::size_t task);
  void begin(std::size_t task);
  void begin_ready();
  void end(std::size_t task, End how, const std::string& text);
  void end_held(std::size_t task, Gate gate, const std::string& reason);
  void fail(std::size_t task, const std::string& message);
  void step(std::size_t task, const std::string& text);
  // What keeps whole accounts waiting is told once an account, not once a change.
  void tell_what_waits();
  void at(std::size_t task, Timestamp time, Next next);
  void on_listing(std::size_t task, const std::string& account, Next next);
  void run_timers();
  void poll();
  Timestamp next_due() const;
  void abandon_waiting();
  bool refresh_overrides();
  bool blocked_by_person(std::size_t task);
  ObservedServer* machine(const Task& task);
  const DesiredServer* wanted(const Task& task) const;
  const DesiredAccount* account_of(const Task& task) const;

  // create_steps.cc
  void begin_create(std::size_t task);
  std::optional<Hands::Submission> prepare_create(std::size_t task);
  void create_answered(std::size_t task, std::int64_t intent, Result<Answer> answer);
  void look_for_create(std::size_t task, std::int64_t intent);
  void wait_for_delivery(std::size_t task);
  void delivered(std::size_t task);

  // change_steps.cc
  void begin_update(std::size_t task);
  void update_drained(std::size_t task);
  void rename(std::size_t task, const Next& next);
  void configure(std::size_t task);
  void wait_until_in_force(std::size_t task, Configuration wanted, std::int64_t intent);
  void finish_change(std::size_t task);
  void undrain_then_done(std::size_t task);

  // action_steps.cc
  void begin_action(std::size_t task);
  // Sends a provider's or agent's action and goes on once it is proven done; `allowed` false ends the task.
  void act(std::size_t task, Action action, const Json& arguments, const Next& next);
  void action_answered(std::size_t task, Action action, const Json& arguments, std::int64_t intent,
                       const std::string& proof_before, const Result<Answer>& answer, const Next& next);
  void wait_for_action(std::size_t task, Action action, const std::string& action_id, std::int64_t intent,
                       const Next& next);
  bool still_as_planned(std::size_t task);
  Intent intent_for(const Task& task, Action action, Json request);
  // The common end of a mutating call that did not work; true when `again` will run later.
  bool try_again(std::size_t task, const Error& error, Next again);

  // drain_steps.cc
  // Runs `next` once the machine is at zero calls (or need not be); otherwise the task ends held (law 6).
  void when_free_of_calls(std::size_t task, const Next& next);
  void judge(std::size_t task, const Next& next);
  void read_channels(std::size_t task, const Next& next);
  void drain_timed_out(std::size_t task);

  // remove_steps.cc
  void begin_remove(std::size_t task);
  void remove_machine(std::size_t task);
  void close_what_is_open(const Task& removed);
  void begin_replace(std::size_t task);
  void replace_second_half(std::size_t task);

  Workshop& shop_;
  const PlanOptions& options_;
  OnProgress progress_;
  Intent::Origin origin_ = Intent::Origin::kPlanned;
  std::vector<Task> tasks_;
  std::multimap<Timestamp, std::pair<std::size_t, Next>> timers_;
  std::map<std::string, std::set<std::size_t>> listening_;
  std::map<std::string, Timestamp> next_look_;
  std::map<std::string, Timestamp> look_began_;
  std::map<std::string, Duration> look_pause_;
  std::map<std::string, std::pair<std::string, std::optional<Timestamp>>> told_;  // by account: why it waits, next try
  std::map<std::string, int> reactivations_open_;
  std::map<std::string, std::vector<std::size_t>> creates_waiting_;
  std::deque<std::size_t> ready_;
  int ended_ = 0;
  int done_ = 0;
  bool interrupted_ = false;
  std::map<std::pair<Key, Action>, std::string> failures_;
  std::map<std::pair<Key, Action>, Hold> held_;
  std::vector<std::string> stale_;
  std::map<std::pair<Key, Action>, Refusals> refusals_;
  std::optional<Error> broken_;
};

}  // namespace switchyard
