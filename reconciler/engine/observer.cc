#include "reconciler/engine/observer.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace switchyard {
namespace {

constexpr int kTries = 4;
// A listing without end is no listing. Twice the largest fleet that we answer for, and pages as small as some have
// them.
constexpr std::size_t kMostServers = 250'000;
constexpr std::int64_t kMostPages = 20'000;

// Whether asking again at once can help. A rate limit was waited for already (Hands::read).
bool passes(ErrorCode code) {
  switch (code) {
    case ErrorCode::kConflict:
    case ErrorCode::kNotSent:
    case ErrorCode::kOutcomeUnknown:
    case ErrorCode::kUnreadable:
      return true;
    case ErrorCode::kInvalid:
    case ErrorCode::kNotFound:
    case ErrorCode::kRefused:
    case ErrorCode::kRefusedForMoney:
    case ErrorCode::kRateLimited:
    case ErrorCode::kUnauthorized:
    case ErrorCode::kTooNew:
    case ErrorCode::kLocked:
    case ErrorCode::kFenced:
    case ErrorCode::kStorage:
    case ErrorCode::kCancelled:
      return false;
  }
  return false;
}

bool was_removed(const ObservedServer& server) {
  return server.confirmed_gone && !server.mark;
}

// Whether a server is as it was, but for when it was seen and when its agent reported.
bool as_before(ObservedServer& listed, const ObservedServer& known) {
  listed.seen = known.seen;
  if (!listed.agent || !known.agent) return listed == known;
  const Timestamp reported = std::exchange(listed.agent->at, known.agent->at);
  const bool same = listed == known;
  listed.agent->at = reported;
  return same;
}

// Whether a machine is shown in the state in which it was known, as far as changes of ours have a part in it.
bool stands_as_known(const ObservedServer& listed, const ObservedServer& known) {
  const auto state = [](const ObservedServer& server) {
    return std::tie(server.mark, server.phase, server.size, server.last_action, server.last_action_state);
  };
  if (state(listed) != state(known) || listed.agent.has_value() != known.agent.has_value()) return false;
  return !listed.agent || (listed.agent->drained == known.agent->drained && listed.agent->peers == known.agent->peers &&
                           listed.agent->applied_digest == known.agent->applied_digest);
}

}  // namespace

bool merge_listing(ObservedAccount& account, std::vector<ObservedServer> listed, Timestamp now) {
  // Servers are large and many: until their order is known, nothing but their places is moved.
  std::unordered_map<std::string_view, std::size_t> place;  // of what is listed, by id; shown twice, the first counts
  place.reserve(listed.size());
  for (std::size_t i = 0; i < listed.size(); ++i) place.emplace(listed[i].id, i);
  const Duration settling = account.catalogue ? account.catalogue->settling : Duration{};
  std::vector<ObservedServer> lacking;
  std::vector<ObservedServer*> same;  // in the order of the last listing
  for (const ObservedServer& known : account.servers) {
    const auto at = place.find(known.id);
    if (was_removed(known)) {
      ObservedServer kept = known;
      if (!kept.missing_since) kept.missing_since = now;
      if (now - *kept.missing_since >= settling) continue;  // if it is listed still, it is there after all
      if (at != place.end()) place.erase(at);               // it lingers
      lacking.push_back(std::move(kept));
      continue;
    }
    if (at != place.end()) {
      ObservedServer& server = listed[at->second];
      if (server.name != known.name) continue;  // it stands elsewhere now
      same.push_back(&server);
      place.erase(at);
      continue;
    }
    // What is not ours and no longer listed is no concern; what was proven gone stays known until its place is taken.
    if (!known.mark) continue;
    ObservedServer kept = known;
    const bool fresh = known.created && now - *known.created < settling;
    if (!known.confirmed_gone && !fresh) {
      if (!kept.missing_since) kept.missing_since = now;
      ++kept.missing_listings;
    }
    lacking.push_back(std::move(kept));
  }
  std::vector<ObservedServer*> others;
  others.reserve(place.size() + lacking.size());
  for (const auto& [id, at] : place) others.push_back(&listed[at]);
  for (std::vector<ObservedServer*>* all : {&same, &others}) {
    for (ObservedServer* server : *all) {
      server->account = account.name;
      server->missing_since.reset();
      server->missing_listings = 0;
      server->confirmed_gone = false;
    }
  }
  const auto earlier = [](const ObservedServer* a, const ObservedServer* b) {
    return std::tie(a->name, a->id) < std::tie(b->name, b->id);
  };
  // What was ordered stands at the end until it is listed.
  const bool in_order = std::ranges::is_sorted(same, earlier);
  if (!in_order) std::ranges::sort(same, earlier);
  bool changed = !in_order || !account.listed || account.trouble || !lacking.empty() || !others.empty() ||
                 same.size() != account.servers.size();
  for (std::size_t i = 0; !changed && i < same.size(); ++i) changed = !as_before(*same[i], account.servers[i]);
  account.listed = now;
  account.trouble.reset();
  if (!changed) {
    for (std::size_t i = 0; i < same.size(); ++i) {
      account.servers[i].seen = now;
      if (same[i]->agent) account.servers[i].agent->at = same[i]->agent->at;
    }
    return false;
  }
  for (std::vector<ObservedServer*>* all : {&same, &others}) {
    for (ObservedServer* server : *all) server->seen = now;
  }
  // A proven absence is told until another machine carries the same mark's key.
  std::set<std::pair<std::string_view, Key>> held;
  const auto is_proven = [](const ObservedServer& server) { return server.confirmed_gone && server.mark; };
  if (std::ranges::any_of(lacking, is_proven)) {
    for (const std::vector<ObservedServer*>* all : {&same, &others}) {
      for (const ObservedServer* server : *all) {
        if (server->mark) held.emplace(server->mark->fleet, server->mark->key);
      }
    }
  }
  for (ObservedServer& server : lacking) {
    if (!is_proven(server) || !held.contains({server.mark->fleet, server.mark->key})) others.push_back(&server);
  }
  std::ranges::sort(others, earlier);
  std::vector<ObservedServer*> order;
  order.reserve(same.size() + others.size());
  std::ranges::merge(same, others, std::back_inserter(order), earlier);
  std::vector<ObservedServer> merged;
  merged.reserve(order.size());
  for (ObservedServer* server : order) merged.push_back(std::move(*server));
  account.servers = std::move(merged);
  return true;
}

