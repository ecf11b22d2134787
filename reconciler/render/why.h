#pragma once

#include <span>
#include <string>
#include <vector>

#include "reconciler/core/diff.h"
#include "reconciler/render/plan_view.h"
#include "reconciler/render/style.h"

namespace switchyard {

// The answer to "why does this happen to it, or not": a verdict, and the sentences that prove it, each down to a line
// of the specs or an observation with its age.
struct Why {
  enum class Verdict { kChange, kHold, kNothing, kUnknown };
  Verdict verdict;
  std::string headline;
  std::vector<std::string> because;

  friend bool operator==(const Why&, const Why&) = default;
};

std::string_view to_string(Why::Verdict verdict);

// What the answer is found in. `view` holds the plan of everything, computed from the same observations.
struct WhyInput {
  const PlanView& view;
  const DesiredFleet& desired;
  std::span<const ObservedAccount> observed;
  std::span<const OpenIntent> open_intents;
  std::span<const Attempts> attempts;
  std::span<const Override> overrides;
  std::span<const Declaration> declarations;
  Timestamp now;  // engine's clock
};

// Pure. kUnknown: nothing that was read or observed has this name.
Why why(const WhyInput& input, const Key& key);

std::string render_why(const Why& answer, Colour colour);
Json to_json(const Why& answer, const Key& key);

}  // namespace switchyard
