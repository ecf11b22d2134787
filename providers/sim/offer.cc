#include "providers/sim/offer.h"

#include <algorithm>
#include <array>
#include <string>

namespace switchyard {
namespace {

struct Priced {
  std::string_view size;
  std::string_view per_hour;  // major units
};

// Sorted by name, as catalogues are.
constexpr std::array<Priced, 4> kSizes = {{
    {"s-1vcpu-2gb", "0.01786"},
    {"s-2vcpu-4gb", "0.03571"},
    {"s-4vcpu-8gb", "0.07143"},
    {"s-8vcpu-16gb", "0.14286"},
}};

}  // namespace

const std::vector<std::string>& sim_regions() {
  static const std::vector<std::string> regions = {"ams1", "blr1", "fra1", "lon1", "nyc1", "sfo1", "sgp1", "syd1"};
  return regions;
}

std::vector<SizeOffer> sim_sizes(Currency currency) {
  std::vector<SizeOffer> offers;
  offers.reserve(std::size(kSizes));
  for (const Priced& priced : kSizes) {
    offers.push_back({.name = std::string(priced.size), .price = sim_price(priced.size, currency)});
  }
  return offers;
}

bool sim_has_region(std::string_view region) {
  return std::ranges::binary_search(sim_regions(), region);
}

std::optional<Rate> sim_price(std::string_view size, Currency currency) {
  const auto found = std::ranges::find(kSizes, size, &Priced::size);
  if (found == kSizes.end()) return std::nullopt;
  const Result<Rate> rate = parse_rate(found->per_hour, currency);
  if (!rate) return std::nullopt;
  return *rate;
}

}  // namespace switchyard
