// How a World's time goes on: the part of world.h that happens by itself.
#include <algorithm>
#include <utility>

#include "providers/sim/world.h"

namespace switchyard {
namespace {

constexpr std::chrono::hours kHour{1};
constexpr std::int64_t kMicro = 1'000'000;

bool is_due(std::optional<Timestamp> time, Timestamp now) {
  return time && *time <= now;
}

bool hour_is_full(const SimServer& server, Timestamp now) {
  return server.charged_from && now > *server.charged_from && (now - *server.charged_from) % kHour == Duration::zero();
}

}  // namespace

std::optional<Timestamp> World::next_event() {
  reschedule();
  if (queue_.empty()) return std::nullopt;
  return std::max(queue_.begin()->first, root_.now);
}

void World::reschedule() {
  for (const std::int64_t number : std::exchange(unscheduled_, {})) {
    if (const auto old = queued_.find(number); old != queued_.end()) {
      queue_.erase({old->second, number});
      queued_.erase(old);
    }
    const auto found = servers_.find(number);
    if (found == servers_.end()) continue;
    if (const std::optional<Timestamp> next = next_event_of(found->second, root_.now)) {
      queue_.emplace(*next, number);
      queued_.emplace(number, *next);
    }
  }
}

void World::advance_to(Timestamp time) {
  for (std::optional<Timestamp> next = next_event(); next && *next <= time; next = next_event()) {
    root_.now = *next;
    std::vector<std::int64_t> due;
    while (!queue_.empty() && queue_.begin()->first <= root_.now) {
      due.push_back(queue_.begin()->second);
      queued_.erase(due.back());
      queue_.erase(queue_.begin());
    }
    std::ranges::sort(due);
    Purse money = purse();
    for (const std::int64_t number : due) {
      const SimServer& server = servers_.at(number);
      const std::optional<Rate> price = price_of(server, root_.settings.currency);
      if (price && hour_is_full(server, root_.now)) money.charge(*price);
      unscheduled_.insert(number);
    }
    root_.balance_micro_minor = money.micro_minor();
    for (const std::int64_t number : due) {
      const SimServer& server = servers_.at(number);
      // A charge alone leaves the server as it was: nothing of it is written anew.
      if (is_due(server.ready, root_.now) || is_due(server.calls_end, root_.now) || is_due(server.expires, root_.now) ||
          (server.work && is_due(server.work->end, root_.now))) {
        happen(edit(number));
      }
    }
    expire_if_spent();
  }
  root_.now = std::max(root_.now, time);
}

void World::happen(SimServer& server) {
  if (is_due(server.ready, root_.now)) {
    server.ready.reset();
    server.phase = Phase::kActive;
    server.delivered = root_.now;
    server.booted = root_.now;
    server.charged_from = root_.now;
    if (root_.settings.test_period > Duration::zero()) server.expires = root_.now + root_.settings.test_period;
  }
  if (is_due(server.calls_end, root_.now)) end_calls(server);
  if (server.work && is_due(server.work->end, root_.now)) finish_work(server, root_.now);
  if (server.phase != Phase::kExpired && is_due(server.expires, root_.now)) {
    root_.calls_lost_to_expiry += expire(server, root_.now);
  }
}

void World::expire_if_spent() {
  if (!purse().spent(root_.settings.terms)) return;
  for (auto& [number, server] : servers_) {
    if (server.charged_from) root_.calls_lost_to_expiry += expire(edit(number), root_.now);
  }
}

void World::deliver(std::int64_t number) {
  SimServer& server = edit(number);
  if (server.phase != Phase::kProvisioning) return;
  server.ready = root_.now;
  happen(server);
}

void World::end_work(std::int64_t number) {
  SimServer& server = edit(number);
  if (!server.work) return;
  server.work->fails = false;
  server.work->end = root_.now;
  happen(server);
}

void World::expire_now(std::int64_t number) {
  SimServer& server = edit(number);
  if (server.delivered) root_.calls_lost_to_expiry += expire(server, root_.now);
}

void World::add_to_balance(Money amount) {
  root_.balance_micro_minor += amount.minor * kMicro;
  expire_if_spent();
}

void World::set_balance(Money amount) {
  root_.balance_micro_minor = amount.minor * kMicro;
  expire_if_spent();
}

}  // namespace switchyard
