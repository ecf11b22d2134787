#include "reconciler/engine/hands.h"

#include <algorithm>
#include <utility>

namespace switchyard {
namespace {

// Between the latest end of a call and the end of the lease: what clocks and schedulers may be off.
constexpr std::chrono::seconds kMargin{5};
// How often a lease is renewed that was used up while something was written, before the disk counts as too slow.
constexpr int kRenewals = 3;
// For how long one read waits for a provider's rate limit: as long as apply waits for anything else.
constexpr std::chrono::minutes kLongestHeldBack{20};
// After a refusal that does not say for how long.
constexpr std::chrono::seconds kHeldBack{5};

}  // namespace

Hands::Hands(Store& store, Lock* lock, Runner& runner, const EngineOptions& options)
    : store_(store),
      lock_(lock),
      runner_(runner),
      options_(options),
      deadline_(options.timeout ? std::optional(options.machine_clock() + *options.timeout) : std::nullopt) {
  if (lock_ != nullptr) store_.set_fence(lock_->fence());
}

CallLimits Hands::limits() const {
  return CallLimits{.timeout = options_.call_timeout, .fence = lock_ == nullptr ? 0 : lock_->fence()};
}

void Hands::read(Call call, OnAnswer on_answer) {
  start(Read{.call = std::move(call), .on_answer = std::move(on_answer), .refused_since = std::nullopt});
}

void Hands::start(Read read) {
  const CallId id = next_call_++;
  Call call = read.call;
  if (deadline_) call.limits.timeout = std::min(call.limits.timeout, time_left());
  auto on_answer = [this, read = std::move(read)](Result<Answer> answer) { read_answered(read, std::move(answer)); };
  under_way_.emplace(id, UnderWay{std::move(on_answer), {}});
  runner_.start(id, std::move(call));
}

bool Hands::hurries() const {
  return runner_.stops() > 0 || late();
}

void Hands::read_answered(Read read, Result<Answer> answer) {
  const bool refused = !answer.ok() && answer.error().code == ErrorCode::kRateLimited;
  if (!refused || hurries()) {
    read.on_answer(std::move(answer));
    return;
  }
  if (!read.refused_since) read.refused_since = now();
  const Timestamp again = now() + std::max<Duration>(answer.error().retry_after.value_or(kHeldBack), Duration(1));
  if (again - *read.refused_since > kLongestHeldBack) {
    read.on_answer(std::move(answer));
    return;
  }
  held_back_.emplace(again, std::move(read));
}

std::optional<Timestamp> Hands::held_back_until(const std::string& account) const {
  for (const auto& [time, read] : held_back_) {
    if (read.call.account == account) return time;
  }
  return std::nullopt;
}

void Hands::start_what_was_held_back() {
  while (!held_back_.empty() && held_back_.begin()->first <= now()) {
    Read read = std::move(held_back_.begin()->second);
    held_back_.erase(held_back_.begin());
    read.call.limits = limits();
    start(std::move(read));
  }
}

// Who asked to stop, or gave it so much time, does not wait for a provider's next minute.
void Hands::give_up_what_is_held_back() {
  const std::multimap<Timestamp, Read> given_up = std::exchange(held_back_, {});
  for (const auto& [time, read] : given_up) {
    read.on_answer(Error{ErrorCode::kCancelled, "stopped while the provider's rate limit held it back"});
  }
}

void Hands::submit(const std::string& account, Prepare prepare) {
  queues_[account].push_back(std::move(prepare));
}

void Hands::abandon() {
  queues_.clear();
}

std::size_t Hands::queued() const {
  std::size_t count = 0;
  for (const auto& [account, queue] : queues_) count += queue.size();
  return count;
}

void Hands::close(std::int64_t intent_id, Outcome::Kind kind, std::string provider_id, std::string message) {
  const auto at = open_.find(intent_id);
  if (at == open_.end()) return;
  const Intent& intent = at->second;
  batch_.events.push_back(
      Event{.at = now(),
            .resource = intent.resource,
            .account = intent.account,
            .actor = intent.actor,
            .type = std::string(to_string(kind)),
            .message = std::string(to_string(intent.action)) + (message.empty() ? "" : ": " + message),
            .intent = intent_id});
  batch_.outcomes.push_back(Outcome{.intent = intent_id,
                                    .kind = kind,
                                    .provider_id = std::move(provider_id),
                                    .message = std::move(message),
                                    .at = now()});
  if (kind == Outcome::Kind::kDone && intent.origin == Intent::Origin::kByHand) put_override(intent);
  if (kind == Outcome::Kind::kDone && intent.action != Action::kDelete && !intent.provider_id.empty()) {
    done_[intent.account][intent.provider_id] = now();
  }
  if (closes(kind, intent.origin)) open_.erase(at);
}

bool Hands::changed_since(const std::string& account, const std::string& id, Timestamp since) const {
  const auto changes = done_.find(account);
  if (changes == done_.end()) return false;
  const auto change = changes->second.find(id);
  return change != changes->second.end() && change->second >= since;
}

bool Hands::forget_changes(const std::string& account, Timestamp before) {
  const auto changes = done_.find(account);
  if (changes == done_.end()) return false;
  std::erase_if(changes->second, [before](const auto& change) { return change.second < before; });
  if (changes->second.empty()) done_.erase(changes);
  return done_.contains(account);
}

// A stop or drain by hand holds until start or undrain, and the loop respects it. Written together with the outcome,
// whoever finds it out: between the two nobody can die.
void Hands::put_override(const Intent& intent) {
  const auto put = [&](Override::What what) {
    batch_.overrides.push_back(Override{.what = what,
                                        .resource = intent.resource,
                                        .who = intent.actor,
                                        .why = intent.reason,
                                        .since = now(),
                                        .until = std::nullopt});
    batch_.events.push_back(Event{.at = now(),
                                  .resource = intent.resource,
                                  .account = intent.account,
                                  .actor = intent.actor,
                                  .type = "override",
                                  .message = std::string(to_string(what)) + ": " + intent.reason,
                                  .intent = intent.id});
  };
  if (intent.action == Action::kStop) put(Override::What::kStopped);
  if (intent.action == Action::kDrain) put(Override::What::kDrained);
  if (intent.action == Action::kStart) batch_.lifted.emplace_back(intent.resource, Override::What::kStopped);
  if (intent.action == Action::kUndrain) batch_.lifted.emplace_back(intent.resource, Override::What::kDrained);
}

Duration Hands::lease_left() const {
  return lock_->expires() - options_.machine_clock();
}

Duration Hands::time_left() const {
  return std::max<Duration>(*deadline_ - options_.machine_clock(), Duration(1));
}

bool Hands::lease_outlasts_a_call() const {
  return lock_ != nullptr && lease_left() > options_.call_timeout + kMargin;
}

// Renews the lease when less than two thirds of what calls need is left of it.
Result<Done> Hands::keep_lease() {
  if (lock_ == nullptr) return Done{};
  if (lease_left() > options_.call_timeout + kMargin + std::chrono::seconds(15)) return Done{};
  return lock_->renew();
}

// The disk may have taken so long that the lease is used up: then nothing is sent under it (law 11). Intents that were
// written and not sent are looked for by the next run, as after a crash.
Result<Done> Hands::keep_lease_after_writing() {
  for (int renewals = 0; !lease_outlasts_a_call(); ++renewals) {
    if (renewals == kRenewals) {
      return Error{ErrorCode::kStorage,
                   "writing the state takes so long that the lease of its lock runs out before a call may start; "
                   "nothing was sent"};
    }
    if (Result<Done> renewed = lock_->renew(); !renewed.ok()) return renewed;
  }
  return Done{};
}

Result<Done> Hands::write() {
  if (batch_.empty()) return Done{};
  const bool sync = !batch_.intents.empty() || !batch_.outcomes.empty() || !batch_.given_up.empty();
  Result<Done> written = store_.commit(batch_, sync ? Durability::kSynced : Durability::kSoon);
  batch_ = Batch{};
  return written;
}

Result<Done> Hands::send() {
  std::vector<Submission> going;
  std::vector<std::string> accounts;
  if (lease_outlasts_a_call()) {
    for (auto& [account, queue] : queues_) {
      const auto limit = places_.find(account);
      const std::int64_t most = limit == places_.end() ? 1 : limit->second;
      while (!queue.empty() && taken_[account] < most) {
        const Prepare prepare = std::move(queue.front());
        queue.pop_front();
        std::optional<Submission> submission = prepare();
        if (!submission) continue;
        ++taken_[account];
        going.push_back(std::move(*submission));
        accounts.push_back(account);
      }
    }
  }
  // The intents stand in the batch in the order of `going`, behind any that were there.
  const std::size_t first = batch_.intents.size();
  for (const Submission& submission : going) batch_.intents.push_back(submission.intent);
  if (batch_.empty()) return Done{};
  const bool sync = !batch_.intents.empty() || !batch_.outcomes.empty() || !batch_.given_up.empty();
  Result<Done> written = store_.commit(batch_, sync ? Durability::kSynced : Durability::kSoon);
  if (written.ok() && !going.empty()) {
    written = keep_lease_after_writing();
    if (!written.ok()) batch_ = Batch{};  // it is on the disk
  }
  if (!written.ok()) {
    for (const std::string& account : accounts) --taken_[account];
    return written;
  }
  for (std::size_t i = 0; i < going.size(); ++i) {
    const Intent& intent = batch_.intents[first + i];
    open_.emplace(intent.id, intent);
    const CallId id = next_call_++;
    auto on_answer = [act = std::move(going[i].on_answer), intent_id = intent.id](Result<Answer> answer) {
      act(intent_id, std::move(answer));
    };
    under_way_.emplace(id, UnderWay{std::move(on_answer), accounts[i]});
    runner_.start(id, std::move(going[i].call));
  }
  batch_ = Batch{};
  return Done{};
}

Result<Done> Hands::turn(Timestamp due) {
  if (Result<Done> kept = keep_lease(); !kept.ok()) return kept;
  if (Result<Done> sent = send(); !sent.ok()) return sent;
  // With a lock the wait is cut short, so that the lease never runs out behind it. A simulated clock does not pass it.
  if (lock_ != nullptr) due = std::min(due, now() + std::chrono::seconds(10));
  if (!held_back_.empty() && hurries()) {
    give_up_what_is_held_back();
    return Done{};
  }
  start_what_was_held_back();
  if (!held_back_.empty()) due = std::min(due, held_back_.begin()->first);
  if (deadline_) due = std::min(due, now() + time_left());
  for (Completion& completion : runner_.wait(due)) {
    const auto at = under_way_.find(completion.id);
    if (at == under_way_.end()) continue;
    const UnderWay ended = std::move(at->second);
    under_way_.erase(at);
    if (!ended.place.empty()) --taken_[ended.place];
    ended.on_answer(std::move(completion.answer));
  }
  return Done{};
}

}  // namespace switchyard
