#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reconciler/core/plan.h"
#include "specs/fleet.h"
#include "state/model/intent.h"
#include "state/model/observation.h"
#include "state/model/record.h"

namespace switchyard {

// What people asked of this plan.
struct PlanOptions {
  struct Selector {  // a resource, or a label and its value
    std::optional<Key> resource;
    std::string label;
    std::string value;
    friend bool operator==(const Selector&, const Selector&) = default;
  };
  std::vector<Selector> target;  // empty: all
  std::vector<Selector> exclude;
  std::optional<Money> what_if_balance;
  std::vector<Key> allow_disruption;
  std::optional<std::int64_t> max_destroy;
  bool destroy_all = false;  // `destroy`: everything declared under the scope goes; exempt from the limit

  friend bool operator==(const PlanOptions&, const PlanOptions&) = default;
};

// For plan files, remembered plans and records. Error: kUnreadable.
Json to_json(const PlanOptions& options);
Result<PlanOptions> plan_options_from_json(const Json& json);

// All that a plan is computed from (law 1). Sorted as the stores and specs give it.
struct DiffInput {
  const DesiredFleet& desired;
  std::span<const ObservedAccount> observed;
  std::span<const OpenIntent> open_intents;
  std::span<const Attempts> attempts;
  std::span<const Override> overrides;
  std::span<const Declaration> declarations;
  std::span<const GivenUp> given_up;
  // Fingerprints that the wanted secrets have under each server's salt: (server, field path) -> fingerprint.
  const std::map<std::pair<Key, std::string>, std::string>& fingerprints;
  Timestamp now;  // engine's clock
  const PlanOptions& options;
  // Machines that the command which asks has removed already, by account: they count against its limit (law 8).
  std::map<std::string, std::int64_t> removed{};
};

// The heart: what has to change so that observed becomes desired, in which order, and what is held. Pure.
Plan diff(const DiffInput& input);

}  // namespace switchyard
