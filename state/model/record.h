#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "specs/base/json.h"
#include "specs/base/key.h"
#include "specs/base/money.h"
#include "specs/base/timestamp.h"
#include "state/model/action.h"

// The smaller things that the state keeps.
namespace switchyard {

// Something a person did by hand that the loop must respect.
struct Override {
  enum class What { kStopped, kDrained, kSuspended, kFrozen };
  What what;
  Key resource;  // an Account for frozen
  std::string who;
  std::string why;
  Timestamp since;                 // engine's clock
  std::optional<Timestamp> until;  // engine's clock; nothing: until lifted

  friend bool operator==(const Override&, const Override&) = default;
};
std::string_view to_string(Override::What what);
std::optional<Override::What> parse_override(std::string_view text);

// How often in a row one action on one resource has failed. Success removes it.
struct Attempts {
  Key resource;
  Action action;
  std::int64_t failures = 0;
  Timestamp last{};       // engine's clock
  Timestamp next_try{};   // engine's clock
  std::string message{};  // of the last failure

  friend bool operator==(const Attempts&, const Attempts&) = default;
};

// Who declared a server, and which machine it is: written with every intent and adoption (law 8).
struct Declaration {
  Key resource;
  std::string account;
  std::string uid;          // empty: not known yet
  std::string source_path;  // absolute path of the declaring file
  bool protect = false;     // as last declared: outlives the document

  friend bool operator==(const Declaration&, const Declaration&) = default;
};

// A uid that was given up: what turns up under it is removed, for 30 days (law 3).
struct GivenUp {
  std::string uid;
  Key resource;
  std::string account;
  Timestamp at;  // engine's clock

  friend bool operator==(const GivenUp&, const GivenUp&) = default;
};

// A resource's condition for people.
struct Condition {
  Key resource;
  std::string type;  // "Ready", "Late", "Expiring", "Held", "Drifted"
  bool status = false;
  std::string reason;  // one word in UpperCamel
  std::string message;
  Timestamp since{};

  friend bool operator==(const Condition&, const Condition&) = default;
};

// One line of the audit trail.
struct Event {
  std::int64_t id = 0;  // given by the store
  Timestamp at;         // engine's clock
  std::optional<Key> resource;
  std::string account;
  std::string actor;
  std::string
      type;  // "intent", "done", "refused", "failed", "unknown", "adopted", "drained", "held", "override", "lock", ...
  std::string message;
  std::int64_t intent = 0;  // 0: none

  friend bool operator==(const Event&, const Event&) = default;
};

// A balance as it was seen: the ledger shows how money went.
struct LedgerEntry {
  std::string account;
  Money amount;
  Timestamp at;  // provider's clock

  friend bool operator==(const LedgerEntry&, const LedgerEntry&) = default;
};

}  // namespace switchyard
