#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "specs/base/json.h"

namespace switchyard {

// One leaf of a server's configuration: where it stands ("spec.options.uacPing") and its value.
struct Field {
  std::string path;
  Json value;

  friend bool operator==(const Field&, const Field&) = default;
};

// All that a server is told: its own spec after inheritance with every default filled in, and what it takes
// from the cluster, carriers and certificates it names ("cluster.limits.cps", "carriers.acme.cps"). Sorted
// bytewise by path, each path once. Secrets are not in it (see SecretRef in specs/fleet.h).
using Fields = std::vector<Field>;

const Json* find_field(const Fields& fields, std::string_view path);
void set_field(Fields& fields, std::string_view path, Json value);

// One number for a whole configuration: equal digests mean equal fields. Computed alike by specs, by agents
// and by the simulator: XXH3-128 over "path=value\n" of each field.
std::string digest_of(const Fields& fields);

// A JSON object {path: value, ...}, and back. Error: kUnreadable.
Json to_json(const Fields& fields);
Result<Fields> fields_from_json(const Json& json);

}  // namespace switchyard
