#include "reconciler/engine/executor.h"

#include <algorithm>

#include "reconciler/core/membership.h"

namespace switchyard {
namespace {

constexpr std::chrono::milliseconds kFirstLook{250};
constexpr std::chrono::seconds kLongestPause{5};
constexpr std::chrono::minutes kLongestRest{1};  // after a look that took long itself

}  // namespace

Executor::Executor(Workshop& shop, const PlanOptions& options, OnProgress progress)
    : shop_(shop), options_(options), progress_(std::move(progress)) {}

const DesiredServer* Executor::wanted(const Task& task) const {
  return shop_.desired().server(task.change.resource);
}

const DesiredAccount* Executor::account_of(const Task& task) const {
  return shop_.desired().account(task.change.account);
}

ObservedServer* Executor::machine(const Task& task) {
  return shop_.observer.find(task.change.account, task.provider_id);
}

void Executor::prepare_tasks(const std::vector<Change>& changes) {
  tasks_.clear();
  timers_.clear();
  listening_.clear();
  next_look_.clear();
  look_pause_.clear();
  reactivations_open_.clear();
  creates_waiting_.clear();
  ready_.clear();
  ended_ = 0;
  tasks_.reserve(changes.size());
  for (const Change& change : changes) {
    Task task(change);
    task.uid = change.uid;
    task.provider_id = change.provider_id;
    task.acting = change.action;
    task.cuts = ends_calls(change.effect) && !change.waits_for_zero_calls;
    tasks_.push_back(std::move(task));
    if (change.action == Action::kReactivate) ++reactivations_open_[change.account];
  }
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    for (const int id : tasks_[i].change.after) {
      tasks_[static_cast<std::size_t>(id) - 1].hard_dependants.push_back(i);
      ++tasks_[i].waits;
      if (tasks_[static_cast<std::size_t>(id) - 1].change.action == Action::kReplace) {
        ++tasks_[static_cast<std::size_t>(id) - 1].halves_waiting;
      }
    }
    for (const int id : tasks_[i].change.after_end) {
      tasks_[static_cast<std::size_t>(id) - 1].soft_dependants.push_back(i);
      ++tasks_[i].waits;
    }
  }
  for (const DesiredAccount& account : shop_.desired().accounts) {
    shop_.hands.set_places(account.name, shop_.options.parallelism.value_or(account.concurrency));
  }
}

Result<Done> Executor::run(const std::vector<Change>& changes, Intent::Origin origin,
                           std::optional<Timestamp> deadline) {
  origin_ = origin;
  prepare_tasks(changes);
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    if (tasks_[i].waits == 0) ready_.push_back(i);
  }
  const auto total = static_cast<int>(tasks_.size());
  while (ended_ < total || shop_.hands.in_flight()) {
    const bool late = deadline && shop_.options.machine_clock() >= *deadline;
    if ((shop_.hands.runner().stops() > 0 || late) && !interrupted_) {
      interrupted_ = true;
      shop_.hands.abandon();
      abandon_waiting();
    }
    if (shop_.hands.runner().stops() > 1) break;
    if (interrupted_ && !shop_.hands.in_flight()) break;
    if (!interrupted_) {
      if (!refresh_overrides()) return *broken_;
      run_timers();
      poll();
      begin_ready();
    }
    Timestamp due = interrupted_ ? shop_.now() + std::chrono::seconds(1) : next_due();
    if (deadline)
      due = std::min(due, shop_.now() + std::max<Duration>(*deadline - shop_.options.machine_clock(), Duration(1)));
    if (Result<Done> turned = shop_.hands.turn(due); !turned.ok()) return turned;
    if (shop_.observer.store_failure()) return *shop_.observer.store_failure();
    if (broken_) return *broken_;
    tell_what_waits();
  }
  return shop_.hands.write();
}

// After a stop what is in flight ends; whatever only waits is left as it is, to be found by the next run.
void Executor::abandon_waiting() {
  timers_.clear();
  listening_.clear();
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    if (!tasks_[i].end) end(i, End::kAbandoned, "stopped before it was done");
  }
}

