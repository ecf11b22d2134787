#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "specs/fleet.h"
#include "state/model/observation.h"
#include "state/model/record.h"

namespace switchyard {

// One server as people know it, put together from the specs (where they are at hand) and the last reports.
struct ServerFacts {
  std::string alias;
  std::string zone;
  std::string cluster;
  std::string type;                             // "switch"; empty: unknown
  std::optional<std::int64_t> channels_in_use;  // nothing: unknown
  std::optional<std::int64_t> channels;         // allowed
  std::optional<std::int64_t> cps_now;
  std::optional<std::int64_t> cps;  // allowed
  std::string status;               // "active", "wanted", "active, drained by hand", "missing for 2m"

  friend bool operator==(const ServerFacts&, const ServerFacts&) = default;
};

// Either may be missing, not both. What is in force goes before what is wanted.
ServerFacts facts_of(const DesiredServer* desired, const ObservedServer* observed, std::span<const Override> overrides,
                     Timestamp now);

// The servers that carry a mark, by it; where several carry the same, the newest that is not gone.
std::map<Key, const ObservedServer*> observed_by_mark(std::span<const ObservedAccount> accounts);
// The one of `key`, or nullptr.
const ObservedServer* find_observed(std::span<const ObservedAccount> accounts, const Key& key);

// "1.2 ms" of microseconds.
std::string latency_text(std::int64_t microseconds);

}  // namespace switchyard
