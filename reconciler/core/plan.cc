#include "reconciler/core/plan.h"

#include "state/model/words.h"

namespace switchyard {
namespace {

constexpr Words<Gate, 11> kGates{{
    {Gate::kBalance, "balance"},
    {Gate::kRunway, "runway"},
    {Gate::kObservation, "observation"},
    {Gate::kChannels, "channels"},
    {Gate::kCapacity, "capacity"},
    {Gate::kWindow, "window"},
    {Gate::kLimit, "limit"},
    {Gate::kProtection, "protection"},
    {Gate::kDependency, "dependency"},
    {Gate::kProvider, "provider"},
    {Gate::kOverride, "override"},
}};

}  // namespace

std::string_view to_string(Gate gate) {
  return word_of(kGates, gate);
}
std::optional<Gate> parse_gate(std::string_view text) {
  return choice_of(kGates, text);
}

}  // namespace switchyard
