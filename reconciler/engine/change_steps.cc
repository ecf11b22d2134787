#include <fmt/core.h>

#include <algorithm>

#include "reconciler/core/compare.h"
#include "reconciler/engine/executor.h"

// Configurations: sent whole, then believed only when a report shows them in force.
namespace switchyard {
namespace {

constexpr int kTries = 5;
// How often a call is repeated that a rate limit refuses: that is no failure of the call.
constexpr int kTriesWhileLimited = 60;

// Then all else stays on the machine as it is: what differs besides is held, or is nothing.
bool only_peers(const Change& change) {
  return !change.fields.empty() &&
         std::ranges::all_of(change.fields, [](const FieldChange& field) { return PeerWishes::is_path(field.path); });
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
      // What is done on the way to what was asked for (a drain before a stop) was not asked for.
      .origin = action == task.change.action ? origin_ : Intent::Origin::kPlanned,
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
  const bool limited = error.code == ErrorCode::kRateLimited && ++task.tries_while_limited < kTriesWhileLimited;
  if ((!limited && ++task.tries >= kTries) || interrupted_) {
    fail(i, error.message);
    return false;
  }
  Duration pause = error.retry_after.value_or(std::chrono::seconds(1) * (1 << std::max(task.tries - 1, 0)));
  pause += Duration(shop_.random.between(0, pause.count() / 4 + 1));
  const bool ordering = task.change.action == Action::kCreate || task.change.action == Action::kReplace;
  const std::string& account = ordering && wanted(task) != nullptr ? wanted(task)->account : task.change.account;
  step(i, "account \"" + account + "\": " + error.message + "; tried again in " + for_people(pause));
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
  if (task.change.action != Action::kUpdate || server == nullptr || only_peers(task.change)) return true;
  Member member(server->key);
  member.desired = server;
  member.current = now;
  const std::vector<FieldChange> differing =
      compare_fields(shop_.desired(), *server, member, shop_.catalogue_of(now->account), shop_.view.fingerprints);
  for (const FieldChange& planned : task.change.fields) {
    if (PeerWishes::is_path(planned.path)) continue;
    const auto same = std::ranges::find(differing, planned.path, &FieldChange::path);
    if (same != differing.end() && same->before == planned.before && same->after == planned.after) continue;
    end(i, End::kStale, planned.path + " is not what it was when this was planned");
    return false;
  }
  // What differs besides must not do more to service than what was shown; on a machine that is down it stays as it is.
  if (!is_down(*now) && worst_effect(differing) > task.change.effect) {
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
  if (only_peers(task.change)) {
    configure(i);
    return;
  }
  const auto resized = [this, i] { configure(i); };
  const auto renamed = [this, i, resized] {
    const ObservedServer* known = machine(tasks_[i]);
    const std::vector<FieldChange>& fields = tasks_[i].change.fields;
    if (known != nullptr && is_down(*known) && fields.size() == 1 && fields.front().path == "metadata.name") {
      finish_change(i);
      return;
    }
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
void Executor::rename(std::size_t i, const Next& next) {
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
                               if (ObservedServer* known = machine(tasks_[i])) shop_.observer.mark(*known, mark);
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
    Result<std::optional<Configuration>> made =
        only_peers(task.change) ? shop_.with_other_peers(*server, *now) : shop_.configuration_of(*server);
    if (!made.ok()) {
      fail(i, made.error().message);
      return std::nullopt;
    }
    if (!*made) {
      end(i, End::kStale, "what differs on it besides its peers is not what it was when this was planned");
      return std::nullopt;
    }
    Configuration wanted_now = **std::move(made);
    shop_.declare(*server, task.uid);
    Json request(Json::Object{{"digest", digest_of(wanted_now.fields)}});
    for (const Peer& peer : wanted_now.peers)
      request.set(fmt::format("{} {}", to_string(peer.purpose), peer.name), peer.address);
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
      const DesiredServer* server = wanted(task);
      return server != nullptr && (only_peers(task.change) || shop_.has_secrets(*server, *now->agent));
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

}  // namespace switchyard