bool Executor::refresh_overrides() {
  Result<std::vector<Override>> now_said = shop_.hands.runner().overrides(shop_.store);
  if (!now_said.ok()) {
    broken_ = now_said.error();
    return false;
  }
  shop_.view.overrides = std::move(*now_said);
  return true;
}

// Checked before every call: what a person says counts from that moment on.
bool Executor::blocked_by_person(std::size_t i) {
  const Task& task = tasks_[i];
  const NamedServer server{
      .key = task.change.resource, .account = task.change.account, .desired = wanted(task), .machine = machine(task)};
  // A replacement is bought in the account that its successor stands in.
  const bool buys = task.change.action == Action::kReplace && server.desired != nullptr;
  for (const Override& said : shop_.view.overrides) {
    const bool ours = said.resource == Key{Kind::kAccount, task.change.account} ||
                      (buys && said.resource == Key{Kind::kAccount, server.desired->account});
    const bool frozen = said.what == Override::What::kFrozen && ours;
    const bool suspended = said.what == Override::What::kSuspended && is_meant(said.resource, server);
    if (!frozen && !suspended) continue;
    end_held(i, Gate::kOverride,
             std::string(to_string(said.what)) + " by " + said.who + " while it was to be done: " + said.why);
    return true;
  }
  return false;
}

void Executor::begin_ready() {
  while (!ready_.empty()) {
    const std::size_t i = ready_.front();
    ready_.pop_front();
    begin(i);
  }
}

void Executor::begin(std::size_t i) {
  Task& task = tasks_[i];
  if (task.begun || task.end || interrupted_) return;
  const bool buys = task.change.action == Action::kCreate || task.change.action == Action::kReplace;
  // Who pays for a replacement is the account its successor stands in.
  const std::string& payer = buys && wanted(task) != nullptr ? wanted(task)->account : task.change.account;
  if (buys && reactivations_open_[payer] > 0) {
    // Reactivation comes before deployment (domain.md).
    creates_waiting_[payer].push_back(i);
    return;
  }
  task.begun = true;
  task.step_began = shop_.now();
  if (progress_) {
    progress_(Progress{.what = Progress::What::kStarted,
                       .change_id = task.change.id,
                       .action = task.change.action,
                       .resource = task.change.resource,
                       .text = {},
                       .ended = ended_,
                       .total = static_cast<int>(tasks_.size()),
                       .at = shop_.now()});
  }
  if (blocked_by_person(i)) return;
  switch (task.change.action) {
    case Action::kCreate:
      begin_create(i);
      break;
    case Action::kUpdate:
      begin_update(i);
      break;
    case Action::kReplace:
      begin_replace(i);
      break;
    case Action::kDelete:
      begin_remove(i);
      break;
    case Action::kInstall:
    case Action::kStart:
    case Action::kStop:
    case Action::kRestart:
    case Action::kOsCycle:
    case Action::kPowerCycle:
    case Action::kReactivate:
    case Action::kResize:
    case Action::kFlush:
    case Action::kUpgrade:
    case Action::kDrain:
    case Action::kUndrain:
      begin_action(i);
      break;
  }
}

void Executor::step(std::size_t i, const std::string& text) {
  if (!progress_) return;
  const Task& task = tasks_[i];
  progress_(Progress{.what = Progress::What::kStep,
                     .change_id = task.change.id,
                     .action = task.change.action,
                     .resource = task.change.resource,
                     .text = text,
                     .ended = ended_,
                     .total = static_cast<int>(tasks_.size()),
                     .at = shop_.now()});
}

void Executor::tell_what_waits() {
  for (const auto& [account, waiting] : listening_) {
    const auto next = next_look_.find(account);
    const Error* failing = shop_.observer.failing(account);
    const auto until = shop_.hands.held_back_until(account);
    // A few tries in quick succession are told as one, with when the next comes.
    const auto began = look_began_.find(account);
    const bool just_looking =
        shop_.observer.looking(account) && began != look_began_.end() && shop_.now() - began->second < kLongestPause;
    if (!waiting.empty() && failing != nullptr) {
      if (just_looking) continue;
      tell_account(account, "cannot be seen: " + failing->message, waiting.size(),
                   next == next_look_.end() ? std::nullopt : std::optional(next->second));
    } else if (!waiting.empty() && until) {
      tell_account(account, "takes no more calls for now: its rate limit is reached", waiting.size(), until);
    } else if (failing == nullptr && !shop_.observer.looking(account)) {
      tell_account(account, {}, 0, std::nullopt);
    }
  }
}

