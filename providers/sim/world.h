#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "providers/provider.h"
#include "providers/sim/purse.h"
#include "providers/sim/sim_action.h"
#include "providers/sim/sim_server.h"

namespace switchyard {

// What holds for a whole world; all of it can be set with `ctl set world FIELD VALUE`.
struct WorldSettings {
  std::uint64_t seed = 1;  // of everything that varies from server to server
  Currency currency{};
  SimTerms terms = default_terms(Currency());
  bool terms_by_hand = false;  // set with ctl: then they are not taken from the account's YAML
  Duration test_period{};      // from the delivery; zero: none
  Duration settling = std::chrono::seconds(40);
  std::int64_t requests_per_minute = 0;  // zero: no limit
  std::int64_t page_size = 200;
  std::string release = "2.0";  // what new servers run
  // kReal: its servers stand on this machine (providers/local). Time is then the clock's, and deliveries and actions
  // end when somebody says so who has seen it.
  Machines machines = Machines::kSimulated;

  friend bool operator==(const WorldSettings&, const WorldSettings&) = default;
};

// All of a world but its servers.
struct WorldRoot {
  Timestamp now;
  std::int64_t balance_micro_minor;  // in settings.currency
  std::int64_t last_server = 0;      // the highest number ever given
  std::int64_t last_action = 0;
  WorldSettings settings;
  std::int64_t refused_for_money = 0;     // creates and reactivations
  std::int64_t calls_cut = 0;             // by what a client asked for
  std::int64_t calls_lost_to_expiry = 0;  // by the end of a test period or of the money
  Timestamp window{};                     // of the rate limit: when this minute began
  std::int64_t requests_in_window = 0;

  friend bool operator==(const WorldRoot&, const WorldRoot&) = default;
};

// 2026-01-01T00:00:00Z with 500.00 of the settings' currency.
WorldRoot new_world(const WorldSettings& settings);

// How a create will go (faults lose-create, never-finish).
enum class CreateFate { kSucceeds, kLost, kNeverDelivered };

// The simulated provider's world: its logic, in memory, without files, threads, faults of its own or a wall clock. Its
// time is moved by advance_to() alone; the same calls on the same root give the same world. Not thread-safe.
class World {
 public:
  explicit World(WorldRoot root) : World(std::move(root), {}, {}) {}
  World(WorldRoot root, std::map<std::int64_t, SimServer> servers, std::map<std::int64_t, SimServer> removed);

  const WorldRoot& root() const { return root_; }
  WorldRoot& root() { return root_; }
  const std::map<std::int64_t, SimServer>& servers() const { return servers_; }
  Timestamp now() const { return root_.now; }
  Purse purse() const { return {root_.balance_micro_minor, root_.settings.currency}; }
  std::string salt_of(std::int64_t number) const;

  // The provider's side; contracts as in Provider.
  Catalogue catalogue() const;
  // As it was `age` ago, except that `now` in it is the time of asking (fault lag-list).
  Result<ListPage> list(std::string_view page, Duration age) const;
  Result<ObservedServer> get(std::string_view id) const;
  Result<Created> create(const CreateRequest& request, CreateFate fate);
  Result<Done> remove(std::string_view id);
  Result<Accepted> act(std::string_view id, Action action, const Json& arguments, ActionFate fate);
  Result<Done> mark(std::string_view id, const Mark& mark);

  // The agents' side; contracts as in Agent.
  Result<AgentReport> status(std::string_view id) const;
  Result<Done> configure(std::string_view id, const Configuration& wanted, std::int64_t fence);
  Result<Done> act_on_agent(std::string_view id, Action action, std::int64_t fence);

  // Time.
  std::optional<Timestamp> next_event();
  // Everything that happens until then, in order of time; at one moment: charges, then deliveries and ends, then
  // expiry for want of money; each by the servers' numbers. Time never goes back.
  void advance_to(Timestamp time);

  // By hand. The number of a server by its id, or by its name where one server alone has it.
  Result<std::int64_t> find(std::string_view name_or_id) const;
  SimServer& edit(std::int64_t number);  // exists
  void vanish(std::int64_t number);      // without leaving a trace in listings that lag
  void set_balance(Money amount);
  void add_to_balance(Money amount);
  void expire_now(std::int64_t number);

  // Of real machines: what was waited for is seen to be so.
  void deliver(std::int64_t number);
  void end_work(std::int64_t number);

  // Listings that lag need the past; it is kept from here on, for the settling time, in memory only.
  void keep_history(bool keep);

  // What was touched since the last time this was asked: numbers of servers to be written or, where they are in neither
  // servers() nor removed(), to be deleted.
  std::set<std::int64_t> take_touched() { return std::exchange(touched_, {}); }
  const std::map<std::int64_t, SimServer>& removed() const { return removed_; }

 private:
  struct Past {
    Timestamp until;
    SimServer server;
  };

  const SimServer* server(std::string_view id) const;
  bool real() const { return root_.settings.machines == Machines::kReal; }
  std::uint64_t draw(std::uint64_t purpose, std::int64_t number) const;
  ObservedServer seen_at(const SimServer& server, Timestamp time) const;
  void happen(SimServer& server);
  void expire_if_spent();
  void reschedule();

  WorldRoot root_;
  std::map<std::int64_t, SimServer> servers_;
  std::map<std::int64_t, SimServer> removed_;  // for the settling time
  std::set<std::int64_t> touched_;
  bool keeps_history_ = false;
  std::map<std::int64_t, std::vector<Past>> history_;
  // When each server next changes by itself; brought up to date when it is asked for.
  std::set<std::pair<Timestamp, std::int64_t>> queue_;
  std::unordered_map<std::int64_t, Timestamp> queued_;
  std::set<std::int64_t> unscheduled_;
};

}  // namespace switchyard
