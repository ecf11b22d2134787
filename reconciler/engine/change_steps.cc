#include <algorithm>

#include "reconciler/core/compare.h"
#include "reconciler/core/money.h"
#include "reconciler/engine/executor.h"
#include "specs/base/digest.h"

// Configurations and actions: sent, then believed only when a report or a listing shows them done.
namespace switchyard {
namespace {

constexpr std::chrono::minutes kLongestAction{20};
constexpr int kTries = 5;

bool is_peers(const FieldChange& field) {
  return field.path == "destinations" || field.path == "media";
}

// Whether the provider carries an action out, or the agent on the server.
bool by_agent(Action action) {
  return action == Action::kDrain || action == Action::kUndrain || action == Action::kFlush ||
         action == Action::kUpgrade;
}

}  // namespace

Intent Executor::intent_for(const Task& task, Action action, Json request) {
  const DesiredServer* server = wanted(task);
  std::string proof;
  if (const ObservedServer* known = shop_.observer.find(task.change.account, task.provider_id))
    proof = known->last_action;
  return Intent{
      .resource = task.change.resource,
      .account = task.change.account,
      .action = action,
      .origin = origin_,
      .uid = task.uid,
      .provider_id = task.provider_id,
      .written = shop_.now(),
      .provider_now = shop_.provider_now(task.change.account),
      .source_path = server == nullptr || origin_ == Intent::Origin::kByHand ? "" : shop_.source_path(*server),
      .request = std::move(request),
      .proof_before = std::move(proof),
      .actor = shop_.options.actor,
      .reason = shop_.options.reason.empty() ? task.change.reason : shop_.options.reason};
}

bool Executor::try_again(std::size_t i, const Error& error, Next again) {
  Task& task = tasks_[i];
  if (++task.tries >= kTries || interrupted_) {
    fail(i, error.message);
    return false;
  }
  Duration pause = error.retry_after.value_or(std::chrono::seconds(1) * (1 << (task.tries - 1)));
  pause += Duration(shop_.random.between(0, pause.count() / 4 + 1));
  at(i, shop_.now() + pause, std::move(again));
  return true;
}

// Law 9: the same machine, and the same values in the fields it touches.
bool Executor::still_as_planned(std::size_t i) {
  Task& task = tasks_[i];
  const ObservedServer* now = machine(task);
  if (now == nullptr || !now->mark || now->mark->uid != task.uid || now->missing_since) {
    end(i, End::kStale, "the machine it was planned for is not there any more");
    return false;
  }
  const DesiredServer* server = wanted(task);
  if (task.change.action != Action::kUpdate || server == nullptr) return true;
  Member member(server->key);
  member.desired = server;
  member.current = now;
  const std::vector<FieldChange> differing =
      compare_fields(shop_.desired(), *server, member, shop_.catalogue_of(now->account), shop_.view.fingerprints);
  for (const FieldChange& planned : task.change.fields) {
    if (is_peers(planned)) continue;
    const auto same = std::ranges::find(differing, planned.path, &FieldChange::path);
    if (same != differing.end() && same->before == planned.before && same->after == planned.after) continue;
    end(i, End::kStale, planned.path + " is not what it was when this was planned");
    return false;
  }
  // What differs besides must not do more to service than what was shown.
  if (worst_effect(differing) > task.change.effect) {
    end(i, End::kStale, "more differs by now than was planned");
    return false;
  }
  return true;
}

void Executor::begin_update(std::size_t i) {
  if (!still_as_planned(i)) return;
  when_free_of_calls(i, [this, i] { update_drained(i); });
}

void Executor::update_drained(std::size_t i) {
  const Task& task = tasks_[i];
  const ObservedServer* now = machine(task);
  const DesiredServer* server = wanted(task);
  if (now == nullptr || server == nullptr) {
    end(i, End::kStale, "the machine it was planned for is not there any more");
    return;
  }
  const auto resized = [this, i] { configure(i); };
  const auto renamed = [this, i, resized] {
    const ObservedServer* known = machine(tasks_[i]);
    if (known != nullptr && known->size != wanted(tasks_[i])->size) {
      act(i, Action::kResize, Json(Json::Object{{"size", wanted(tasks_[i])->size}}), resized);
    } else {
      resized();
    }
  };
  if (now->mark->key != server->key) {
    rename(i, renamed);
  } else {
    renamed();
  }
}

// A resource that was given another name: its mark is brought up, the machine stays what it is.
void Executor::rename(std::size_t i, Next next) {
  tasks_[i].acting = Action::kUpdate;
  shop_.hands.submit(tasks_[i].change.account, [this, i, next]() -> std::optional<Hands::Submission> {
    Task& task = tasks_[i];
    if (task.end || blocked_by_person(i)) return std::nullopt;
    const Mark mark{.fleet = account_of(task)->fleet, .key = wanted(task)->key, .uid = task.uid};
    Intent intent = intent_for(task, Action::kUpdate, Json(Json::Object{{"mark", to_string(mark.key)}}));
    shop_.declare(*wanted(task), task.uid);
    return Hands::Submission{.intent = std::move(intent),
                             .call = Call{task.change.account, shop_.hands.limits(), MarkCall{task.provider_id, mark}},
                             .on_answer = [this, i, next, mark](std::int64_t id, const Result<Answer>& answer) {
                               // Marking is the same thing however often it is done, so a lost answer is simply asked
                               // again.
                               shop_.hands.close(
                                   id, answer.ok() ? Outcome::Kind::kDone : Outcome::Kind::kFailed, {},
                                   answer.ok() ? "marked " + to_string(mark.key) : answer.error().message);
                               if (tasks_[i].end) return;
                               if (!answer.ok()) {
                                 try_again(i, answer.error(), [this, i, next] { rename(i, next); });
                                 return;
                               }
                               if (ObservedServer* known = machine(tasks_[i])) known->mark = mark;
                               shop_.observer.touch();
                               next();
                             }};
  });
}

void Executor::configure(std::size_t i) {
  shop_.hands.submit(tasks_[i].change.account, [this, i]() -> std::optional<Hands::Submission> {
    Task& task = tasks_[i];
    if (task.end || blocked_by_person(i)) return std::nullopt;
    const DesiredServer* server = wanted(task);
    const ObservedServer* now = machine(task);
    if (server == nullptr || now == nullptr) {
      end(i, End::kStale, "the machine it was planned for is not there any more");
      return std::nullopt;
    }
    auto secrets = shop_.secrets_of(*server);
    if (!secrets.ok()) {
      fail(i, secrets.error().message);
      return std::nullopt;
    }
    Configuration wanted_now{.fields = shop_.desired().field_source->fields(shop_.desired().index_of(*server)),
                             .peers = shop_.peers_now(*server),
                             .secrets = std::move(*secrets)};
    shop_.declare(*server, task.uid);
    Json request(Json::Object{{"digest", digest_of(wanted_now.fields)}});
    for (const Peer& peer : wanted_now.peers) request.set("peer " + peer.name, peer.address);
    task.step_began = shop_.now();
    return Hands::Submission{
        .intent = intent_for(task, Action::kUpdate, std::move(request)),
        .call = Call{task.change.account, shop_.hands.limits(), ConfigureCall{*now, wanted_now}},
        .on_answer = [this, i, wanted_now](std::int64_t id, const Result<Answer>& answer) {
          if (answer.ok()) {
            if (tasks_[i].end) {
              shop_.hands.close(id, Outcome::Kind::kInProgress, {}, "taken by the agent");
            } else {
              wait_until_in_force(i, wanted_now, id);
            }
            return;
          }
          // A whole configuration is the same however often it is sent: a lost answer costs one more sending.
          const bool refused = answer.error().code == ErrorCode::kRefused || answer.error().code == ErrorCode::kInvalid;
          shop_.hands.close(id, refused ? Outcome::Kind::kRefused : Outcome::Kind::kFailed, {}, answer.error().message);
          if (tasks_[i].end) return;
          if (refused) {
            fail(i, answer.error().message);
          } else {
            try_again(i, answer.error(), [this, i] { configure(i); });
          }
        }};
  });
}

void Executor::wait_until_in_force(std::size_t i, Configuration wanted_now, std::int64_t intent) {
  on_listing(i, tasks_[i].change.account, [this, i, wanted_now, intent] {
    Task& task = tasks_[i];
    const ObservedServer* now = machine(task);
    const auto in_force = [&] {
      if (now == nullptr || !now->agent || now->phase == Phase::kUpdating || now->missing_since) return false;
      if (now->agent->applied_digest != digest_of(wanted_now.fields) || now->agent->peers != wanted_now.peers)
        return false;
      return std::ranges::all_of(wanted_now.secrets, [&](const auto& secret) {
        const auto known =
            std::ranges::find(now->agent->fingerprints, secret.first, &std::pair<std::string, std::string>::first);
        return known != now->agent->fingerprints.end() &&
               known->second == hmac_sha256_hex(now->agent->salt, secret.second);
      });
    };
    if (in_force()) {
      shop_.hands.close(intent, Outcome::Kind::kDone, task.provider_id, "in force");
      task.tries = 0;
      finish_change(i);
      return;
    }
    const bool refused = now != nullptr && now->last_action_state == ObservedServer::ActionState::kFailed &&
                         now->phase != Phase::kUpdating;
    if (shop_.now() - task.step_began >= kLongestAction) {
      const std::string why = refused && !now->last_action_message.empty()
                                  ? now->last_action_message
                                  : "the configuration was not in force within " + to_string(Duration(kLongestAction));
      shop_.hands.close(intent, Outcome::Kind::kFailed, {}, why);
      fail(i, why);
      return;
    }
    wait_until_in_force(i, wanted_now, intent);
  });
}

void Executor::finish_change(std::size_t i) {
  Task& task = tasks_[i];
  const ObservedServer* now = machine(task);
  const bool drained_by_person = std::ranges::any_of(shop_.view.overrides, [&](const Override& said) {
    return said.what == Override::What::kDrained && said.resource == task.change.resource;
  });
  const bool down = now == nullptr || now->phase == Phase::kStopped;
  const bool drained = task.drained_here || (now != nullptr && now->agent && now->agent->drained);
  const bool brings_back = task.change.action != Action::kDrain && task.change.action != Action::kStop;
  // After a start that a person asked for no plan follows that would undrain it.
  const bool started = origin_ == Intent::Origin::kByHand && task.change.action == Action::kStart;
  if (drained && brings_back && !drained_by_person && !down && (ends_calls(task.change.effect) || started)) {
    undrain_then_done(i);
    return;
  }
  end(i, End::kDone, {});
}

// Calls come back only to a server that runs and reports the configuration it should have: this is reached from there.
void Executor::undrain_then_done(std::size_t i) {
  step(i, "takes calls again");
  act(i, Action::kUndrain, Json(), [this, i] {
    tasks_[i].drained_here = false;
    end(i, End::kDone, {});
  });
}

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

void Executor::act(std::size_t i, Action action, Json arguments, Next next) {
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
            .on_answer = [this, i, action, arguments, proof, next](std::int64_t id, Result<Answer> answer) {
              action_answered(i, action, arguments, id, proof, std::move(answer), next);
            }};
      });
}

void Executor::action_answered(std::size_t i, Action action, Json arguments, std::int64_t intent,
                               std::string proof_before, Result<Answer> answer, Next next) {
  Task& task = tasks_[i];
  if (answer.ok()) {
    std::string action_id;
    if (const Accepted* accepted = std::get_if<Accepted>(&*answer)) action_id = accepted->action_id;
    if (task.end) {
      shop_.hands.close(intent, Outcome::Kind::kInProgress, {}, action_id);
      return;
    }
    wait_for_action(i, action, std::move(action_id), intent, std::move(next));
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

void Executor::wait_for_action(std::size_t i, Action action, std::string action_id, std::int64_t intent, Next next) {
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
