#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "specs/base/effect.h"
#include "specs/base/key.h"
#include "specs/base/money.h"
#include "specs/fleet.h"
#include "state/model/action.h"
#include "state/model/observation.h"
#include "state/model/record.h"

namespace switchyard {

// One field that differs. `before` is what is in force, `after` what is wanted. A secret shows fingerprints only.
struct FieldChange {
  std::string path;
  Json before;
  Json after;
  Effect effect;

  friend bool operator==(const FieldChange&, const FieldChange&) = default;
};

// One intended step on one resource.
struct Change {
  int id = 0;  // 1, 2, ... in the order of the plan
  Action action;
  Key resource;
  std::string account;
  std::string reason;          // holds no position
  std::vector<int> after;      // ids that must have ended well before this one starts
  std::vector<int> after_end;  // ids that must have ended, well or not, before this one starts
  Effect effect;
  std::vector<FieldChange> fields;  // sorted by path
  Source source;
  // What must still be so when it is carried out (law 9): the machine it was computed for; empty for a create.
  std::string uid;
  std::string provider_id;
  std::optional<std::int64_t>
      channels;  // calls on it when the plan was made, where it ends calls; nothing: unknown or none asked
  // It ends calls: nothing is sent before the server is at zero channels.
  bool waits_for_zero_calls = false;

  friend bool operator==(const Change&, const Change&) = default;
};

enum class Gate {
  kBalance,
  kRunway,
  kObservation,
  kChannels,
  kCapacity,
  kWindow,
  kLimit,
  kProtection,
  kDependency,
  kProvider,
  kOverride
};
std::string_view to_string(Gate gate);
std::optional<Gate> parse_gate(std::string_view text);

// A change that is refused now, with the gate that refuses it and what would lift it.
struct Hold {
  Action action;
  Key resource;
  std::string account;
  Gate gate;
  std::string reason;  // holds no position; says what would lift it
  std::optional<Money> needs;
  std::optional<Money> short_by;
  std::optional<Timestamp> until;  // when it lifts by itself (a back-off, an override with an end)
  std::vector<FieldChange> fields;
  Source source;

  friend bool operator==(const Hold&, const Hold&) = default;
};

struct AccountMoney {
  std::string account;
  std::optional<Money> available;  // before the reserve; nothing: unknown
  Money reserve;
  std::int64_t servers = 0;                    // what exists and what is on its way
  std::int64_t affordable = 0;                 // how many creates this plan makes
  std::optional<Rate> burn;                    // of all that runs now; nothing: a price is unknown
  std::optional<std::chrono::seconds> runway;  // at that burn; nothing: unknown or for ever
  std::optional<Rate> burn_after;
  std::optional<std::chrono::seconds> runway_after;  // once the plan is carried out

  friend bool operator==(const AccountMoney&, const AccountMoney&) = default;
};

// A server of an account that carries no mark of ours, or a mark that nothing declares.
struct Unmanaged {
  std::string account;
  std::string id;
  std::string name;
  std::optional<Rate> price;
  std::string why;  // "carries no mark", "is marked Server/x, which no source here declares"

  friend bool operator==(const Unmanaged&, const Unmanaged&) = default;
};

struct Safety {
  std::int64_t destroys = 0;        // deletes and replacements, held ones included
  std::string destroy_limit;        // "5", "10% (2)", one for each account that destroys
  std::int64_t calls_affected = 0;  // live calls on servers that are drained first
  struct Capacity {
    std::string cluster;
    std::int64_t now;     // channels of members in service
    std::int64_t lowest;  // while the plan is carried out
    std::int64_t in_use;
    friend bool operator==(const Capacity&, const Capacity&) = default;
  };
  std::vector<Capacity> lowest;

  friend bool operator==(const Safety&, const Safety&) = default;
};

struct Plan {
  std::string desired_digest;
  std::optional<Timestamp> observed_at;  // the oldest listing used; its provider's clock
  std::optional<Timestamp> looked_at;    // the engine's clock at that listing; nothing: not known
  std::vector<Change> changes;           // in an order in which they may be carried out
  std::vector<Hold> holds;               // by resource, action
  std::vector<AccountMoney> balances;    // by account
  std::vector<Override> overrides;
  std::vector<Unmanaged> unmanaged;
  std::vector<Key> adopted;           // marked servers that this state did not know yet
  std::vector<Key> under_way;         // being delivered or changed right now: waited for, not planned again
  std::vector<std::string> warnings;  // ahead of trouble: expiry, late deliveries, a runway under 7 days
  Safety safety;
  struct Summary {
    std::int64_t create = 0, update = 0, replace = 0, remove = 0, action = 0, held = 0, unchanged = 0;
    friend bool operator==(const Summary&, const Summary&) = default;
  } summary;
  // Until when the same inputs give the same plan, though time goes on; nothing: for ever. Not part of what is shown.
  std::optional<Timestamp> valid_until;

  bool empty() const { return changes.empty() && holds.empty(); }
  friend bool operator==(const Plan&, const Plan&) = default;
};

// The form of design 6, and back (plan files). `formatVersion` 1.
Json to_json(const Plan& plan);
Result<Plan> plan_from_json(const Json& json);
// One of its overrides. Error: kUnreadable.
Json to_json(const Override& said);
Result<Override> override_from_json(const Json& json);

}  // namespace switchyard