Observer::Observer(Hands& hands, Store& store, WorldView& view) : hands_(hands), store_(store), view_(view) {}

ObservedAccount& Observer::account(const std::string& name) {
  auto at = std::ranges::lower_bound(view_.accounts, name, {}, &ObservedAccount::name);
  if (at == view_.accounts.end() || at->name != name) {
    ObservedAccount made;
    made.name = name;
    at = view_.accounts.insert(at, std::move(made));
    index(name);
  }
  return *at;
}

void Observer::index(const std::string& name) {
  const auto at = std::ranges::lower_bound(view_.accounts, name, {}, &ObservedAccount::name);
  Index fresh;
  for (std::size_t i = 0; i < at->servers.size(); ++i) {
    fresh.by_id.emplace(at->servers[i].id, i);
    if (!at->servers[i].confirmed_gone) ++fresh.count;
    if (!at->servers[i].mark) continue;
    fresh.by_uid.emplace(at->servers[i].mark->uid, i);
    fresh.by_key.emplace(at->servers[i].mark->key, i);
  }
  index_[name] = std::move(fresh);
  touch();
}

std::int64_t Observer::pages(const std::string& account) const {
  const auto at = pages_.find(account);
  return at == pages_.end() ? 1 : at->second;
}

const Error* Observer::failing(const std::string& account) const {
  const auto at = failing_.find(account);
  return at == failing_.end() ? nullptr : &at->second;
}

void Observer::recalled() {
  for (const ObservedAccount& known : view_.accounts) index(known.name);
}

void Observer::look(const std::string& account, std::function<void()> on_end) {
  const auto [at, is_new] = looks_.try_emplace(account);
  at->second.on_end.push_back(std::move(on_end));
  if (is_new) start(account);
}

