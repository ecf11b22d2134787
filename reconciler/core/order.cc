#include <algorithm>
#include <queue>
#include <tuple>

#include "reconciler/core/draft.h"

namespace switchyard {
namespace {

// What comes first where nothing else decides: service that is paid for comes back before new service is bought, media
// before the switches that use it, switches before the dispatchers that send them calls, and what takes something away
// comes last.
int rank(const Draft& draft) {
  const bool dispatcher =
      draft.member != nullptr && draft.member->desired != nullptr && draft.member->desired->role == Role::kDispatcher;
  const bool media = draft.change.resource.kind == Kind::kRtpServer;
  switch (draft.change.action) {
    case Action::kReactivate:
      return 0;
    case Action::kStart:
      return 1;
    case Action::kCreate:
      return media ? 2 : dispatcher ? 5 : 3;
    case Action::kUpdate:
    case Action::kResize:
    case Action::kInstall:
    case Action::kFlush:
    case Action::kUpgrade:
    case Action::kRestart:
    case Action::kOsCycle:
    case Action::kPowerCycle:
      return dispatcher ? 6 : 4;
    case Action::kUndrain:
      return 7;
    case Action::kReplace:
      return 8;
    case Action::kDrain:
    case Action::kStop:
      return 9;
    case Action::kDelete:
      return 10;
  }
  return 11;
}

// What waits for a held draft is held with it, however long the chain.
void hold_dependants(std::vector<Draft>& drafts, const std::vector<std::vector<std::size_t>>& dependants) {
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    if (drafts[i].hold) open.push_back(i);
  }
  while (!open.empty()) {
    const std::size_t held = open.back();
    open.pop_back();
    for (const std::size_t next : dependants[held]) {
      if (!drafts[next].goes()) continue;
      const Draft& first = drafts[held];
      if (drafts[next].change.resource == first.change.resource) {
        drafts[next].dropped = true;
      } else {
        hold(drafts[next], Gate::kDependency,
             "waits for " + std::string(to_string(first.change.action)) + " of " + to_string(first.change.resource) +
                 ", which is held");
      }
      open.push_back(next);
    }
  }
}

}  // namespace

void hold(Draft& draft, Gate gate, std::string reason) {
  if (draft.hold) return;
  draft.hold = Hold{.action = draft.change.action,
                    .resource = draft.change.resource,
                    .account = draft.change.account,
                    .gate = gate,
                    .reason = std::move(reason),
                    .needs = std::nullopt,
                    .short_by = std::nullopt,
                    .until = std::nullopt,
                    .fields = draft.change.fields,
                    .source = draft.change.source};
}

std::vector<Change> in_order(std::vector<Draft>& drafts) {
  const std::size_t count = drafts.size();
  std::vector<std::vector<std::size_t>> hard(count);
  for (std::size_t i = 0; i < count; ++i) {
    for (const std::size_t before : drafts[i].after) hard[before].push_back(i);
  }
  hold_dependants(drafts, hard);

  std::vector<std::vector<std::size_t>> next(count);
  std::vector<std::size_t> waits(count, 0);
  const auto link = [&](std::size_t before, std::size_t i) {
    if (!drafts[before].goes()) return;
    next[before].push_back(i);
    ++waits[i];
  };
  for (std::size_t i = 0; i < count; ++i) {
    if (!drafts[i].goes()) continue;
    for (const std::size_t before : drafts[i].after) link(before, i);
    for (const std::size_t before : drafts[i].after_end) link(before, i);
  }
  const auto place = [&](std::size_t i) {
    const Draft& draft = drafts[i];
    return std::make_tuple(rank(draft), -draft.priority, std::cref(draft.change.resource.name),
                           draft.change.resource.kind, draft.change.action, std::cref(draft.change.provider_id), i);
  };
  const auto later = [&](std::size_t a, std::size_t b) { return place(a) > place(b); };
  std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(later)> ready(later);
  for (std::size_t i = 0; i < count; ++i) {
    if (drafts[i].goes() && waits[i] == 0) ready.push(i);
  }
  std::vector<Change> changes;
  std::vector<int> number(count, 0);
  std::vector<std::size_t> placed;
  const auto goers = static_cast<std::size_t>(std::ranges::count_if(drafts, &Draft::goes));
  while (placed.size() < goers) {
    if (ready.empty()) {
      // A ring of waits: no rule makes one, and if one did, the first of it goes rather than none.
      std::optional<std::size_t> first;
      for (std::size_t i = 0; i < count; ++i) {
        if (drafts[i].goes() && number[i] == 0 && (!first || later(*first, i))) first = i;
      }
      ready.push(*first);
    }
    const std::size_t i = ready.top();
    ready.pop();
    if (number[i] != 0) continue;
    number[i] = static_cast<int>(placed.size()) + 1;
    placed.push_back(i);
    for (const std::size_t after : next[i]) {
      if (--waits[after] == 0) ready.push(after);
    }
  }
  for (const std::size_t i : placed) {
    Change change = drafts[i].change;
    change.id = number[i];
    const auto numbers = [&](const std::vector<std::size_t>& places) {
      std::vector<int> ids;
      for (const std::size_t before : places) {
        if (drafts[before].goes() && number[before] < number[i]) ids.push_back(number[before]);
      }
      std::ranges::sort(ids);
      ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
      return ids;
    };
    change.after = numbers(drafts[i].after);
    change.after_end = numbers(drafts[i].after_end);
    changes.push_back(std::move(change));
  }
  return changes;
}

}  // namespace switchyard
