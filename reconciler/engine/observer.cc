#include "reconciler/engine/observer.h"

#include <algorithm>
#include <set>
#include <tuple>

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

}  // namespace

void merge_listing(ObservedAccount& account, std::vector<ObservedServer> listed, Timestamp now) {
  std::ranges::sort(listed, {}, &ObservedServer::id);
  const auto same_id = [](const ObservedServer& a, const ObservedServer& b) { return a.id == b.id; };
  listed.erase(std::unique(listed.begin(), listed.end(), same_id), listed.end());
  const Duration settling = account.catalogue ? account.catalogue->settling : Duration{};
  std::vector<ObservedServer> lacking;
  std::set<std::string, std::less<>> lingering;
  for (const ObservedServer& known : account.servers) {
    if (was_removed(known)) {
      ObservedServer kept = known;
      if (!kept.missing_since) kept.missing_since = now;
      if (now - *kept.missing_since >= settling) continue;  // if it is listed still, it is there after all
      lingering.insert(kept.id);
      lacking.push_back(std::move(kept));
      continue;
    }
    if (std::ranges::binary_search(listed, known.id, {}, &ObservedServer::id)) continue;
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
  std::erase_if(listed, [&](const ObservedServer& server) { return lingering.contains(server.id); });
  // A proven absence is told until another machine carries the same mark's key.
  std::erase_if(lacking, [&](const ObservedServer& gone) {
    return gone.confirmed_gone && gone.mark && std::ranges::any_of(listed, [&](const ObservedServer& server) {
             return server.mark && server.mark->fleet == gone.mark->fleet && server.mark->key == gone.mark->key;
           });
  });
  for (ObservedServer& server : listed) {
    server.account = account.name;
    server.seen = now;
    server.missing_since.reset();
    server.missing_listings = 0;
    server.confirmed_gone = false;
  }
  std::ranges::move(lacking, std::back_inserter(listed));
  std::ranges::sort(listed, [](const ObservedServer& a, const ObservedServer& b) {
    return std::tie(a.name, a.id) < std::tie(b.name, b.id);
  });
  account.servers = std::move(listed);
  account.listed = now;
  account.trouble.reset();
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
  ++version_;
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
  look.pages = 0;
  look.names.clear();
  look.began.reset();
  look.trouble.reset();
  look.parts_open = account(name).catalogue ? 2 : 3;
  if (look.parts_open == 3) {
    hands_.read(Call{name, hands_.limits(), CatalogueCall{}}, [this, name](const Result<Answer>& answer) {
      if (answer.ok()) {
        account(name).catalogue = std::get<Catalogue>(*answer);
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
      account(name).balance = balance;
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
  std::vector<const ObservedServer*> by_id;
  by_id.reserve(look.servers.size());
  for (const ObservedServer& server : look.servers) by_id.push_back(&server);
  std::ranges::sort(by_id, {}, &ObservedServer::id);
  const auto twice = std::ranges::adjacent_find(by_id, [](const ObservedServer* one, const ObservedServer* other) {
    return one->id == other->id && one->mark != other->mark;
  });
  if (twice == by_id.end()) return std::nullopt;
  return Error{ErrorCode::kUnreadable,
               "the listing shows the server \"" + (*twice)->id + "\" twice, and not with the same mark"};
}

void Observer::part_ended(const std::string& name) {
  Look& look = looks_.at(name);
  if (--look.parts_open > 0) return;
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
    known.trouble = look.trouble;
  } else {
    pages_[name] = look.pages;
    // The first page's `now`: nothing is concluded from what came into being while the rest was read.
    merge_listing(known, std::move(look.servers), *look.began);
    known.looked = look.looked;
    index(name);
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
  ++version_;
}

void Observer::forget(const std::string& name, const std::string& id) {
  // Its row stays while listings may still show it; without a mark it stands for nothing.
  ObservedServer* server = find(name, id);
  if (server == nullptr) return;
  if (!server->confirmed_gone) --index_[name].count;
  server->confirmed_gone = true;
  server->mark.reset();
  server->missing_since.reset();
  ++version_;
}

void Observer::prove_gone(ObservedServer& server) {
  if (!server.confirmed_gone) --index_[server.account].count;
  server.confirmed_gone = true;
  ++version_;
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
  return store_.save(account(name));
}

}  // namespace switchyard