void Observer::start(const std::string& name) {
  Look& look = looks_.at(name);
  ++look.tries;
  look.servers.clear();
  look.servers.reserve(account(name).servers.size());
  look.pages = 0;
  look.doubts_asked = false;
  look.names.clear();
  look.began.reset();
  look.trouble.reset();
  look.parts_open = account(name).catalogue ? 2 : 3;
  if (look.parts_open == 3) {
    hands_.read(Call{name, hands_.limits(), CatalogueCall{}}, [this, name](const Result<Answer>& answer) {
      if (answer.ok()) {
        account(name).catalogue = std::get<Catalogue>(*answer);
        touch();
      } else {
        looks_.at(name).trouble = answer.error();
      }
      part_ended(name);
    });
  }
  hands_.read(Call{name, hands_.limits(), BalanceCall{}}, [this, name](const Result<Answer>& answer) {
    // A provider that knows no balance is no trouble: deploys are then held for want of one.
    if (answer.ok()) {
      const Balance& balance = std::get<Balance>(*answer);
      std::optional<Balance>& known = account(name).balance;
      if (!known || known->amount != balance.amount) touch();
      known = balance;
      // A command that only reads leaves no trace: a turn before the end of the look would want to write it.
      if (hands_.may_write()) hands_.batch().ledger.push_back(LedgerEntry{name, balance.amount, balance.at});
    } else if (answer.error().code != ErrorCode::kNotFound) {
      looks_.at(name).trouble = answer.error();
    }
    part_ended(name);
  });
  next_page(name, {});
}

void Observer::next_page(const std::string& name, std::string page) {
  hands_.read(Call{name, hands_.limits(), ListCall{std::move(page)}}, [this, name](Result<Answer> answer) {
    Look& look = looks_.at(name);
    if (!answer.ok()) {
      look.trouble = answer.error();
      part_ended(name);
      return;
    }
    ListPage& listed = std::get<ListPage>(*answer);
    ++look.pages;
    if (!look.began) {
      look.began = listed.now;
      look.looked = hands_.now();
    }
    std::ranges::move(listed.servers, std::back_inserter(look.servers));
    if (std::optional<Error> wrong = wrong_with(look, listed)) {
      look.trouble = std::move(wrong);
    } else if (!listed.next.empty()) {
      next_page(name, listed.next);
      return;
    }
    part_ended(name);
  });
}

// Nothing is concluded from a listing that leads in a circle, does not end or contradicts itself.
std::optional<Error> Observer::wrong_with(Look& look, const ListPage& page) {
  if (look.pages > kMostPages || look.servers.size() > kMostServers) {
    return Error{ErrorCode::kUnreadable, "the listing does not end: " + std::to_string(look.servers.size()) +
                                             " servers on " + std::to_string(look.pages) + " pages so far"};
  }
  if (!page.next.empty()) {
    if (look.names.insert(page.next).second) return std::nullopt;
    return Error{ErrorCode::kUnreadable, "the listing does not end: it names the page \"" + page.next + "\" twice"};
  }
  // Whose a server is, it says in one way, however often it is shown while pages move.
  std::unordered_map<std::string_view, const ObservedServer*> by_id;
  by_id.reserve(look.servers.size());
  for (const ObservedServer& server : look.servers) {
    const auto [first, is_new] = by_id.emplace(server.id, &server);
    if (is_new || first->second->mark == server.mark) continue;
    return Error{ErrorCode::kUnreadable,
                 "the listing shows the server \"" + server.id + "\" twice, and not with the same mark"};
  }
  return std::nullopt;
}

// What a change of ours is under way on is looked at by who waits for it, and may well be other than it was.
void Observer::ask_about_doubts(const std::string& name, Look& look) {
  const std::optional<Catalogue>& catalogue = account(name).catalogue;
  const Timestamp since = hands_.now() - (catalogue ? catalogue->settling : Duration{});
  if (!hands_.forget_changes(name, since)) return;
  std::unordered_set<std::string_view> passed_over;
  for (const auto& [id, intent] : hands_.open()) {
    if (intent.account == name) passed_over.insert(intent.provider_id);
  }
  for (std::size_t i = 0; i < look.servers.size(); ++i) {
    const ObservedServer& listed = look.servers[i];
    if (!hands_.changed_since(name, listed.id, since)) continue;
    const ObservedServer* known = find(name, listed.id);
    if (known == nullptr || known->confirmed_gone || stands_as_known(listed, *known)) continue;
    if (!passed_over.insert(listed.id).second) continue;
    ++look.parts_open;
    hands_.read(Call{name, hands_.limits(), GetCall{listed.id}}, [this, name, i](Result<Answer> answer) {
      Look& under_way = looks_.at(name);
      if (answer.ok()) {
        under_way.servers[i] = std::get<ObservedServer>(std::move(*answer));
      } else if (answer.error().code == ErrorCode::kNotFound) {
        under_way.servers[i].id.clear();  // the listing lacks it from now on
      } else {
        under_way.trouble = answer.error();
      }
      part_ended(name);
    });
  }
}

