#pragma once

#include <vector>

#include "reconciler/render/plan_view.h"
#include "specs/fleet.h"
#include "state/model/observation.h"

// A small fleet with something of everything, built by hand: what the renderers are shown.
namespace switchyard::sample {

// The engine's clock in all of it: 2026-11-23T18:34:45Z.
Timestamp now();
Timestamp before(Duration span);

Money usd(std::int64_t cents);
Key server_key(std::string name);

DesiredServer server(std::string name, std::string zone, std::string cluster);
// Two zones, a cluster of two, a dispatcher, a media server, a member that is not there yet.
DesiredFleet fleet();
// What was last observed of it; one server that is not ours as well.
std::vector<ObservedAccount> observed();
// The same, seen at the same moments by a provider whose clock is 326 days behind the engine's.
std::vector<ObservedAccount> observed_on_another_clock();

// A plan with every symbol, a hold for money and one for calls, and something in every section.
PlanView plan();

}  // namespace switchyard::sample
