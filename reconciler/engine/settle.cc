#include <algorithm>

#include "reconciler/engine/engine_impl.h"
#include "specs/base/digest.h"

// What a crash left: open intents are looked for before anything is repeated (law 3), and what is missing is asked for
// by its id before it counts as gone (law 4).
namespace switchyard {
namespace {

constexpr std::chrono::milliseconds kFirstPause{250};
constexpr std::chrono::seconds kLongestPause{5};

}  // namespace

// Closes an intent of an earlier run when what is known settles it; false: it has to be looked for longer.
bool Engine::Impl::settle_intent(const Intent& intent, const std::map<std::string, Timestamp>& look_from) {
  const DesiredAccount* account = shop.desired().account(intent.account);
  const ObservedAccount& known = shop.observer.account(intent.account);
  // An account that is not declared here or cannot be seen leaves it open; diff holds what depends on it.
  if (account == nullptr || known.trouble || !known.listed) return true;
  const auto from = look_from.find(intent.account);
  const bool over =
      from != look_from.end() && *known.listed - from->second >= shop.catalogue_of(intent.account).settling;
  const ObservedServer* by_uid = shop.observer.find_by_uid(intent.account, intent.uid);
  if (by_uid != nullptr && by_uid->missing_since) by_uid = nullptr;
  if (intent.action == Action::kCreate) {
    if (by_uid != nullptr) {
      shop.hands.close(intent.id, Outcome::Kind::kDone, by_uid->id,
                       "found as server \"" + by_uid->id + "\" by its mark");
      return true;
    }
    if (!over) return false;
    shop.hands.close(intent.id, Outcome::Kind::kFailed, {},
                     "no server with its mark over " + to_string(shop.catalogue_of(intent.account).settling) +
                         "; its uid is given up");
    GivenUp given_up{.uid = intent.uid, .resource = intent.resource, .account = intent.account, .at = shop.now()};
    shop.hands.batch().given_up.push_back(given_up);
    shop.view.given_up.push_back(std::move(given_up));
    std::ranges::sort(shop.view.given_up, {}, &GivenUp::uid);
    shop.observer.touch();
    return true;
  }
  const ObservedServer* server = shop.observer.find(intent.account, intent.provider_id);
  // What is proven gone, or was removed by ourselves, need not be looked for.
  const bool gone = server != nullptr && server->confirmed_gone;
  if (server != nullptr && (server->missing_since || gone)) server = nullptr;
  if (intent.action == Action::kDelete) {
    if (server != nullptr && !over) return false;
    if (server == nullptr) {
      shop.hands.close(intent.id, Outcome::Kind::kDone, intent.provider_id, "it is not there any more");
    } else {
      shop.hands.close(intent.id, Outcome::Kind::kFailed, {}, "the server is still there; it is planned again");
    }
    return true;
  }
  if (server == nullptr) {
    if (!over && !gone) return false;
    shop.hands.close(intent.id, Outcome::Kind::kFailed, {}, "the server is not there any more");
    return true;
  }
  if (server->phase == Phase::kUpdating && !over) return false;
  const bool by_hand = intent.origin == Intent::Origin::kByHand;
  switch (intent.action) {
    case Action::kUpdate: {
      const std::string mark = intent.request.string_or("mark", "");
      const bool in_force =
          mark.empty() ? server->agent && server->agent->applied_digest == intent.request.string_or("digest", "?")
                       : server->mark && server->mark->uid == intent.uid && to_string(server->mark->key) == mark;
      if (!in_force && !over) return false;
      shop.hands.close(intent.id, in_force ? Outcome::Kind::kDone : Outcome::Kind::kFailed, server->id,
                       in_force ? "in force" : "not in force; what differs is planned again");
      return true;
    }
    case Action::kDrain:
    case Action::kUndrain: {
      const bool wanted_drained = intent.action == Action::kDrain;
      const bool done = server->agent && server->agent->drained == wanted_drained;
      if (!done && !over) return false;
      shop.hands.close(intent.id, done ? Outcome::Kind::kDone : Outcome::Kind::kFailed, server->id, {});
      return true;
    }
    case Action::kCreate:
    case Action::kReplace:
    case Action::kDelete:
    case Action::kInstall:
    case Action::kStart:
    case Action::kStop:
    case Action::kRestart:
    case Action::kOsCycle:
    case Action::kPowerCycle:
    case Action::kReactivate:
    case Action::kResize:
    case Action::kFlush:
    case Action::kUpgrade:
      break;
  }
  const bool proven = !server->last_action.empty() && server->last_action != intent.proof_before;
  if (proven) {
    const bool failed = server->last_action_state == ObservedServer::ActionState::kFailed;
    if (server->last_action_state == ObservedServer::ActionState::kRunning) {
      if (!over) return false;
      // Still at it: the intent stays open, and nothing is planned for the server until it ends or counts as hanging.
      if (shop.now() - intent.written < kLongestAction) return true;
      const std::string why = "it was not done within " + to_string(Duration(kLongestAction));
      shop.hands.close(intent.id, Outcome::Kind::kFailed, server->id, why);
      if (!by_hand) shop.failed(intent.resource, intent.action, why);
      return true;
    }
    shop.hands.close(
        intent.id, failed ? Outcome::Kind::kFailed : Outcome::Kind::kDone, server->id,
        failed ? server->last_action_message : "proven by the provider's action \"" + server->last_action + "\"");
    return true;
  }
  if (!over) return false;
  // What was asked for by hand is never repeated; what was planned is planned again, drained first.
  shop.hands.close(intent.id, by_hand ? Outcome::Kind::kUnknown : Outcome::Kind::kFailed, server->id,
                   "no proof that it happened");
  return true;
}

// Asks by id for machines of ours, wanted or not, that two complete listings a settling time apart lack: until they are
// proven gone they count in the money rule, and what declared them stays.
Result<Done> Engine::Impl::confirm_missing(bool& waiting) {
  std::vector<ObservedServer> lacking;
  for (const ObservedAccount& known : shop.view.accounts) {
    const DesiredAccount* declared = shop.desired().account(known.name);
    if (declared == nullptr || known.trouble || !known.listed) continue;
    for (const ObservedServer& server : known.servers) {
      const bool ours = server.mark && server.mark->fleet == declared->fleet;
      if (ours && server.missing_since && !server.confirmed_gone) lacking.push_back(server);
    }
  }
  std::size_t open = 0;
  for (const ObservedServer& missing : lacking) {
    const ObservedAccount& known = shop.observer.account(missing.account);
    const Duration settling = shop.catalogue_of(missing.account).settling;
    if (missing.missing_listings < 2 || *known.listed - *missing.missing_since < settling) {
      waiting = true;
      continue;
    }
    ++open;
    const std::string account = missing.account;
    const std::string id = missing.id;
    shop.hands.read(Call{account, shop.hands.limits(), GetCall{id}}, [this, account, id, &open](Result<Answer> answer) {
      --open;
      ObservedServer* server = shop.observer.find(account, id);
      if (server == nullptr) return;
      if (!answer.ok() && answer.error().code == ErrorCode::kNotFound) {
        shop.observer.prove_gone(*server);
        if (server->mark)
          shop.event(server->mark->key, account, "gone", "server \"" + id + "\" is gone from its provider");
      } else if (answer.ok()) {
        // The listing lied: it is there.
        ObservedServer found = std::get<ObservedServer>(std::move(*answer));
        found.account = account;
        found.missing_since.reset();
        found.missing_listings = 0;
        *server = std::move(found);
      }
      shop.observer.touch();
    });
  }
  while (open > 0 && shop.hands.runner().stops() < 2) {
    if (Result<Done> turned = shop.hands.turn(shop.now() + std::chrono::seconds(10)); !turned.ok()) return turned;
  }
  return Done{};
}

Result<Done> Engine::Impl::settle() {
  if (!shop.hands.may_write() || is_settled()) return Done{};
  bool all = false;
  std::map<std::string, Timestamp> look_from;
  Duration pause = kFirstPause;
  for (;;) {
    for (const ObservedAccount& account : shop.view.accounts) {
      if (account.listed && !account.trouble) look_from.try_emplace(account.name, *account.listed);
    }
    bool waiting = false;
    std::vector<Intent> open;
    for (const auto& [id, intent] : shop.hands.open()) open.push_back(intent);
    for (const Intent& intent : open) {
      if (!settle_intent(intent, look_from)) waiting = true;
    }
    if (Result<Done> confirmed = confirm_missing(waiting); !confirmed.ok()) return confirmed;
    if (Result<Done> written = shop.hands.write(); !written.ok()) return written;
    const auto over = [this] { return shop.hands.runner().stops() > 0 || shop.hands.late(); };
    all = !waiting;
    if (!waiting || over()) break;
    const Timestamp due = shop.now() + pause;
    while (shop.now() < due && !over()) {
      if (Result<Done> turned = shop.hands.turn(due); !turned.ok()) return turned;
    }
    pause = std::min<Duration>(pause * 2, kLongestPause);
    std::set<std::string> accounts;
    for (const DesiredAccount& account : shop.desired().accounts) accounts.insert(account.name);
    if (Result<Done> looked = look_at(accounts); !looked.ok()) {
      if (looked.error().code == ErrorCode::kCancelled) break;
      return looked;
    }
    if (Result<Done> expected = expect_what_was_ordered(); !expected.ok()) return expected;
  }
  // What was asked for by hand and turned out to be done is a person's word from here on.
  Result<std::vector<Override>> overrides = shop.hands.runner().overrides(shop.store);
  if (!overrides.ok()) return overrides.error();
  shop.view.overrides = std::move(*overrides);
  update_open_intents();
  shop.compute_fingerprints();
  for (const ObservedAccount& account : shop.view.accounts) {
    if (shop.desired().account(account.name) == nullptr) continue;
    if (Result<Done> saved = shop.observer.save(account.name); !saved.ok()) return saved;
  }
  if (all) settled_at = shop.observer.version();
  return Done{};
}

}  // namespace switchyard