void Executor::tell_account(const std::string& account, const std::string& why, std::size_t waiting,
                            std::optional<Timestamp> next_try) {
  if (!progress_) return;
  const auto told = told_.find(account);
  if (why.empty()) {
    if (told == told_.end()) return;
    told_.erase(told);
  } else {
    if (told != told_.end() && told->second == std::pair(why, next_try)) return;
    told_.insert_or_assign(account, std::pair(why, next_try));
  }
  progress_(Progress{.what = why.empty() ? Progress::What::kAccountAnswers : Progress::What::kAccountWaits,
                     .change_id = 0,
                     .action = std::nullopt,
                     .resource = Key{Kind::kAccount, account},
                     .text = why,
                     .ended = ended_,
                     .total = static_cast<int>(tasks_.size()),
                     .at = shop_.now(),
                     .waiting = static_cast<int>(waiting),
                     .next_try = next_try});
}

void Executor::end(std::size_t i, End how, const std::string& text) {
  Task& task = tasks_[i];
  if (task.end) return;
  task.end = how;
  ++ended_;
  for (auto& [account, listeners] : listening_) listeners.erase(i);
  const std::pair<Key, Action> what{task.change.resource, task.change.action};
  Progress::What shown = Progress::What::kDone;
  switch (how) {
    case End::kDone:
      ++done_;
      failures_.erase(what);
      refusals_.erase(what);
      shop_.succeeded(task.change.resource, task.change.action);
      break;
    case End::kFailed:
      shown = Progress::What::kFailed;
      failures_[what] = text;
      shop_.event(task.change.resource, task.change.account, "failed",
                  std::string(to_string(task.change.action)) + ": " + text);
      break;
    case End::kHeld:
      shown = Progress::What::kHeld;
      shop_.event(task.change.resource, task.change.account, "held",
                  std::string(to_string(task.change.action)) + ": " + text);
      break;
    case End::kStale:
      shown = Progress::What::kStale;
      ++refusals_[what].number;
      refusals_[what].why = text;
      stale_.push_back(std::string(to_string(task.change.action)) + " of " + to_string(task.change.resource) + ": " +
                       text);
      shop_.event(task.change.resource, task.change.account, "stale",
                  std::string(to_string(task.change.action)) + ": " + text);
      break;
    case End::kAbandoned:
      return;
  }
  if (progress_) {
    progress_(Progress{.what = shown,
                       .change_id = task.change.id,
                       .action = task.change.action,
                       .resource = task.change.resource,
                       .text = text,
                       .ended = ended_,
                       .total = static_cast<int>(tasks_.size()),
                       .at = shop_.now()});
  }
  release(i);
}

// Lets those go that waited for this one. A hard wait for one that did not end well is refused with it (law 9).
void Executor::release(std::size_t i) {
  const bool well = tasks_[i].end == End::kDone;
  const std::vector<std::size_t> hard = tasks_[i].half_done ? std::vector<std::size_t>{} : tasks_[i].hard_dependants;
  const std::vector<std::size_t> soft = tasks_[i].soft_dependants;
  for (const std::size_t next : hard) {
    if (tasks_[next].end) continue;
    if (well) {
      if (--tasks_[next].waits == 0) ready_.push_back(next);
    } else if (tasks_[i].end == End::kStale) {
      end(next, End::kStale, "it waits for " + to_string(tasks_[i].change.resource) + ", which is refused");
    } else {
      end_held(next, Gate::kDependency,
               "it waits for " + std::string(to_string(tasks_[i].change.action)) + " of " +
                   to_string(tasks_[i].change.resource) + ", which was not done");
    }
  }
  for (const std::size_t next : soft) {
    if (!tasks_[next].end && --tasks_[next].waits == 0) ready_.push_back(next);
  }
  // A replacement goes on once all that runs between its halves has ended.
  for (const int id : tasks_[i].change.after) {
    Task& first = tasks_[static_cast<std::size_t>(id) - 1];
    if (first.change.action != Action::kReplace || first.end) continue;
    if (--first.halves_waiting == 0 && first.half_done) replace_second_half(static_cast<std::size_t>(id) - 1);
  }
  if (tasks_[i].change.action == Action::kReactivate && --reactivations_open_[tasks_[i].change.account] == 0) {
    const std::vector<std::size_t> waiting = std::exchange(creates_waiting_[tasks_[i].change.account], {});
    ready_.insert(ready_.end(), waiting.begin(), waiting.end());
  }
}

