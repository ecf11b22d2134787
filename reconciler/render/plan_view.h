#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/core/plan.h"
#include "specs/fleet.h"
#include "state/model/observation.h"

namespace switchyard {

// Where a resource stands, for the groups of a plan. Empty: in none.
struct Place {
  Key resource;
  std::string zone;
  std::string cluster;

  friend bool operator==(const Place&, const Place&) = default;
};

// The line of the specs that sets a field which differs.
struct FieldPlace {
  Key resource;
  std::string path;
  Source source;

  friend bool operator==(const FieldPlace&, const FieldPlace&) = default;
};

// A plan with what people want to see beside it. It can be kept and read back, so that a plan which is remembered is
// shown like one that was just computed.
struct PlanView {
  Plan plan;
  std::vector<Place> places;       // of every resource of the plan, sorted by resource
  std::vector<FieldPlace> fields;  // sorted by resource, path

  const Place* place(const Key& resource) const;
  const Source* field(const Key& resource, std::string_view path) const;

  friend bool operator==(const PlanView&, const PlanView&) = default;
};

// Says where one field of a resource is set; nothing for a built-in default.
using FieldLookup = std::function<std::optional<Source>(const Key&, std::string_view path)>;

// Zone and cluster of everything in the plan: from the specs, and for what is no longer declared from its last report.
// `lookup` reads a file for each field, so it is asked for the first `most` fields; the rest show their document's
// line.
PlanView view_of(Plan plan, const DesiredFleet& desired, std::span<const ObservedAccount> observed,
                 const FieldLookup& lookup, std::size_t most = 1000);

// Keeping and reading back. Error: kUnreadable.
Json to_json(const PlanView& view);
Result<PlanView> plan_view_from_json(const Json& json);

}  // namespace switchyard
