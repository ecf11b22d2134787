#include "providers/agent/daemon/control.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "providers/agent/daemon/durable_file.h"

namespace switchyard {

Control::Control(Place place, ControlTimes times, Driver& driver, Processes& processes, Clock& clock, Diary diary)
    : place_(std::move(place)),
      times_(times),
      driver_(driver),
      processes_(processes),
      clock_(clock),
      diary_(std::move(diary)),
      generations_(place_.folder) {}

Result<Done> Control::open() {
  if (auto made = make_folder(place_.folder); !made) return made;
  if (auto made = make_folder(place_.folder + "/run"); !made) return made;
  Result<Stance> stance = Stance::open(place_.folder);
  if (!stance) return stance.error();
  stance_.emplace(*std::move(stance));
  auto current = generations_.current();
  if (!current) return current.error();
  current_ = *std::move(current);
  auto good = generations_.good();
  if (!good) return good.error();
  good_ = *std::move(good);
  running_ = processes_.running();
  if (running_) diary_("adopted the process that runs", {{"pid", std::to_string(running_->pid)}});
  if (!current_ || (good_ && good_->number == current_->number)) return Done{};

  // A change was under way when the agent ended.
  if (!running_) return Done{};  // step() starts what is current, and goes back if that does not do
  if (running_->note.string_or("restartKey", "") == current_->rendered.restart_key) {
    if (auto done = push(); !done) note_trouble(roll_back(done.error()).message);
    return Done{};
  }
  // What runs was not replaced yet, and may have calls: whoever asked will look and ask again.
  if (!good_) return Done{};
  if (auto done = generations_.make_current(good_->number); !done) return done;
  current_ = good_;
  return Done{};
}

// The process's own words behind a sentence of ours.
Error Control::with_words(Error error) {
  const std::string words = processes_.words();
  if (!words.empty() && error.message.find(words) == std::string::npos) error.message += "; it said: " + words;
  return error;
}

// Whether the configuration itself asks for a restart. That a newer agent would render the one in force differently
// does not: then what runs is left as it is, and shows as a pending release.
bool Control::would_restart(const Rendered& rendered) {
  if (!current_ || !good_) return true;
  const Result<Rendered> as_it_is = driver_.render(good_->wanted, stance_->traffic());
  const std::string& before = as_it_is ? as_it_is->restart_key : good_->rendered.restart_key;
  return before != rendered.restart_key;
}

Result<Done> Control::configure(const Configuration& wanted) {
  Configuration sorted = wanted;
  std::ranges::sort(sorted.peers, {}, [](const Peer& peer) { return std::pair(peer.purpose, peer.name); });
  std::ranges::sort(sorted.secrets);
  const Result<Rendered> rendered = driver_.render(sorted, stance_->traffic());
  if (!rendered) return rendered.error();
  running_ = processes_.running();
  auto done = bring(sorted, *rendered);
  if (!done) {
    note_trouble(done.error().message);
    diary_("a configuration was not taken", {{"why", done.error().message}});
  } else {
    trouble_.reset();
  }
  return done;
}

Result<Done> Control::bring(const Configuration& wanted, const Rendered& rendered) {
  const bool stopped = stance_->power() == Power::kStopped;
  const bool in_force = good_ && current_ && good_->number == current_->number;
  if (in_force && good_->rendered == rendered && (running_ || stopped)) {
    if (good_->wanted.fields != wanted.fields || good_->wanted.peers != wanted.peers ||
        good_->wanted.secrets != wanted.secrets) {
      // Words for people alone: no process reads them.
      Generation renamed = *good_;
      renamed.wanted = wanted;
      if (auto done = generations_.rewrite(renamed); !done) return done;
      good_ = current_ = std::move(renamed);
    }
    return running_ && !differences().empty() ? push() : Result<Done>(Done{});
  }
  const bool restarts = !running_ || would_restart(rendered);
  auto candidate = generations_.make(wanted, rendered);
  if (!candidate) return candidate.error();
  const auto refuse = [&](const Error& error) -> Result<Done> {
    if (auto removed = generations_.remove(candidate->number); !removed) return removed;
    return error;
  };
  if (auto done = driver_.check(rendered, generations_.path(candidate->number)); !done) return refuse(done.error());
  if (restarts && !stopped) {
    if (const std::string held = processes_.held_by_others(rendered.listens); !held.empty()) {
      return refuse({ErrorCode::kConflict, held});
    }
  }
  if (auto done = generations_.make_current(candidate->number); !done) return refuse(done.error());
  current_ = *std::move(candidate);
  Result<Done> done = Done{};
  if (!stopped) done = restarts ? restart() : push();
  if (!done) return roll_back(done.error());
  if (stopped) good_ = current_;
  if (auto marked = generations_.mark_good(current_->number); !marked) return marked;
  diary_("a configuration is in force", {{"generation", std::to_string(current_->number)},
                                         {"by", stopped    ? "writing"
                                                : restarts ? "restart"
                                                           : "push"}});
  return Done{};
}

// The files of the current generation say whether new calls are taken, for the next start of the process; and whatever
// a hand did to them is undone.
Result<Done> Control::write_current() {
  Generation turned = *current_;
  const Result<Rendered> rendered = driver_.render(current_->wanted, stance_->traffic());
  if (rendered && rendered->restart_key == turned.rendered.restart_key) turned.rendered = *rendered;
  if (auto done = generations_.rewrite(turned); !done) return done;
  if (good_ && good_->number == turned.number) good_ = turned;
  current_ = std::move(turned);
  return Done{};
}

// Calls outlive a SIP proxy, which counts only those that it saw begin; unless none was left, the count is unknown
// until the longest of them must have ended. Sound does not outlive the process that relays it.
Result<Done> Control::stop_process() {
  const bool was_there = running_.has_value();
  if (running_) read_now();
  const bool counted_none = nothing_since_ || (!stance_->uncounted_until() && reading_ && reading_->channels == 0 &&
                                               (running_ || stance_->traffic() == Traffic::kRefused));
  nothing_since_ = counted_none;
  if (place_.role != Role::kMedia && good_ && !counted_none && (was_there || stance_->power() == Power::kRunning)) {
    if (auto done = stance_->set_uncounted_until(clock_.now() + times_.longest_call); !done) return done;
  }
  reading_.reset();
  running_.reset();
  return processes_.stop();
}

Result<Done> Control::restart() {
  if (auto done = stop_process(); !done) return done;
  if (auto done = write_current(); !done) return done;
  const auto installed = driver_.installed();
  if (installed) installed_ = *installed;
  Json note = Json::Object{
      {"generation", current_->number}, {"restartKey", current_->rendered.restart_key}, {"release", installed_}};
  if (auto done = processes_.start(current_->rendered, std::move(note)); !done) return done;
  running_ = processes_.running();
  diary_("started the process", {{"pid", running_ ? std::to_string(running_->pid) : "dead at once"},
                                 {"generation", std::to_string(current_->number)}});
  if (auto done = wait_for_answer(); !done) return done;
  return push();
}

Result<Done> Control::wait_for_answer() {
  const Duration end = clock_.running() + times_.to_answer;
  for (;;) {
    running_ = processes_.running();
    if (!running_) return with_words({ErrorCode::kRefused, fmt::format("the process {}", processes_.death())});
    const auto answer = driver_.probe(std::chrono::milliseconds(500));
    if (answer && (answer->status == 200 || (answer->status == 503 && stance_->traffic() == Traffic::kRefused))) {
      nothing_since_ = false;
      sip_latency_us_ = answer->took.count();
      probed_when_ = clock_.now();
      return Done{};
    }
    if (clock_.running() >= end) {
      const std::string said =
          answer ? fmt::format("it answers with status {}", answer->status) : answer.error().message;
      return with_words({ErrorCode::kRefused, fmt::format("the process runs, but does not serve after {}: {}",
                                                          to_string(times_.to_answer), said)});
    }
    clock_.wait(std::chrono::milliseconds(20));
  }
}

// Pushes the current generation and believes only what is read back.
Result<Done> Control::push() {
  Result<Done> pushed = driver_.push(current_->rendered);
  if (!pushed && pushed.error().code == ErrorCode::kConflict && pushed.error().retry_after) {
    // It takes some things only so often.
    clock_.wait(std::min<Duration>(*pushed.error().retry_after, times_.to_answer));
    pushed = driver_.push(current_->rendered);
  }
  if (!pushed) return with_words(pushed.error());
  if (auto done = driver_.set_traffic(stance_->traffic()); !done) return with_words(done.error());
  if (auto done = wait_for_read_back(); !done) return done;
  good_ = current_;
  repairs_ = {};
  return generations_.mark_good(current_->number);
}

Result<Done> Control::wait_for_read_back() {
  const Duration end = clock_.running() + times_.to_read_back;
  for (;;) {
    const bool read = read_now();
    const std::vector<std::string> differing = differences();
    if (read && differing.empty()) return Done{};
    if (clock_.running() >= end) {
      std::string names;
      for (const std::string& name : differing) names += (names.empty() ? "" : ", ") + name;
      return with_words({ErrorCode::kRefused, read ? "it reads back otherwise than it was told: " + names
                                                   : std::string("it does not say what it does")});
    }
    clock_.wait(std::chrono::milliseconds(50));
  }
}

// Back to the last good generation. The reason is the answer either way.
Error Control::roll_back(const Error& reason) {
  Error answer{.code = reason.code == ErrorCode::kStorage || reason.code == ErrorCode::kConflict ? reason.code
                                                                                                 : ErrorCode::kRefused,
               .message = reason.message};
  const std::int64_t refused = current_->number;
  running_ = processes_.running();
  if (!good_) {
    if (auto done = processes_.stop(); !done) return done.error();
    running_.reset();
    reading_.reset();
    current_.reset();
    if (auto done = generations_.forget_current(); !done) return done.error();
    if (auto done = generations_.remove(refused); !done) return done.error();
    answer.message = "not taken, and nothing was in force before: " + answer.message;
    return answer;
  }
  if (auto done = generations_.make_current(good_->number); !done) return done.error();
  current_ = good_;
  if (refused != good_->number) {
    if (auto done = generations_.remove(refused); !done) return done.error();
  }
  const bool same_process = running_ && running_->note.string_or("restartKey", "") == good_->rendered.restart_key;
  const auto done = same_process ? push() : restart();
  answer.message = fmt::format("rolled back to generation {}: {}", good_->number, answer.message);
  if (!done) {
    failed(starts_);
    answer.message += "; and that is not in force yet: " + done.error().message;
  }
  diary_("rolled back", {{"generation", std::to_string(good_->number)}, {"why", reason.message}});
  return answer;
}

Result<Done> Control::turn(Traffic traffic) {
  if (auto done = stance_->set(traffic); !done) return done;
  if (!current_) return Done{};
  if (auto done = write_current(); !done) return done;
  running_ = processes_.running();
  if (!running_) return Done{};
  if (auto done = driver_.set_traffic(traffic); !done) return with_words(done.error());
  const bool refused = traffic == Traffic::kRefused;
  if (read_now() && reading_->drained != refused) {
    // Some take calls again only with the rest of what they are told.
    if (auto done = driver_.push(current_->rendered); !done) return with_words(done.error());
  }
  const Duration end = clock_.running() + times_.to_read_back;
  while (!read_now() || reading_->drained.value_or(refused) != refused) {
    if (clock_.running() >= end) {
      return with_words(
          {ErrorCode::kRefused, "it does not read back as " + std::string(refused ? "" : "un") + "drained"});
    }
    clock_.wait(std::chrono::milliseconds(50));
  }
  return Done{};
}

// The configuration in force, rendered by this agent, in a process started anew.
Result<Done> Control::renew() {
  if (!good_) return Error{ErrorCode::kConflict, "nothing is configured yet"};
  const Result<Rendered> rendered = driver_.render(good_->wanted, stance_->traffic());
  if (!rendered) return rendered.error();
  running_ = processes_.running();
  if (const std::string held = processes_.held_by_others(rendered->listens); !held.empty()) {
    return Error{ErrorCode::kConflict, held};
  }
  if (*rendered != good_->rendered) {
    auto candidate = generations_.make(good_->wanted, *rendered);
    if (!candidate) return candidate.error();
    if (auto done = driver_.check(*rendered, generations_.path(candidate->number)); !done) {
      if (auto removed = generations_.remove(candidate->number); !removed) return removed;
      return done;
    }
    if (auto done = generations_.make_current(candidate->number); !done) return done;
    current_ = *std::move(candidate);
  }
  if (auto done = restart(); !done) return roll_back(done.error());
  starts_ = {};
  return Done{};
}

Result<Done> Control::act(Action action) {
  diary_("asked for an action", {{"action", std::string(to_string(action))}});
  switch (action) {
    case Action::kDrain:
      return turn(Traffic::kRefused);
    case Action::kUndrain:
      return turn(Traffic::kTaken);
    case Action::kFlush:
      running_ = processes_.running();
      if (!current_ || !running_) return Error{ErrorCode::kConflict, "nothing runs that could take its configuration"};
      return push();
    case Action::kUpgrade: {
      next_release_.reset();
      const AgentReport now = report();
      return now.pending_release.empty() ? Result<Done>(Done{}) : renew();
    }
    case Action::kRestart:
    case Action::kInstall:
      if (stance_->power() == Power::kStopped) nothing_since_ = !stance_->uncounted_until();
      if (auto done = stance_->set(Power::kRunning); !done) return done;
      return renew();
    case Action::kStart:
      if (stance_->power() == Power::kStopped) nothing_since_ = !stance_->uncounted_until();
      if (auto done = stance_->set(Power::kRunning); !done) return done;
      running_ = processes_.running();
      return running_ || !good_ ? Result<Done>(Done{}) : renew();
    case Action::kStop:
      if (auto done = stance_->set(Power::kStopped); !done) return done;
      running_ = processes_.running();
      return stop_process();
    case Action::kCreate:
    case Action::kUpdate:
    case Action::kReplace:
    case Action::kDelete:
    case Action::kOsCycle:
    case Action::kPowerCycle:
    case Action::kReactivate:
    case Action::kResize:
      break;
  }
  return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is no action of an agent", to_string(action))};
}

}  // namespace switchyard
