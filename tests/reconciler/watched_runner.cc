#include "tests/reconciler/watched_runner.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/reconciler/call_text.h"

namespace switchyard::testing {

void WatchedRunner::moment() {
  if (witness_.lives < 0) return;
  if (witness_.lives-- == 0) throw Killed{};
}

void WatchedRunner::start(CallId id, Call call) {
  if (witness_.keeps_trace) witness_.trace.push_back(to_string(inner_->now()) + " " + to_text(call));
  const bool changes = changes_the_world(call);
  if (changes) {
    ++witness_.mutations;
    const auto open = store_.open_intents();
    const bool written =
        open.ok() && std::ranges::any_of(*open, [&](const OpenIntent& one) { return stands_for(one.intent, call); });
    EXPECT_TRUE(written) << "no intent stands for: " << to_text(call);
    if (witness_.before) witness_.before(call);
    moment();
  }
  if (witness_.reaches && !witness_.reaches(call, inner_->now())) {
    unsent_.push_back(Completion{id, Error{ErrorCode::kNotSent, "nobody listens there"}});
    return;
  }
  inner_->start(id, std::move(call));
  if (changes) {
    moment();
    if (witness_.stop_after >= 0 && witness_.stop_after-- == 0) witness_.stops = 1;
  }
}

std::vector<Completion> WatchedRunner::wait(Timestamp due) {
  moment();
  if (!unsent_.empty()) return std::exchange(unsent_, {});
  return inner_->wait(due);
}

}  // namespace switchyard::testing