void Observer::part_ended(const std::string& name) {
  Look& look = looks_.at(name);
  if (--look.parts_open > 0) return;
  if (!look.trouble && !std::exchange(look.doubts_asked, true)) {
    ask_about_doubts(name, look);
    if (look.parts_open > 0) return;
  }
  if (look.trouble) {
    failing_.insert_or_assign(name, *look.trouble);
  } else {
    failing_.erase(name);
  }
  if (look.trouble && passes(look.trouble->code) && look.tries < kTries && hands_.runner().stops() == 0 &&
      !hands_.late()) {
    start(name);
    return;
  }
  ObservedAccount& known = account(name);
  if (look.trouble) {
    if (known.trouble != look.trouble) touch();
    known.trouble = look.trouble;
  } else {
    pages_[name] = look.pages;
    std::erase_if(look.servers, [](const ObservedServer& server) { return server.id.empty(); });
    // The first page's `now`: nothing is concluded from what came into being while the rest was read.
    if (merge_listing(known, std::move(look.servers), *look.began)) index(name);
    known.looked = look.looked;
    if (Result<Done> saved = save(name); !saved.ok()) store_failure_ = saved.error();
  }
  const std::vector<std::function<void()>> on_end = std::move(look.on_end);
  looks_.erase(name);
  for (const std::function<void()>& run : on_end) run();
}

void Observer::expect(ObservedServer server) {
  ObservedAccount& known = account(server.account);
  Index& places = index_[server.account];
  if (places.by_id.contains(server.id)) return;
  places.by_id.emplace(server.id, known.servers.size());
  if (server.mark) {
    places.by_uid.emplace(server.mark->uid, known.servers.size());
    places.by_key.emplace(server.mark->key, known.servers.size());
  }
  ++places.count;
  known.servers.push_back(std::move(server));
  touch_wanted();
}

void Observer::forget(const std::string& name, const std::string& id) {
  // Its row stays while listings may still show it; without a mark it stands for nothing.
  ObservedServer* server = find(name, id);
  if (server == nullptr) return;
  if (!server->confirmed_gone) --index_[name].count;
  server->confirmed_gone = true;
  server->mark.reset();
  server->missing_since.reset();
  touch();
}

void Observer::mark(ObservedServer& server, Mark mark) {
  Index& places = index_[server.account];
  const std::size_t place = places.by_id.at(server.id);
  if (server.mark) {
    places.by_uid.erase(server.mark->uid);
    const auto [from, to] = places.by_key.equal_range(server.mark->key);
    const auto mine = std::find_if(from, to, [place](const auto& entry) { return entry.second == place; });
    if (mine != to) places.by_key.erase(mine);
  }
  places.by_uid.emplace(mark.uid, place);
  places.by_key.emplace(mark.key, place);
  server.mark = std::move(mark);
  touch();
}

void Observer::prove_gone(ObservedServer& server) {
  if (!server.confirmed_gone) --index_[server.account].count;
  server.confirmed_gone = true;
  touch();
}

std::vector<ObservedServer*> Observer::machines_of(const std::string& name, const std::string& fleet, const Key& key) {
  ObservedAccount& known = account(name);
  std::vector<ObservedServer*> machines;
  const auto [from, to] = index_[name].by_key.equal_range(key);
  for (auto at = from; at != to; ++at) {
    ObservedServer& server = known.servers[at->second];
    if (server.mark && server.mark->fleet == fleet && !server.confirmed_gone) machines.push_back(&server);
  }
  return machines;
}

std::int64_t Observer::count(const std::string& name) const {
  const auto at = index_.find(name);
  return at == index_.end() ? 0 : at->second.count;
}

ObservedServer* Observer::find(const std::string& name, const std::string& id) {
  ObservedAccount& known = account(name);
  const Index& places = index_[name];
  const auto at = places.by_id.find(id);
  return at == places.by_id.end() ? nullptr : &known.servers[at->second];
}

ObservedServer* Observer::find_by_uid(const std::string& name, const std::string& uid) {
  ObservedAccount& known = account(name);
  const Index& places = index_[name];
  const auto at = places.by_uid.find(uid);
  return at == places.by_uid.end() ? nullptr : &known.servers[at->second];
}

Result<Done> Observer::save(const std::string& name) {
  if (!hands_.may_write()) return Done{};
  const auto at = saved_.find(name);
  const bool as_saved = at != saved_.end() && at->second == version_;
  Result<Done> saved = as_saved ? store_.save_times(account(name)) : store_.save(account(name));
  if (saved.ok()) saved_.insert_or_assign(name, version_);
  return saved;
}

}  // namespace switchyard
