#include "reconciler/engine/executor.h"

// Calls are not cut (law 6). Drained means zero channels read several times in a row from fresh reports; unknown is not
// zero.
namespace switchyard {
namespace {

constexpr int kZeroReadings = 3;
constexpr std::chrono::milliseconds kBetweenReadings{200};
constexpr std::chrono::seconds kWhileCallsLast{2};
constexpr std::chrono::minutes kDefaultDrainTimeout{30};
constexpr std::chrono::seconds kFreshReport{10};

}  // namespace

void Executor::when_free_of_calls(std::size_t i, const Next& next) {
  Task& task = tasks_[i];
  const ObservedServer* now = machine(task);
  const bool carries =
      now != nullptr && now->delivered &&
      (now->phase == Phase::kActive || now->phase == Phase::kDraining || now->phase == Phase::kUpdating);
  if (!ends_calls(task.change.effect) || task.cuts || !carries) {
    if (task.cuts && carries) {
      shop_.event(task.change.resource, task.change.account, "disruption",
                  "calls may be cut by " + std::string(to_string(task.change.action)) + ": " + shop_.options.reason);
    }
    next();
    return;
  }
  task.drain_began = shop_.now();
  task.zero_readings = 0;
  judge(i, next);
}

// Whether it may go out now; where others are out already, or could not carry the calls of all, it waits its turn.
void Executor::judge(std::size_t i, const Next& next) {
  Task& task = tasks_[i];
  const Member* member = nullptr;
  Member unwanted(task.change.resource);
  if (const DesiredServer* server = wanted(task)) member = shop_.fleet().find(server->key);
  const ObservedServer* now = machine(task);
  if (now == nullptr) {
    end(i, End::kStale, "the machine it was planned for is not there any more");
    return;
  }
  if (member == nullptr) member = &unwanted;
  const DesiredServer* server = wanted(task);
  const std::optional<std::string> group = server == nullptr                   ? std::nullopt
                                           : server->role == Role::kDispatcher ? server->balancer_cluster
                                                                               : server->cluster;
  const DesiredCluster* cluster = group ? shop_.desired().cluster(*group) : nullptr;
  const bool leaves = task.change.action == Action::kDelete || task.change.action == Action::kReplace;
  TakeOut judged = judge_take_out(*member, *now, shop_.peers(), cluster == nullptr ? 1 : cluster->max_unavailable, {});
  if (leaves && judged.verdict == TakeOut::Verdict::kTooMany) judged.verdict = TakeOut::Verdict::kGo;
  const Duration timeout = cluster == nullptr ? Duration(kDefaultDrainTimeout) : cluster->drain_timeout;
  switch (judged.verdict) {
    case TakeOut::Verdict::kGo:
    case TakeOut::Verdict::kUnknown:  // fresh readings tell
      break;
    case TakeOut::Verdict::kNoPeer:
      end_held(i, Gate::kChannels,
               std::to_string(judged.channels) + " calls on it and no other server takes its calls");
      return;
    case TakeOut::Verdict::kTooMany:
    case TakeOut::Verdict::kTooSmall:
      if (shop_.now() - task.drain_began >= timeout) {
        end_held(i, Gate::kCapacity,
                 judged.verdict == TakeOut::Verdict::kTooMany
                     ? "others of its group were out of service for " + to_string(timeout)
                     : "the others could not carry the calls of all for " + to_string(timeout));
        return;
      }
      step(i, "waits until the others can carry its calls");
      on_listing(i, task.change.account, [this, i, next] { judge(i, next); });
      return;
  }
  if (!judged.has_peer || (now->agent && now->agent->drained)) {
    // Without a peer nothing is drained actively: new calls would have nowhere to go.
    task.drained_here = task.drained_here || (now->agent && now->agent->drained && judged.has_peer);
    read_channels(i, next);
    return;
  }
  step(i, "drains");
  // Counted as out from now on, so that no other of its group goes at the same time.
  if (ObservedServer* mine = machine(task); mine->agent) mine->agent->drained = true;
  shop_.observer.touch();
  shop_.observer.touch();
  task.drained_here = true;
  act(i, Action::kDrain, Json(), [this, i, next] {
    tasks_[i].acting = tasks_[i].change.action;
    read_channels(i, next);
  });
}

void Executor::read_channels(std::size_t i, const Next& next) {
  const ObservedServer* now = machine(tasks_[i]);
  if (now == nullptr) {
    end(i, End::kStale, "the machine it was planned for is not there any more");
    return;
  }
  shop_.hands.read(
      Call{tasks_[i].change.account, shop_.hands.limits(), StatusCall{*now}},
      [this, i, next](const Result<Answer>& answer) {
        Task& task = tasks_[i];
        if (task.end) return;
        std::optional<std::int64_t> channels;
        if (answer.ok()) {
          const AgentReport& report = std::get<AgentReport>(*answer);
          const std::optional<Timestamp> provider_now = shop_.provider_now(task.change.account);
          const bool fresh = !provider_now || report.at + kFreshReport >= *provider_now;
          if (fresh) channels = report.channels;
        }
        task.last_reading = channels;
        task.zero_readings = channels == 0 ? task.zero_readings + 1 : 0;
        if (task.zero_readings >= kZeroReadings) {
          next();
          return;
        }
        if (!task.drained_here && channels.value_or(0) > 0) {
          end_held(i, Gate::kChannels, std::to_string(*channels) + " calls on it and no other server takes its calls");
          return;
        }
        const DesiredServer* server = wanted(task);
        const std::optional<std::string> group = server == nullptr                   ? std::nullopt
                                                 : server->role == Role::kDispatcher ? server->balancer_cluster
                                                                                     : server->cluster;
        const DesiredCluster* cluster = group ? shop_.desired().cluster(*group) : nullptr;
        const Duration timeout = cluster == nullptr ? Duration(kDefaultDrainTimeout) : cluster->drain_timeout;
        if (shop_.now() - task.drain_began >= timeout) {
          drain_timed_out(i);
          return;
        }
        if (channels.value_or(0) > 0) step(i, "drains, " + std::to_string(*channels) + " calls left");
        const Duration pause = channels == 0 ? Duration(kBetweenReadings) : Duration(kWhileCallsLast);
        at(i, shop_.now() + pause, [this, i, next] { read_channels(i, next); });
      });
}

// It takes calls again unless its cluster says to keep it drained, and is tried again later.
void Executor::drain_timed_out(std::size_t i) {
  Task& task = tasks_[i];
  const DesiredServer* server = wanted(task);
  const DesiredCluster* cluster =
      server == nullptr || !server->cluster ? nullptr : shop_.desired().cluster(*server->cluster);
  const bool keep = cluster != nullptr && cluster->on_timeout == DesiredCluster::OnTimeout::kKeep;
  const std::string left = task.last_reading ? std::to_string(*task.last_reading) + " calls are left"
                                             : std::string("how many calls are left is not known");
  const Gate gate = task.last_reading ? Gate::kChannels : Gate::kObservation;
  const std::string reason = left + " after the drain timeout" +
                             (!task.drained_here ? ""
                              : keep             ? "; it stays drained"
                                                 : "; it takes calls again");
  if (!task.drained_here || keep) {
    end_held(i, gate, reason);
    return;
  }
  act(i, Action::kUndrain, Json(), [this, i, gate, reason] { end_held(i, gate, reason); });
}

}  // namespace switchyard
