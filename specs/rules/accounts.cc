#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "specs/base/money.h"
#include "specs/rules/rules.h"
#include "specs/suggest.h"

namespace switchyard {
namespace {

// The simulator's catalogue (providers/sim), which local machines are sold by as well.
constexpr std::array<std::string_view, 8> kSimRegions{"ams1", "blr1", "fra1", "lon1", "nyc1", "sfo1", "sgp1", "syd1"};
constexpr std::array<std::string_view, 4> kSimSizes{"s-1vcpu-2gb", "s-2vcpu-4gb", "s-4vcpu-8gb", "s-8vcpu-16gb"};
constexpr std::array<std::string_view, 5> kAmounts{"spec.deposit.base", "spec.deposit.perServer", "spec.reserve",
                                                   "spec.creditLine", "spec.budget"};

bool is_cloud(std::string_view provider) {
  return provider == "digitalocean" || provider == "hetzner";
}

}  // namespace

std::span<const std::string_view> known_regions(std::string_view provider) {
  if (provider == "sim" || provider == "local") return kSimRegions;
  return {};
}

std::span<const std::string_view> known_sizes(std::string_view provider) {
  if (provider == "sim" || provider == "local") return kSimSizes;
  return {};
}

void check_accounts(const Inventory& inventory, Complaints& complaints) {
  for (const Resource& account : inventory.all(Kind::kAccount)) {
    const std::string_view provider = account.find("spec.provider").text_or("");
    const Packed token = account.find("spec.credentials.token");
    if (is_cloud(provider) && (!token.exists() || token.is_null())) {
      complaints.error(account, "spec.credentials", "credentials are missing",
                       fmt::format("{} asks for a token; write credentials: {{token: {{env: NAME}}}}", provider));
    }
    if (provider == "local" && account.find("spec.endpoint").exists()) {
      complaints.error(account, "spec.endpoint", "a setting of another provider",
                       "local is this machine and has no endpoint; remove endpoint");
    }
    for (const std::string_view path : {"spec.sim.seed", "spec.sim.pace"}) {
      if (!account.find(path).exists()) continue;
      if (provider != "sim") {
        complaints.error(account, path, "a setting of another provider",
                         fmt::format("{} is no simulator; remove sim", provider));
      } else if (account.find("spec.endpoint").exists()) {
        complaints.warn(account, path, "a setting without effect",
                        "a simulator behind an endpoint has its own; remove sim or endpoint");
      }
    }
    const Result<Currency> currency = Currency::parse(account.get("spec.currency").text_or("USD"));
    if (!currency.ok()) continue;
    for (const std::string_view path : kAmounts) {
      const Packed amount = account.find(path);
      if (amount.text_or("").empty()) continue;
      if (parse_money(amount.text_or(""), *currency).ok()) continue;
      complaints.error(account, path, "not an amount of this currency",
                       fmt::format("{} has {} digits behind the point, and no amount is beyond {}", currency->code(),
                                   currency->exponent(), to_string(Money{kLargestAmount, *currency})));
    }
  }
}

void check_zones(const Inventory& inventory, Complaints& complaints) {
  namespace fs = std::filesystem;
  const fs::path zone_info = "/usr/share/zoneinfo";
  std::error_code ignored;
  const bool knows_zones = fs::exists(zone_info / "Europe" / "London", ignored);
  for (const Resource& zone : inventory.all(Kind::kZone)) {
    const std::string_view timezone = zone.find("spec.timezone").text_or("");
    if (knows_zones && !timezone.empty() && !fs::is_regular_file(zone_info / timezone, ignored)) {
      complaints.warn(zone, "spec.timezone", "unknown time zone",
                      fmt::format("this machine's IANA database has no \"{}\"", timezone));
    }
    const Resource* account = inventory.find(Kind::kAccount, zone.find("spec.account").text_or(""));
    const std::string_view region = zone.find("spec.region").text_or("");
    if (account == nullptr || region.empty()) continue;
    const std::span<const std::string_view> regions = known_regions(account->find("spec.provider").text_or(""));
    if (regions.empty() || std::ranges::find(regions, region) != regions.end()) continue;
    const std::vector<std::string_view> words(regions.begin(), regions.end());
    const std::string hint = did_you_mean(region, words);
    complaints.error(zone, "spec.region", "unknown region",
                     fmt::format("account \"{}\" offers no region \"{}\"{}", account->name, region,
                                 hint.empty() ? fmt::format("; it has {}", one_of(words)) : hint));
  }
}

}  // namespace switchyard
