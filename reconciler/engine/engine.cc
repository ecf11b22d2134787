#include "reconciler/engine/engine.h"

#include <algorithm>

#include "reconciler/core/compare.h"
#include "reconciler/engine/engine_impl.h"

namespace switchyard {

int ApplyReport::exit_code() const {
  if (!failures.empty()) return 1;
  if (interrupted) return 4;
  if (!stale.empty()) return 5;
  return holds.empty() ? 0 : 3;
}

Engine::Impl::Impl(Store& store, Lock* lock, Runner& runner, EngineOptions options)
    : shop(store, lock, runner, std::move(options)) {
  if (shop.options.timeout) deadline = shop.options.machine_clock() + *shop.options.timeout;
}

Engine::Engine(Store& store, Lock* lock, Runner& runner, EngineOptions options)
    : impl_(std::make_unique<Impl>(store, lock, runner, std::move(options))) {}

Engine::~Engine() = default;

Result<Done> Engine::want(const LoadedSpecs& specs) {
  if (!specs.ok()) return Error{ErrorCode::kInvalid, "the specs have errors"};
  impl_->shop.specs = &specs;
  impl_->shop.observer.touch();
  return Done{};
}

Result<Done> Engine::recall() {
  Workshop& shop = impl_->shop;
  const Timestamp now = shop.now();
  Result<std::vector<ObservedAccount>> accounts = shop.store.observed();
  if (!accounts.ok()) return accounts.error();
  Result<std::vector<OpenIntent>> open = shop.store.open_intents();
  if (!open.ok()) return open.error();
  Duration settling{};
  for (const ObservedAccount& known : *accounts) {
    if (known.catalogue) settling = std::max(settling, known.catalogue->settling);
  }
  Result<std::vector<DoneChange>> done = shop.store.done_changes(now - settling);
  if (!done.ok()) return done.error();
  Result<std::vector<Attempts>> attempts = shop.store.attempts();
  if (!attempts.ok()) return attempts.error();
  Result<std::vector<Override>> overrides = shop.hands.runner().overrides(shop.store);
  if (!overrides.ok()) return overrides.error();
  Result<std::vector<Declaration>> declarations = shop.store.declarations();
  if (!declarations.ok()) return declarations.error();
  Result<std::vector<GivenUp>> given_up = shop.store.given_up(now);
  if (!given_up.ok()) return given_up.error();
  shop.view.accounts = std::move(*accounts);
  shop.view.open_intents = std::move(*open);
  shop.view.attempts = std::move(*attempts);
  shop.view.overrides = std::move(*overrides);
  shop.declarations() = std::move(*declarations);
  shop.view.given_up = std::move(*given_up);
  for (const OpenIntent& intent : shop.view.open_intents) shop.hands.open().emplace(intent.intent.id, intent.intent);
  shop.observer.recalled();
  for (const DoneChange& change : *done) impl_->recall(change);
  shop.observer.touch();
  if (shop.specs != nullptr) shop.compute_fingerprints();
  return Done{};
}

void Engine::Impl::recall(const DoneChange& change) {
  shop.hands.remember(change);
  if (!change.mark || !std::ranges::binary_search(shop.view.accounts, change.account, {}, &ObservedAccount::name))
    return;
  // Whoever marked it may have died before its row said so.
  const std::optional<Timestamp> looked = shop.observer.account(change.account).looked;
  ObservedServer* known = shop.observer.find(change.account, change.provider_id);
  const DesiredAccount* account = shop.specs == nullptr ? nullptr : shop.desired().account(change.account);
  if (known == nullptr || account == nullptr || (looked && *looked > change.at)) return;
  if (known->mark && known->mark->uid != change.uid) return;  // it is another's; imported, it was nobody's
  shop.observer.mark(*known, Mark{.fleet = account->fleet, .key = *change.mark, .uid = change.uid});
}

Result<Done> Engine::Impl::look_at(const std::set<std::string>& accounts) {
  const Error stopped{ErrorCode::kCancelled,
                      "stopped before all was looked at; nothing is done on a guess, run it again"};
  if (shop.hands.runner().stops() > 0) return stopped;
  const auto open = std::make_shared<std::size_t>(accounts.size());  // a look that is left may still be answered
  for (const std::string& account : accounts) shop.observer.look(account, [open] { --*open; });
  while (*open > 0 && shop.hands.runner().stops() == 0) {
    if (Result<Done> turned = shop.hands.turn(shop.now() + std::chrono::seconds(10)); !turned.ok()) return turned;
    if (shop.observer.store_failure()) return *shop.observer.store_failure();
  }
  if (*open > 0) return stopped;
  return Done{};
}

Result<Done> Engine::observe() {
  impl_->asked("observe");
  Workshop& shop = impl_->shop;
  std::set<std::string> accounts;
  for (const DesiredAccount& account : shop.desired().accounts) accounts.insert(account.name);
  if (Result<Done> looked = impl_->look_at(accounts); !looked.ok()) return looked;
  if (shop.hands.late()) {
    return Error{ErrorCode::kCancelled, "the time of --timeout was over before all was looked at; run it again"};
  }
  if (impl_->is_known_for_sure()) return shop.hands.write();  // nothing but times has changed
  if (Result<Done> expected = impl_->expect_what_was_ordered(); !expected.ok()) return expected;
  shop.compute_fingerprints();
  impl_->learnt_at = version();
  return shop.hands.may_write() ? shop.hands.write() : Result<Done>(Done{});
}

Result<Done> Engine::Impl::expect_what_was_ordered() {
  std::vector<Key> absent;
  std::map<std::string, Catalogue> offers;
  for (const DesiredAccount& account : shop.desired().accounts) {
    offers.emplace(account.name, shop.catalogue_of(account.name));
  }
  for (const Member& member : shop.fleet().wanted()) {
    // Of a machine that is to be replaced, the successor may have been ordered.
    const bool there = member.current != nullptr &&
                       fits(shop.desired(), *member.desired, *member.current, offers[member.current->account]);
    // One that is gone hides nothing: another may have been ordered since, and expect() passes over what is known.
    if (!there && member.missing == nullptr) absent.push_back(member.key);
  }
  for (const Declaration& declaration : shop.declarations()) {
    const DesiredAccount* account = shop.desired().account(declaration.account);
    if (account == nullptr || shop.desired().server(declaration.resource) != nullptr) continue;
    if (shop.observer.machines_of(account->name, account->fleet, declaration.resource).empty()) {
      absent.push_back(declaration.resource);
    }
  }
  for (const Key& key : absent) {
    Result<std::vector<std::pair<Intent, std::optional<Outcome>>>> history = shop.store.intents_of(key, 50);
    if (!history.ok()) return history.error();
    std::ranges::sort(*history, [](const auto& a, const auto& b) { return a.first.id > b.first.id; });
    for (const auto& [intent, outcome] : *history) {
      const bool done = outcome && outcome->kind == Outcome::Kind::kDone;
      if (intent.action == Action::kDelete && done) break;
      if (intent.action != Action::kCreate || !done || outcome->provider_id.empty()) continue;
      const DesiredAccount* account = shop.desired().account(intent.account);
      const ObservedAccount& known = shop.observer.account(intent.account);
      const bool given_up = std::ranges::binary_search(shop.view.given_up, intent.uid, {}, &GivenUp::uid);
      if (account == nullptr || !known.listed || given_up) break;
      ObservedServer ordered;
      ordered.account = intent.account;
      ordered.id = outcome->provider_id;
      ordered.mark = Mark{.fleet = account->fleet, .key = key, .uid = intent.uid};
      ordered.name = key.name;
      ordered.role = parse_role(intent.request.string_or("role", ""));
      ordered.region = intent.request.string_or("region", "");
      ordered.size = intent.request.string_or("size", "");
      ordered.created = intent.provider_now;
      ordered.seen = *known.listed;
      ordered.missing_since = known.listed;
      ordered.missing_listings = 1;
      shop.observer.expect(std::move(ordered));
      shop.observer.touch();
      break;
    }
  }
  return Done{};
}

void Engine::Impl::update_open_intents() {
  std::vector<OpenIntent> open;
  for (const auto& [id, intent] : shop.hands.open()) {
    const auto known = std::ranges::find_if(
        shop.view.open_intents, [&, wanted = id](const OpenIntent& one) { return one.intent.id == wanted; });
    open.push_back(OpenIntent{intent, known == shop.view.open_intents.end() ? std::nullopt : known->outcome});
  }
  shop.view.open_intents = std::move(open);
}

Plan Engine::Impl::plan(const PlanOptions& options) {
  update_open_intents();
  std::map<std::string, std::int64_t> removed;
  for (const auto& [account, ids] : shop.removed) {
    // One that is still there is planned again, and counts as that.
    removed[account] = std::ranges::count_if(ids, [&, &name = account](const std::string& id) {
      const ObservedServer* server = shop.observer.find(name, id);
      return server == nullptr || server->confirmed_gone;
    });
  }
  Plan made = diff(DiffInput{.desired = shop.desired(),
                             .observed = shop.view.accounts,
                             .open_intents = shop.view.open_intents,
                             .attempts = shop.view.attempts,
                             .overrides = shop.view.overrides,
                             .declarations = shop.declarations(),
                             .given_up = shop.view.given_up,
                             .fingerprints = shop.view.fingerprints,
                             .now = shop.now(),
                             .options = options,
                             .removed = std::move(removed)});
  if (Runner& runner = shop.hands.runner(); runner.keeps_notes()) runner.note("decided", to_json(made));
  return made;
}

void Engine::Impl::asked(std::string_view what, const PlanOptions* options, const Plan* plan) {
  Runner& runner = shop.hands.runner();
  if (!runner.keeps_notes()) return;
  Json said = Json::Object{{"what", what}};
  if (options != nullptr) said.set("options", to_json(*options));
  if (plan != nullptr) said.set("plan", to_json(*plan));
  runner.note("asked", said);
}

Result<Done> Engine::settle() {
  impl_->asked("settle");
  return impl_->settle();
}
Plan Engine::plan(const PlanOptions& options) {
  impl_->asked("plan", &options);
  impl_->shop.removed.clear();  // what an earlier apply did counts no more
  return impl_->plan(options);
}
const WorldView& Engine::view() const {
  impl_->shop.declarations();  // the view's own are then complete
  return impl_->shop.view;
}
std::int64_t Engine::version() const {
  return impl_->shop.observer.version();
}
Timestamp Engine::now() const {
  return impl_->shop.now();
}

Result<ApplyReport> Engine::apply(const Plan& approved, const PlanOptions& options, Scope scope,
                                  const std::function<void(const Progress&)>& progress) {
  impl_->asked(scope == Scope::kStrict ? "apply exactly" : "apply", &options, &approved);
  return impl_->apply(approved, options, scope, progress);
}

Result<ApplyReport> Engine::act(Action action, const std::vector<Key>& servers, const Json& arguments,
                                const PlanOptions& options, const std::function<void(const Progress&)>& progress) {
  return impl_->act(action, servers, arguments, options, progress);
}

Result<Done> Engine::import_server(const Key& key, const std::string& account_name, const std::string& id) {
  Workshop& shop = impl_->shop;
  const DesiredAccount* account = shop.desired().account(account_name);
  const DesiredServer* server = shop.desired().server(key);
  if (account == nullptr) return Error{ErrorCode::kInvalid, "no account \"" + account_name + "\" is declared"};
  if (server == nullptr) {
    return Error{ErrorCode::kInvalid,
                 "no " + to_string(key) + " is declared; declare it first, then import the server as it"};
  }
  if (server->account != account_name) {
    return Error{ErrorCode::kInvalid, to_string(key) + " is declared in account \"" + server->account + "\""};
  }
  if (const ObservedServer* there = shop.machine_of(*server)) {
    return Error{ErrorCode::kInvalid, to_string(key) + " is server \"" + there->id + "\" already"};
  }
  const ObservedServer* found = shop.observer.find(account_name, id);
  if (found == nullptr || found->confirmed_gone) {
    return Error{ErrorCode::kNotFound, "account \"" + account_name + "\" has no server \"" + id + "\""};
  }
  if (found->mark) {
    return Error{ErrorCode::kRefused, "server \"" + id + "\" carries the mark of fleet \"" + found->mark->fleet +
                                          "\", " + to_string(found->mark->key)};
  }
  const Mark mark{.fleet = account->fleet, .key = key, .uid = shop.new_uid()};
  Result<Answer> ended = Error{ErrorCode::kCancelled, "stopped before it was known to be done; import it again"};
  bool answered = false;
  shop.hands.set_places(account_name, 1);
  shop.hands.submit(account_name, [&]() -> std::optional<Hands::Submission> {
    return Hands::Submission{.intent = Intent{.resource = key,
                                              .account = account_name,
                                              .action = Action::kUpdate,
                                              .origin = Intent::Origin::kByHand,
                                              .uid = mark.uid,
                                              .provider_id = id,
                                              .written = shop.now(),
                                              .provider_now = shop.provider_now(account_name),
                                              .source_path = shop.source_path(*server),
                                              .request = Json(Json::Object{{"mark", to_string(key)}}),
                                              .proof_before = {},
                                              .actor = shop.options.actor,
                                              .reason = shop.options.reason},
                             .call = Call{account_name, shop.hands.limits(), MarkCall{id, mark}},
                             .on_answer = [&](std::int64_t intent, Result<Answer> answer) {
                               shop.hands.close(
                                   intent, answer.ok() ? Outcome::Kind::kDone : Outcome::Kind::kFailed, id,
                                   answer.ok() ? "imported server \"" + id + "\"" : answer.error().message);
                               if (answer.ok()) shop.declare(*server, mark.uid);
                               ObservedServer* taken = shop.observer.find(account_name, id);
                               if (answer.ok() && taken != nullptr) shop.observer.mark(*taken, mark);
                               ended = std::move(answer);
                               answered = true;
                             }};
  });
  while (!answered && shop.hands.runner().stops() < 2) {
    if (Result<Done> turned = shop.hands.turn(shop.now() + std::chrono::seconds(10)); !turned.ok()) return turned;
  }
  if (Result<Done> written = shop.hands.write(); !written.ok()) return written;
  if (!ended.ok()) return ended.error();
  Result<Done> looked = impl_->look_at({account_name});
  // It is ours now, whoever stops us before we see it so.
  if (!looked.ok() && looked.error().code == ErrorCode::kCancelled) return Done{};
  return looked;
}

}  // namespace switchyard
