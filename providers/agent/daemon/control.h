#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "providers/agent/daemon/clock.h"
#include "providers/agent/daemon/driver.h"
#include "providers/agent/daemon/generations.h"
#include "providers/agent/daemon/processes.h"
#include "providers/agent/daemon/stance.h"

namespace switchyard {

// How often and how long. The defaults are what a server lives with; tests may hurry.
struct ControlTimes {
  Duration look = std::chrono::seconds(5);                // between two readings that nobody asked for
  Duration fresh = std::chrono::milliseconds(100);        // a reading younger than this answers a report
  Duration probe = std::chrono::seconds(10);              // between two measurements of latency
  Duration release = std::chrono::seconds(60);            // between two looks at the program on the disk
  Duration to_answer = std::chrono::seconds(15);          // from its start until it has to answer
  Duration to_read_back = std::chrono::seconds(3);        // from a push until it has to read back as pushed
  Duration hung = std::chrono::seconds(30);               // without any answer, though it runs, it is ended
  Duration first_pause = std::chrono::milliseconds(500);  // before a start or a repair is tried again; doubles
  Duration longest_pause = std::chrono::seconds(60);
  Duration settled = std::chrono::seconds(60);    // having run for so long, it is started again at once
  Duration longest_call = std::chrono::hours(2);  // calls older than that are taken to have ended
};

// Tells what happens, for a log: a constant sentence plus keys.
using Diary = std::function<void(std::string_view sentence,
                                 std::initializer_list<std::pair<std::string_view, std::string>> keys)>;

// Keeps the one process of a server as it was asked to be. Level-triggered: each step() looks at what is and repairs
// what is not as it should be; no step relies on what an earlier one did. One thread; configure() and act() return when
// what they were asked for is in force or undone again.
//
// What is in force is what the link `good` names: a generation is good once a running process read back as it says. The
// link `current` names what the process reads; where the two differ, a change was under way. It restarts a process by
// itself only when that is dead or hung: what runs, and could be replaced, waits until somebody asks.
class Control {
 public:
  Control(Place place, ControlTimes times, Driver& driver, Processes& processes, Clock& clock, Diary diary);

  // Reads what is kept in the folder (made if it is missing), adopts what runs, finishes or undoes what a crash left
  // half-way. Errors: kStorage, kUnreadable: then nothing else may be called.
  Result<Done> open();

  Result<Done> admit(std::int64_t fence) { return stance_->admit(fence); }
  Result<Done> configure(const Configuration& wanted);
  Result<Done> act(Action action);

  // One look at everything that is due.
  void step();
  AgentReport report();

 private:
  struct Words {
    std::string text;
    Timestamp at;
  };
  // Failures in a row of something that is tried again and again.
  struct Backoff {
    int failures = 0;
    Duration next{};
  };
  // control.cc
  Result<Done> bring(const Configuration& wanted, const Rendered& rendered);
  Result<Done> start_again();
  Result<Done> restart();
  Result<Done> stop_process();
  Result<Done> push();
  // What to answer: the reason, and what became of it.
  Error roll_back(const Error& reason);
  Result<Done> renew();
  Result<Done> turn(Traffic traffic);
  Result<Done> wait_for_answer();
  Result<Done> wait_for_read_back();
  Result<Done> write_current();
  Error with_words(Error error);
  bool would_restart(const Rendered& rendered);
  // control_step.cc
  void keep_alive();
  void look();
  void repair();
  void measure();
  void failed(Backoff& backoff);
  void note_trouble(const std::string& text);
  std::vector<std::string> differences() const;
  bool read_now();
  // control_report.cc
  Json details() const;
  std::optional<std::string> why_unknown() const;

  Place place_;
  ControlTimes times_;
  Driver& driver_;
  Processes& processes_;
  Clock& clock_;
  Diary diary_;
  Generations generations_;
  std::optional<Stance> stance_;

  std::optional<Generation> current_;
  std::optional<Generation> good_;
  std::optional<RunningProcess> running_;
  bool nothing_since_ = false;  // since calls were counted and found to be none, no process has served

  std::optional<Reading> reading_;
  Duration read_at_{};     // clock_.running()
  Timestamp read_when_{};  // clock_.now()
  std::optional<Duration> silent_since_;
  std::optional<Words> trouble_;
  Backoff starts_;
  Backoff repairs_;

  std::string installed_;
  std::optional<std::int64_t> sip_latency_us_;
  std::optional<std::int64_t> icmp_latency_us_;
  std::string icmp_trouble_;
  Timestamp probed_when_{};
  std::optional<Duration> next_look_;
  std::optional<Duration> next_probe_;
  std::optional<Duration> next_release_;
};

}  // namespace switchyard
