#include <algorithm>

#include "reconciler/core/compare.h"
#include "reconciler/core/money.h"
#include "reconciler/engine/executor.h"

// From a create's intent to a delivered server (law 3; delivery: domain.md, "Servers").
namespace switchyard {

void Executor::begin_create(std::size_t i) {
  shop_.hands.submit(wanted(tasks_[i])->account, [this, i] { return prepare_create(i); });
}

// The last look before money is spent: the world may have moved since the plan was made (law 9).
std::optional<Hands::Submission> Executor::prepare_create(std::size_t i) {
  Task& task = tasks_[i];
  if (task.end || blocked_by_person(i)) return std::nullopt;
  const DesiredServer* server = wanted(task);
  const DesiredAccount* account = server == nullptr ? nullptr : shop_.desired().account(server->account);
  if (account == nullptr) {
    end(i, End::kStale, "it is no longer declared");
    return std::nullopt;
  }
  const bool replaces = task.change.action == Action::kReplace;
  for (const ObservedServer* known : shop_.observer.machines_of(account->name, account->fleet, server->key)) {
    if (known->missing_since) continue;
    // What must be replaced as well is no successor.
    const Catalogue& offers = shop_.catalogue_of(known->account);
    if (replaces && (known->mark->uid == task.uid || !fits(shop_.desired(), *server, *known, offers))) continue;
    end(i, End::kStale, "server \"" + known->id + "\" is there already");
    return std::nullopt;
  }
  if (replaces) {
    const ObservedServer* old = machine(task);
    if (old == nullptr || !old->mark || old->mark->uid != task.uid) {
      end(i, End::kStale, "the machine it was planned for is not there any more");
      return std::nullopt;
    }
  }
  const ObservedAccount& known = shop_.observer.account(account->name);
  const std::int64_t others = shop_.servers_in(account->name);
  const DepositRule rule{account->deposit_base, account->deposit_per_server, account->reserve};
  std::optional<Money> has =
      known.balance ? std::optional(available_balance(known.balance->amount, account->credit_line)) : std::nullopt;
  if (!has || affordable(rule, *has, others, 1) == 0) {
    const Money needs = deposit_needed(rule, others);
    end_held(i, Gate::kBalance,
             with_others(others) + " it needs " + for_people(needs) + "; " +
                 (has ? for_people(*has) + " is there" : "the balance is not known"));
    held_.at({task.change.resource, task.change.action}).needs = needs;
    if (has) held_.at({task.change.resource, task.change.action}).short_by = short_by(rule, *has, needs);
    return std::nullopt;
  }
  auto secrets = shop_.secrets_of(*server);
  if (!secrets.ok()) {
    fail(i, secrets.error().message);
    return std::nullopt;
  }
  const std::string uid = shop_.new_uid();
  CreateRequest request{.mark = Mark{.fleet = account->fleet, .key = server->key, .uid = uid},
                        .role = server->role,
                        .region = server->region,
                        .size = server->size,
                        .fields = shop_.desired().field_source->fields(shop_.desired().index_of(*server)),
                        .peers = shop_.peers_now(*server),
                        .secrets = std::move(*secrets)};
  Intent intent = intent_for(task, Action::kCreate,
                             Json(Json::Object{{"region", request.region},
                                               {"size", request.size},
                                               {"role", to_string(request.role)},
                                               {"digest", server->digest}}));
  intent.account = account->name;
  intent.uid = uid;
  intent.provider_id.clear();
  intent.provider_now = shop_.provider_now(account->name);
  if (replaces) {
    task.successor_uid = uid;
    intent.request.set("replaces", task.uid);
  } else {
    task.uid = uid;
    shop_.declare(*server, uid);
  }
  return Hands::Submission{
      .intent = std::move(intent),
      .call = Call{account->name, shop_.hands.limits(), CreateCall{std::move(request)}},
      .on_answer = [this, i](std::int64_t id, Result<Answer> answer) { create_answered(i, id, std::move(answer)); }};
}

void Executor::create_answered(std::size_t i, std::int64_t intent_id, Result<Answer> answer) {
  Task& task = tasks_[i];
  const Intent intent = shop_.hands.open().at(intent_id);
  if (answer.ok()) {
    const Created& created = std::get<Created>(*answer);
    const DesiredServer& server = *wanted(task);
    ObservedServer ordered;
    ordered.account = intent.account;
    ordered.id = created.id;
    ordered.mark = Mark{.fleet = shop_.desired().account(intent.account)->fleet, .key = server.key, .uid = intent.uid};
    ordered.name = server.key.name;
    ordered.role = server.role;
    ordered.region = server.region;
    ordered.size = server.size;
    ordered.created = created.now;
    ordered.seen = created.now;
    for (const SizeOffer& offer : shop_.catalogue_of(intent.account).sizes) {
      if (offer.name == server.size) ordered.price = offer.price;
    }
    shop_.observer.expect(std::move(ordered));
    shop_.hands.close(intent_id, Outcome::Kind::kDone, created.id, "ordered as server \"" + created.id + "\"");
    (task.change.action == Action::kReplace ? task.successor_id : task.provider_id) = created.id;
    task.tries = 0;
    if (task.end) return;
    step(i, "waits for delivery");
    wait_for_delivery(i);
    return;
  }
  const Error& error = answer.error();
  switch (error.code) {
    case ErrorCode::kRefusedForMoney:
      shop_.hands.close(intent_id, Outcome::Kind::kRefused, {}, error.message);
      if (!task.end) end_held(i, Gate::kBalance, "the provider refuses for money: " + error.message);
      return;
    case ErrorCode::kInvalid:
    case ErrorCode::kNotFound:
    case ErrorCode::kRefused:
    case ErrorCode::kUnauthorized:
    case ErrorCode::kTooNew:
    case ErrorCode::kLocked:
    case ErrorCode::kFenced:
    case ErrorCode::kStorage:
      shop_.hands.close(intent_id, Outcome::Kind::kRefused, {}, error.message);
      if (!task.end) fail(i, error.message);
      return;
    case ErrorCode::kConflict:
    case ErrorCode::kRateLimited:
    case ErrorCode::kNotSent:
    case ErrorCode::kCancelled:
      shop_.hands.close(intent_id, Outcome::Kind::kFailed, {}, error.message);
      if (!task.end) try_again(i, error, [this, i] { begin_create(i); });
      return;
    case ErrorCode::kOutcomeUnknown:
    case ErrorCode::kUnreadable:
      shop_.hands.close(intent_id, Outcome::Kind::kUnknown, {}, error.message);
      if (task.end) return;
      step(i, "no answer to the create; looks for it by its mark");
      task.look_from.reset();
      look_for_create(i, intent_id);
      return;
  }
}

// Nobody knows whether the create arrived: it is looked for by its mark over the settling time, counted from the first
// complete listing after the answer was lost, and only then sent anew, under another uid.
void Executor::look_for_create(std::size_t i, std::int64_t intent_id) {
  on_listing(i, wanted(tasks_[i])->account, [this, i, intent_id] {
    Task& task = tasks_[i];
    const Intent intent = shop_.hands.open().at(intent_id);
    const ObservedServer* found = shop_.observer.find_by_uid(intent.account, intent.uid);
    if (found != nullptr && !found->missing_since) {
      shop_.hands.close(intent_id, Outcome::Kind::kDone, found->id,
                        "found as server \"" + found->id + "\" by its mark");
      (task.change.action == Action::kReplace ? task.successor_id : task.provider_id) = found->id;
      task.tries = 0;
      step(i, "found by its mark; waits for delivery");
      wait_for_delivery(i);
      return;
    }
    const ObservedAccount& known = shop_.observer.account(intent.account);
    if (!known.trouble && known.listed) {
      if (!task.look_from) task.look_from = known.listed;
      const Duration settling = shop_.catalogue_of(intent.account).settling;
      if (*known.listed - *task.look_from >= settling) {
        shop_.hands.close(intent_id, Outcome::Kind::kFailed, {},
                          "no server with its mark over " + to_string(settling) + "; its uid is given up");
        GivenUp given_up{.uid = intent.uid, .resource = intent.resource, .account = intent.account, .at = shop_.now()};
        shop_.hands.batch().given_up.push_back(given_up);
        shop_.view.given_up.push_back(std::move(given_up));
        std::ranges::sort(shop_.view.given_up, {}, &GivenUp::uid);
        shop_.observer.touch();
        try_again(i, Error{ErrorCode::kOutcomeUnknown, "the create was lost"}, [this, i] { begin_create(i); });
        return;
      }
    }
    look_for_create(i, intent_id);
  });
}

void Executor::wait_for_delivery(std::size_t i) {
  on_listing(i, wanted(tasks_[i])->account, [this, i] {
    Task& task = tasks_[i];
    const bool replaces = task.change.action == Action::kReplace;
    const std::string& account = wanted(task)->account;
    const std::string& id = replaces ? task.successor_id : task.provider_id;
    const std::string& uid = replaces ? task.successor_uid : task.uid;
    const ObservedServer* server = shop_.observer.find(account, id);
    const ObservedAccount& known = shop_.observer.account(account);
    const Catalogue& catalogue = shop_.catalogue_of(account);
    if (server == nullptr) {
      fail(i, "server \"" + id + "\" is no longer there");
      return;
    }
    if (server->delivered && !server->missing_since && server->phase != Phase::kProvisioning) {
      delivered(i);
      return;
    }
    // One that listings lack for a settling time, from two complete ones on, is asked for by its id before it counts as
    // gone.
    if (server->missing_since && server->missing_listings >= 2 && known.listed &&
        *known.listed - *server->missing_since >= catalogue.settling) {
      shop_.hands.read(Call{account, shop_.hands.limits(), GetCall{id}},
                       [this, i, account, id](const Result<Answer>& answer) {
                         if (tasks_[i].end) return;
                         ObservedServer* missing = shop_.observer.find(account, id);
                         if (!answer.ok() && answer.error().code == ErrorCode::kNotFound && missing != nullptr) {
                           shop_.observer.prove_gone(*missing);
                           fail(i, "server \"" + id + "\" vanished before it was delivered");
                           return;
                         }
                         wait_for_delivery(i);
                       });
      return;
    }
    const bool late = server->created && known.listed && catalogue.delivery_failed.count() > 0 &&
                      *known.listed - *server->created >= catalogue.delivery_failed;
    if (server->phase == Phase::kFailed || late) {
      GivenUp given_up{.uid = uid, .resource = task.change.resource, .account = account, .at = shop_.now()};
      shop_.hands.batch().given_up.push_back(given_up);
      shop_.view.given_up.push_back(std::move(given_up));
      std::ranges::sort(shop_.view.given_up, {}, &GivenUp::uid);
      shop_.observer.touch();
      fail(i, late ? "server \"" + id + "\" was not delivered within " + to_string(catalogue.delivery_failed)
                   : "server \"" + id + "\" failed at its provider before it was delivered");
      return;
    }
    wait_for_delivery(i);
  });
}

void Executor::delivered(std::size_t i) {
  Task& task = tasks_[i];
  if (task.change.action != Action::kReplace) {
    end(i, End::kDone, "delivered");
    return;
  }
  // From here on the successor is the server.
  shop_.declare(*wanted(task), task.successor_uid);
  task.half_done = true;
  step(i, "its successor serves");
  for (const std::size_t next : task.hard_dependants) {
    if (!tasks_[next].end && --tasks_[next].waits == 0) ready_.push_back(next);
  }
  if (task.halves_waiting == 0) replace_second_half(i);
}

}  // namespace switchyard
