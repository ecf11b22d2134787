#include <algorithm>

#include "providers/agent/daemon/control.h"
#include "providers/agent/daemon/probe.h"

// What a look finds, and what it repairs by itself.
namespace switchyard {

void Control::failed(Backoff& backoff) {
  Duration pause = times_.first_pause;
  for (int i = 0; i < backoff.failures && pause < times_.longest_pause; ++i) pause *= 2;
  ++backoff.failures;
  backoff.next = clock_.running() + std::min(pause, times_.longest_pause);
}

void Control::note_trouble(const std::string& text) {
  trouble_ = Words{.text = text, .at = clock_.now()};
}

// Names of what the process does otherwise than the current generation says.
std::vector<std::string> Control::differences() const {
  std::vector<std::string> names;
  if (!reading_ || !current_) return {"everything"};
  const Json::Object* wanted = current_->rendered.hot.object();
  if (wanted != nullptr) {
    for (const auto& [name, value] : *wanted) {
      const Json* found = reading_->hot.find(name);
      if (found == nullptr || *found != value) names.push_back(name);
    }
  }
  if (reading_->drained && *reading_->drained != (stance_->traffic() == Traffic::kRefused))
    names.emplace_back("drained");
  return names;
}

bool Control::read_now() {
  Result<Reading> reading = driver_.read();
  if (!reading) {
    if (!silent_since_) silent_since_ = clock_.running();
    reading_.reset();
    return false;
  }
  reading_ = *std::move(reading);
  read_at_ = clock_.running();
  read_when_ = clock_.now();
  silent_since_.reset();
  return true;
}

// A dead process is started again: at once when it had run well, else after a pause that grows.
void Control::keep_alive() {
  const bool ran = running_.has_value();
  const Timestamp since = ran ? running_->since : Timestamp();
  running_ = processes_.running();
  if (running_ || !current_ || stance_->power() == Power::kStopped) return;
  if (ran) {
    note_trouble(with_words({ErrorCode::kRefused, "the process " + processes_.death()}).message);
    diary_("the process ended by itself", {{"why", trouble_->text}});
    if (clock_.now() - since >= times_.settled) starts_ = {};
    if (starts_.failures > 0) failed(starts_);
  }
  if (clock_.running() < starts_.next) return;
  if (auto done = start_again(); !done) {
    note_trouble(done.error().message);
    diary_("the process could not be started", {{"why", done.error().message}});
  }
}

Result<Done> Control::start_again() {
  const bool proven = good_ && current_ && good_->number == current_->number;
  failed(starts_);  // counted before, so that one that answers and then dies is not started in a circle without a pause
  auto done = restart();
  if (done || proven) return done;
  return roll_back(done.error());
}

// Alive and silent for too long is as bad as dead, and worse to wait for.
void Control::look() {
  if (!running_) return;
  const bool answers = read_now();
  if (answers) return repair();
  if (clock_.running() - *silent_since_ < times_.hung) return;
  if (driver_.probe(std::chrono::seconds(1))) {
    note_trouble("it answers its clients, and does not say what it does");
    return;
  }
  note_trouble(with_words({ErrorCode::kRefused, "the process does not answer any more, and was ended"}).message);
  diary_("the process hangs and is ended", {{"pid", std::to_string(running_->pid)}});
  silent_since_.reset();
  if (auto done = processes_.stop(); !done) note_trouble(done.error().message);
}

// Somebody turned a value by hand, or started it otherwise: it is told again.
void Control::repair() {
  const std::vector<std::string> differing = differences();
  if (differing.empty()) {
    repairs_ = {};
    return;
  }
  if (!current_ || clock_.running() < repairs_.next) return;
  std::string names;
  for (const std::string& name : differing) names += (names.empty() ? "" : ", ") + name;
  diary_("the process does otherwise than it was told", {{"what", names}});
  const Backoff before = repairs_;
  const auto done = push();
  if (done) return;
  repairs_ = before;
  failed(repairs_);
  note_trouble("could not be repaired: " + done.error().message);
}

void Control::measure() {
  sip_latency_us_.reset();
  icmp_latency_us_.reset();
  probed_when_ = clock_.now();
  if (running_) {
    if (const auto answer = driver_.probe(std::chrono::seconds(1))) sip_latency_us_ = answer->took.count();
  }
  const auto echo = probe_icmp(place_.address, std::chrono::milliseconds(500));
  icmp_trouble_ = echo ? "" : echo.error().message;
  if (echo) icmp_latency_us_ = echo->count();
}

void Control::step() {
  const Duration now = clock_.running();
  if (const auto until = stance_->uncounted_until(); until && clock_.now() >= *until) {
    if (auto done = stance_->set_uncounted_until(std::nullopt); !done) note_trouble(done.error().message);
  }
  const auto due = [now](std::optional<Duration>& next, Duration period) {
    if (next && now < *next) return false;
    next = now + period;
    return true;
  };
  keep_alive();
  if (due(next_look_, times_.look)) look();
  if (due(next_probe_, times_.probe)) measure();
  if (due(next_release_, times_.release)) {
    if (const auto installed = driver_.installed()) installed_ = *installed;
  }
}

}  // namespace switchyard
