#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "reconciler/engine/hands.h"

namespace switchyard {

// Takes one complete listing into what is known of an account (law 4): what it shows is there; what it lacks is
// missing, not gone. For a settling time a server may be missing that was ordered a moment ago, and one be shown that
// we removed: counted from its order, and from the first listing after its removal (Observer::forget).
// Whether anything but times is other than it was.
bool merge_listing(ObservedAccount& account, std::vector<ObservedServer> listed, Timestamp now);

// Looks at accounts: catalogue, balance and all pages of a listing, ceil(N / page size) calls for N servers. What fails
// is tried again a few times and then noted as the account's trouble; nothing is concluded from half a listing. A
// machine that is listed otherwise than we left it within the settling time is asked for by its id: the listing may be
// older than the change (law 7), or somebody was at it.
class Observer {
 public:
  Observer(Hands& hands, Store& store, WorldView& view);

  // The account's entry in the view, made when it is missing.
  ObservedAccount& account(const std::string& name);

  // The view's accounts were read from the store.
  void recalled();

  // Starts a look; `on_end` runs when it has ended, well or not. One that is under way is joined.
  void look(const std::string& account, std::function<void()> on_end);
  bool looking(const std::string& account) const { return looks_.contains(account); }
  // Why the last try to look at the account failed, also while it is still being tried; nullptr: it did not.
  const Error* failing(const std::string& account) const;
  // Pages of the last listing: how dear a look is.
  std::int64_t pages(const std::string& account) const;

  // The machine just ordered, remembered until a listing shows it. It is a wanted server's, or touch() is called as
  // well.
  void expect(ObservedServer server);
  // The machine just removed.
  void forget(const std::string& account, const std::string& id);
  // The machine carries this mark from now on.
  void mark(ObservedServer& server, Mark mark);
  // A machine that listings lack was asked for by its id and is not there (law 4): it no longer counts.
  void prove_gone(ObservedServer& server);
  ObservedServer* find(const std::string& account, const std::string& id);
  ObservedServer* find_by_uid(const std::string& account, const std::string& uid);
  // The machines that carry a resource's mark in this account.
  std::vector<ObservedServer*> machines_of(const std::string& account, const std::string& fleet, const Key& key);
  // Servers that exist, as far as is known (the n of the money rule, without what is still on its way).
  std::int64_t count(const std::string& account) const;
  // Counts up with everything that changes which machines there are or what they are like; times alone do not.
  std::int64_t version() const { return version_; }
  void touch() { ++version_, ++unwanted_version_; }
  // The same without what concerns servers alone that are wanted: that one was ordered or declared.
  std::int64_t unwanted_version() const { return unwanted_version_; }
  void touch_wanted() { ++version_; }
  // Writes the account to the store, when writing is allowed and there is anything to write.
  Result<Done> save(const std::string& account);

  // A failure of the store while looking; the engine stops on it.
  const std::optional<Error>& store_failure() const { return store_failure_; }

 private:
  struct Look {
    std::vector<std::function<void()>> on_end;
    std::vector<ObservedServer> servers;
    std::int64_t pages = 0;
    std::set<std::string, std::less<>> names;  // of pages that were asked for
    int parts_open = 0;
    int tries = 0;
    bool doubts_asked = false;
    std::optional<Timestamp> began;   // provider's `now` of the first page
    std::optional<Timestamp> looked;  // the engine's clock when that page came
    std::optional<Error> trouble;
  };

  void start(const std::string& account);
  void next_page(const std::string& account, std::string page);
  static std::optional<Error> wrong_with(Look& look, const ListPage& page);
  void part_ended(const std::string& account);
  void ask_about_doubts(const std::string& account, Look& look);
  void index(const std::string& account);

  Hands& hands_;
  Store& store_;
  WorldView& view_;
  std::map<std::string, Look> looks_;
  std::map<std::string, Error> failing_;
  std::map<std::string, std::int64_t> pages_;
  std::map<std::string, std::int64_t> saved_;  // the version at which an account was written last
  struct Index {
    std::unordered_map<std::string, std::size_t> by_id;
    std::unordered_map<std::string, std::size_t> by_uid;
    std::multimap<Key, std::size_t> by_key;
    std::int64_t count = 0;
  };
  std::map<std::string, Index> index_;
  std::int64_t version_ = 0;
  std::int64_t unwanted_version_ = 0;
  std::optional<Error> store_failure_;
};

}  // namespace switchyard
