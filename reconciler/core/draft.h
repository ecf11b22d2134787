#pragma once

#include <optional>
#include <vector>

#include "reconciler/core/fleet_index.h"
#include "reconciler/core/plan.h"

namespace switchyard {

// A change while the plan is being made: what it waits for by place in the list of drafts, and the gate that refuses
// it, if one does.
struct Draft {
  explicit Draft(Change of) : change(std::move(of)) {}

  Change change;
  const Member* member = nullptr;
  const ObservedServer* machine = nullptr;  // the one it acts on; nullptr for a create
  std::int64_t priority = 0;
  bool destroys = false;  // counts against maxDestroy (law 8)
  std::vector<std::size_t> after;
  std::vector<std::size_t> after_end;
  std::optional<Hold> hold;
  bool dropped = false;  // another draft of the same resource says it all

  bool goes() const { return !hold && !dropped; }
};

// Holds a draft: the first gate that refuses it is the one that is shown.
void hold(Draft& draft, Gate gate, std::string reason);

// Puts drafts that go into an order in which they can be carried out, numbers them from 1 and gives them as changes.
// Ties are broken by what they do, priority, name, kind (law 1). A hard wait for a draft that is held makes a draft
// wait with it.
std::vector<Change> in_order(std::vector<Draft>& drafts);

}  // namespace switchyard
