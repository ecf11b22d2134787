#include "providers/http/pace.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace switchyard {
namespace {

constexpr std::chrono::minutes kWindow{1};
// Longer than this no far end is obeyed: a wrong clock there must not silence us for ever.
constexpr std::chrono::minutes kLongestSilence{60};
// After a 429 that does not say for how long.
constexpr std::chrono::seconds kDefaultSilence{5};

std::optional<std::int64_t> number(const HttpAnswer& answer, const char* header) {
  const auto found = answer.headers.find(header);
  if (found == answer.headers.end()) return std::nullopt;
  std::int64_t value = 0;
  const char* end = found->second.data() + found->second.size();
  const auto [stop, error] = std::from_chars(found->second.data(), end, value);
  if (error != std::errc{} || stop != end || value < 0) return std::nullopt;
  return value;
}

// ratelimit-reset is seconds from now (the IETF's draft), or a time in seconds since 1970 (DigitalOcean, Hetzner).
std::chrono::seconds reset_of(std::int64_t value) {
  constexpr std::int64_t kSurelyATime = 1'000'000'000;
  if (value < kSurelyATime) return std::chrono::seconds(value);
  const auto now = std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
  return std::chrono::seconds(value) - now.time_since_epoch();
}

}  // namespace

std::optional<Pace::Clock::time_point> Pace::not_before(Clock::time_point now) {
  std::optional<Clock::time_point> gate;
  if (silent_until_ > now) gate = silent_until_;
  if (requests_per_minute_) {
    while (!sent_.empty() && sent_.front() + kWindow <= now) sent_.pop_front();
    if (std::ssize(sent_) >= *requests_per_minute_) {
      const auto free = sent_[sent_.size() - static_cast<std::size_t>(*requests_per_minute_)] + kWindow;
      gate = std::max(gate.value_or(free), free);
    }
  }
  return gate;
}

Result<Done> Pace::enter(Clock::time_point deadline, const std::stop_token& give_up) {
  const std::stop_callback wake(give_up, [this] {
    const std::scoped_lock guard(mutex_);
    changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  for (;;) {
    const Clock::time_point now = Clock::now();
    const std::optional<Clock::time_point> gate = not_before(now);
    if (gate && *gate >= deadline) {
      return Error{ErrorCode::kRateLimited, "the provider's limit of requests is reached; wait and ask again",
                   std::chrono::ceil<std::chrono::milliseconds>(*gate - now)};
    }
    if (now >= deadline || give_up.stop_requested()) {
      return Error{ErrorCode::kNotSent, "too many requests are under way: this one found no place in time"};
    }
    if (gate) {
      changed_.wait_until(lock, *gate);
    } else if (under_way_ >= concurrency_) {
      changed_.wait_until(lock, deadline);
    } else {
      ++under_way_;
      if (requests_per_minute_) sent_.push_back(now);
      return Done{};
    }
  }
}

void Pace::leave() {
  {
    const std::scoped_lock lock(mutex_);
    --under_way_;
  }
  changed_.notify_all();
}

void Pace::heed(const HttpAnswer& answer) {
  std::optional<std::chrono::seconds> silence;
  if (const auto seconds = number(answer, "retry-after"); seconds && answer.status >= 400) {
    silence = std::chrono::seconds(*seconds);
  } else if (answer.status == 429 || number(answer, "ratelimit-remaining") == 0) {
    const auto reset = number(answer, "ratelimit-reset");
    if (reset) silence = reset_of(*reset);
    if (!reset && answer.status == 429) silence = kDefaultSilence;
  }
  if (!silence || *silence <= std::chrono::seconds(0)) return;
  const std::scoped_lock lock(mutex_);
  silent_until_ = std::max(silent_until_, Clock::now() + std::min<std::chrono::seconds>(*silence, kLongestSilence));
}

}  // namespace switchyard
