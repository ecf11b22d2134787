#include <algorithm>

#include "reconciler/core/money.h"
#include "reconciler/engine/executor.h"

// Actions at the provider and of the agent: sent once, then believed only when a listing proves them done.
namespace switchyard {
namespace {

// Whether the provider carries an action out, or the agent on the server.
bool by_agent(Action action) {
  return action == Action::kDrain || action == Action::kUndrain || action == Action::kFlush ||
         action == Action::kUpgrade;
}

}  // namespace

void Executor::begin_action(std::size_t i) {
  Task& task = tasks_[i];
  if (task.change.provider_id.empty() && task.change.action == Action::kStop) {
    // A new server that is wanted stopped: it was made just now.
    const DesiredServer* server = wanted(task);
    const ObservedServer* made = server == nullptr ? nullptr : shop_.machine_of(*server);
    if (made != nullptr && made->mark) {
      task.provider_id = made->id;
      task.uid = made->mark->uid;
    }
  }
  if (!still_as_planned(i)) return;
  const ObservedServer* now = machine(task);
  const Action action = task.change.action;
  const bool planned = origin_ == Intent::Origin::kPlanned;
  // One that hangs is asked for again while it is still at it.
  const auto is = [now](Phase phase) { return now->phase == phase || now->phase == Phase::kUpdating; };
  const bool stale = planned && ((action == Action::kStart && !is(Phase::kStopped)) ||
                                 (action == Action::kReactivate && !is(Phase::kExpired)) ||
                                 (action == Action::kStop && now->phase == Phase::kStopped));
  if (stale) {
    end(i, End::kStale, "it is " + std::string(to_string(now->phase)) + " by now");
    return;
  }
  Json arguments;
  if (action == Action::kResize && !task.change.fields.empty()) {
    arguments.set("size", task.change.fields.front().after);
  }
  when_free_of_calls(i, [this, i, action, arguments] { act(i, action, arguments, [this, i] { finish_change(i); }); });
}

void Executor::act(std::size_t i, Action action, const Json& arguments, const Next& next) {
  tasks_[i].acting = action;
  shop_.hands.submit(
      tasks_[i].change.account, [this, i, action, arguments, next]() -> std::optional<Hands::Submission> {
        Task& task = tasks_[i];
        if (task.end || blocked_by_person(i)) return std::nullopt;
        const ObservedServer* now = machine(task);
        if (now == nullptr) {
          end(i, End::kStale, "the machine it was planned for is not there any more");
          return std::nullopt;
        }
        const DesiredAccount* account = account_of(task);
        if (action == Action::kReactivate && account != nullptr) {
          // The rule is asked again with what runs by now (law 5).
          const ObservedAccount& known = shop_.observer.account(task.change.account);
          std::optional<Rate> burn = Rate{0, account->currency};
          for (const ObservedServer& server : known.servers) {
            if (!runs(server)) continue;
            burn = burn && server.price ? std::optional(*burn + *server.price) : std::nullopt;
          }
          const std::vector<std::optional<Rate>> candidates{now->price};
          const bool go =
              known.balance && decide_reactivations(available_balance(known.balance->amount, account->credit_line),
                                                    account->reserve, account->minimum_runway, burn, candidates)
                                       .front()
                                       .what == ReactivationVerdict::What::kGo;
          if (!go) {
            end_held(i, Gate::kRunway, "the balance no longer carries it for " + to_string(account->minimum_runway));
            return std::nullopt;
          }
        }
        Json request = arguments.is_null() ? Json(Json::Object{}) : arguments;
        Intent intent = intent_for(task, action, std::move(request));
        const std::string proof = intent.proof_before;
        task.step_began = shop_.now();
        Call call{task.change.account, shop_.hands.limits(), AgentActionCall{*now, action}};
        if (!by_agent(action)) call.what = ProviderActionCall{task.provider_id, action, arguments};
        return Hands::Submission{
            .intent = std::move(intent),
            .call = std::move(call),
            .on_answer = [this, i, action, arguments, proof, next](std::int64_t id, const Result<Answer>& answer) {
              action_answered(i, action, arguments, id, proof, answer, next);
            }};
      });
}

void Executor::action_answered(std::size_t i, Action action, const Json& arguments, std::int64_t intent,
                               const std::string& proof_before, const Result<Answer>& answer, const Next& next) {
  Task& task = tasks_[i];
  if (answer.ok()) {
    std::string action_id;
    if (const Accepted* accepted = std::get_if<Accepted>(&*answer)) action_id = accepted->action_id;
    if (task.end) {
      shop_.hands.close(intent, Outcome::Kind::kInProgress, {}, action_id);
      return;
    }
    wait_for_action(i, action, action_id, intent, next);
    return;
  }
  const Error& error = answer.error();
  const bool not_done =
      error.code == ErrorCode::kNotSent || error.code == ErrorCode::kConflict || error.code == ErrorCode::kRateLimited;
  const bool unknown = error.code == ErrorCode::kOutcomeUnknown || error.code == ErrorCode::kUnreadable;
  const auto again = [this, i, action, arguments, next] { act(i, action, arguments, next); };
  if (!not_done && !unknown) {
    shop_.hands.close(intent, Outcome::Kind::kRefused, {}, error.message);
    if (task.end) return;
    if (error.code == ErrorCode::kRefusedForMoney) {
      end_held(i, Gate::kRunway, "the provider refuses for money: " + error.message);
    } else {
      fail(i, error.message);
    }
    return;
  }
  if (not_done) {
    shop_.hands.close(intent, Outcome::Kind::kFailed, {}, error.message);
    if (!task.end) try_again(i, error, again);
    return;
  }
  if (by_agent(action)) {
    // Draining, undraining, flushing and upgrading to what is pending are the same however often they are asked for.
    shop_.hands.close(intent, Outcome::Kind::kFailed, {}, error.message);
    if (!task.end) try_again(i, error, again);
    return;
  }
  if (origin_ == Intent::Origin::kByHand) {
    // What a person asked for by hand is never repeated (law 3).
    shop_.hands.close(intent, Outcome::Kind::kUnknown, {}, error.message);
    if (!task.end) fail(i, "no answer, so nobody knows whether it was done: " + error.message);
    return;
  }
  shop_.hands.close(intent, Outcome::Kind::kUnknown, {}, error.message);
  if (task.end) return;
  step(i, "no answer; looks for a proof that it was done");
  task.look_from.reset();
  const auto look = std::make_shared<Next>();  // shared by the listing that waits for it and itself
  *look = [this, i, action, intent, proof_before, next, again, error, weak = std::weak_ptr<Next>(look)] {
    Task& looking = tasks_[i];
    const ObservedServer* now = machine(looking);
    const ObservedAccount& known = shop_.observer.account(looking.change.account);
    if (now != nullptr && !now->last_action.empty() && now->last_action != proof_before) {
      wait_for_action(i, action, now->last_action, intent, next);
      return;
    }
    if (!known.trouble && known.listed) {
      if (!looking.look_from) looking.look_from = known.listed;
      if (*known.listed - *looking.look_from >= shop_.catalogue_of(looking.change.account).settling) {
        shop_.hands.close(intent, Outcome::Kind::kFailed, {}, "no proof that it happened");
        // It may be repeated: the server is still at zero calls, or nothing on it was running.
        try_again(i, error, again);
        return;
      }
    }
    on_listing(i, looking.change.account, [self = weak.lock()] { (*self)(); });
  };
  on_listing(i, task.change.account, [look] { (*look)(); });
}

void Executor::wait_for_action(std::size_t i, Action action, const std::string& action_id, std::int64_t intent,
                               const Next& next) {
  on_listing(i, tasks_[i].change.account, [this, i, action, action_id, intent, next] {
    Task& task = tasks_[i];
    const ObservedServer* now = machine(task);
    bool done = false;
    std::optional<std::string> failed;
    if (now != nullptr && !now->missing_since) {
      if (by_agent(action)) {
        const bool drained = now->agent && now->agent->drained;
        done = (action == Action::kDrain && drained) || (action == Action::kUndrain && now->agent && !drained) ||
               action == Action::kFlush ||
               (action == Action::kUpgrade && now->agent && now->agent->pending_release.empty() &&
                now->phase != Phase::kUpdating);
      } else if (now->last_action == action_id || action_id.empty()) {
        done = now->last_action_state == ObservedServer::ActionState::kDone && now->phase != Phase::kUpdating;
        if (now->last_action_state == ObservedServer::ActionState::kFailed) {
          failed = now->last_action_message.empty() ? "the provider gave no reason" : now->last_action_message;
        }
      } else {
        // Another action came after ours, so ours has ended; how it ended the phase tells.
        done = now->phase != Phase::kUpdating;
      }
    }
    if (failed) {
      shop_.hands.close(intent, Outcome::Kind::kFailed, {}, *failed);
      fail(i, *failed);
      return;
    }
    if (done) {
      shop_.hands.close(intent, Outcome::Kind::kDone, task.provider_id, {});
      task.tries = 0;
      next();
      return;
    }
    if (shop_.now() - task.step_began >= kLongestAction) {
      const std::string why = "it was not done within " + to_string(Duration(kLongestAction));
      shop_.hands.close(intent, Outcome::Kind::kFailed, {}, why);
      fail(i, why);
      return;
    }
    wait_for_action(i, action, action_id, intent, next);
  });
}

}  // namespace switchyard