void Executor::end_held(std::size_t i, Gate gate, const std::string& reason) {
  const Change& change = tasks_[i].change;
  held_.insert_or_assign(std::pair(change.resource, change.action), Hold{.action = change.action,
                                                                         .resource = change.resource,
                                                                         .account = change.account,
                                                                         .gate = gate,
                                                                         .reason = reason,
                                                                         .needs = std::nullopt,
                                                                         .short_by = std::nullopt,
                                                                         .until = std::nullopt,
                                                                         .fields = change.fields,
                                                                         .source = change.source});
  end(i, End::kHeld, reason);
}

void Executor::fail(std::size_t i, const std::string& message) {
  shop_.failed(tasks_[i].change.resource, tasks_[i].change.action, message);
  end(i, End::kFailed, message);
}

void Executor::at(std::size_t i, Timestamp time, Next next) {
  timers_.emplace(time, std::pair(i, std::move(next)));
}

void Executor::run_timers() {
  const Timestamp now = shop_.now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    auto [i, next] = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    if (!tasks_[i].end) next();
  }
}

// Waits for the account's next listing. A look costs a call for each page, so it is taken soon at first and then at a
// pace that the size of the account allows.
void Executor::on_listing(std::size_t i, const std::string& account, Next next) {
  tasks_[i].on_listing = std::move(next);
  listening_[account].insert(i);
  const Duration soonest = kFirstLook * shop_.observer.pages(account);
  Duration& pause = look_pause_[account];
  pause = std::max(pause, soonest);
  const Timestamp due = shop_.now() + pause;
  const auto known = next_look_.find(account);
  if (known == next_look_.end()) next_look_.emplace(account, due);
}

void Executor::poll() {
  std::vector<std::string> due;
  for (const auto& [account, time] : next_look_) {
    if (time <= shop_.now() && !shop_.observer.looking(account)) due.push_back(account);
  }
  for (const std::string& account : due) {
    next_look_.erase(account);
    look_began_[account] = shop_.now();
    shop_.observer.look(account, [this, account] {
      const std::set<std::size_t> waiting = std::exchange(listening_[account], {});
      for (const std::size_t i : waiting) {
        if (tasks_[i].end || !tasks_[i].on_listing) continue;
        const Next next = std::exchange(tasks_[i].on_listing, nullptr);
        next();
      }
      Duration& pause = look_pause_[account];
      const Duration longest = std::max<Duration>(kLongestPause, kFirstLook * shop_.observer.pages(account));
      pause = std::min<Duration>(std::max<Duration>(pause, kFirstLook) * 3 / 2, longest);
      // Where a rate limit drags looks out, something is left of it for what is to be done.
      const bool seen = shop_.observer.failing(account) == nullptr;
      const Duration rest = seen ? std::min<Duration>(shop_.now() - look_began_[account], kLongestRest) : Duration{};
      if (!listening_[account].empty()) next_look_[account] = shop_.now() + std::max(pause, rest);
    });
  }
}

Timestamp Executor::next_due() const {
  Timestamp due = shop_.hands.now() + std::chrono::seconds(10);
  if (!timers_.empty()) due = std::min(due, timers_.begin()->first);
  for (const auto& [account, time] : next_look_) {
    if (!shop_.observer.looking(account)) due = std::min(due, time);
  }
  return due;
}

}  // namespace switchyard
