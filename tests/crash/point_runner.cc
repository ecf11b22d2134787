#include "tests/crash/point_runner.h"

#include <algorithm>

#include "tests/reconciler/call_text.h"

namespace switchyard::testing {

bool Points::pass(const std::string& what) {
  ++passed;
  if (!fatal || passed != *fatal) return false;
  died_at = what;
  return true;
}

void PointRunner::watch(const Call& call, const std::function<void()>& send) {
  const auto* act = std::get_if<ProviderActionCall>(&call.what);
  if (act == nullptr) return send();
  const auto before = parts_.last_actions(call.account)[act->id];
  send();
  if (parts_.last_actions(call.account)[act->id] == before) return;
  ++parts_.deeds.actions[act->id + " " + std::string(to_string(act->action))];
}

void PointRunner::arrive_late() {
  const LateCall late = *std::exchange(parts_.late, std::nullopt);
  // Nobody waits for its answer any more.
  watch(late.call, [&] { (void)perform(late.call, *parts_.connections.at(late.call.account)).ok(); });
}

void PointRunner::start(CallId id, Call call) {
  parts_.check_alive();
  if (parts_.late && parts_.late->calls_before-- <= 0) arrive_late();
  const std::string what = to_text(call);
  if (changes_the_world(call)) {
    const auto open = parts_.store.open_intents();
    const bool written =
        open.ok() && std::ranges::any_of(*open, [&](const OpenIntent& one) { return stands_for(one.intent, call); });
    if (!written) parts_.deeds.without_proof.push_back(what);
  }
  if (parts_.points.pass("send " + what)) parts_.die(&call);
  under_way_[id] = what;
  watch(call, [&] { parts_.inner->start(id, call); });
}

std::vector<Completion> PointRunner::wait(Timestamp due) {
  parts_.check_alive();
  if (parts_.late) {
    due = std::min(due, std::max(parts_.late->at, now()));
    if (now() >= parts_.late->at) arrive_late();
  }
  std::vector<Completion> ended = parts_.inner->wait(due);
  for (const Completion& one : ended) {
    if (parts_.points.pass("take in the answer to " + under_way_[one.id])) parts_.die(nullptr);
    under_way_.erase(one.id);
  }
  return ended;
}

}  // namespace switchyard::testing
