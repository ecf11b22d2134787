#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reconciler/core/plan.h"
#include "specs/load.h"

// The language of these tests: the user's YAML, one document a line, and plans as sentences.
namespace switchyard::testing {

// Each line "KIND NAME {spec}" or "KIND NAME {spec} | more metadata" becomes one YAML document:
//   Server a {zone: london, size: s-1vcpu-2gb} | formerly: [old]
std::string yaml_of(std::string_view lines);

// Files by absolute path; they need not exist on disk.
using Files = std::vector<std::pair<std::string, std::string>>;

// Loads such lines as if they stood in files. `scope`: the PATHs that were given.
LoadedSpecs load_lines(const Files& files, const std::vector<std::string>& scope);
LoadedSpecs load_lines(std::string_view lines);  // of /fleet/all.yaml, PATH /fleet
std::string complaints_of(const LoadedSpecs& specs);

// The value itself, so that it outlives the Result it came in.
template <class T>
T value_of(Result<T> result) {
  return std::move(result).value();
}

Key server(std::string_view name);
Key media(std::string_view name);

// "update Server/front <- create Server/a ~ undrain Server/b": what it does, what must have ended well before it, what
// must have ended.
std::vector<std::string> changes_of(const Plan& plan);
// "create Server/d: balance, needs 180.00, short 2.60".
std::vector<std::string> holds_of(const std::vector<Hold>& holds);
// "spec.cps 50 -> 60 live".
std::vector<std::string> fields_of(const Change& change);

const Change* find_change(const Plan& plan, Action action, const Key& resource);
const Hold* find_hold(const std::vector<Hold>& holds, Action action, const Key& resource);

// The text of a plan without the only part that may hold a position.
std::string without_sources(const Plan& plan);

}  // namespace switchyard::testing
