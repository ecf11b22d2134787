#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "specs/base/money.h"
#include "state/model/observation.h"

namespace switchyard {

// What the simulated provider sells, as on its price list: regions, and sizes with their price by the hour.
const std::vector<std::string>& sim_regions();        // sorted
std::vector<SizeOffer> sim_sizes(Currency currency);  // sorted by name
bool sim_has_region(std::string_view region);
// Nothing when no such size is sold.
std::optional<Rate> sim_price(std::string_view size, Currency currency);

}  // namespace switchyard
