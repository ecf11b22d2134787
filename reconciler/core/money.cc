#include "reconciler/core/money.h"

namespace switchyard {

Money deposit_needed(const DepositRule& rule, std::int64_t others) {
  return rule.base + rule.per_server * others;
}

Money short_by(const DepositRule& rule, Money available, Money needs) {
  const Money missing = needs + rule.reserve - available;
  return missing.minor > 0 ? missing : Money{0, missing.currency};
}

std::int64_t affordable(const DepositRule& rule, Money available, std::int64_t others, std::int64_t wanted) {
  std::int64_t count = 0;
  while (count < wanted && short_by(rule, available, deposit_needed(rule, others + count)).minor == 0) ++count;
  return count;
}

std::vector<ReactivationVerdict> decide_reactivations(Money available, Money reserve, Duration minimum_runway,
                                                      std::optional<Rate> burn,
                                                      std::span<const std::optional<Rate>> candidates) {
  std::vector<ReactivationVerdict> verdicts;
  verdicts.reserve(candidates.size());
  const Money nothing{0, available.currency};
  bool open = true;
  for (const std::optional<Rate>& price : candidates) {
    if (!burn || !price) {
      // From here on nobody knows what the balance has to carry.
      burn.reset();
      verdicts.push_back({ReactivationVerdict::What::kUnknownPrice, nothing, nothing});
      continue;
    }
    burn = *burn + *price;
    const Money needs = cost_rounded_up(*burn, minimum_runway);
    const Money missing = needs + reserve - available;
    // Without anything above the reserve there is no runway at all, whatever the minimum.
    open = open && missing.minor <= 0 && (available - reserve).minor > 0;
    if (open) {
      verdicts.push_back({ReactivationVerdict::What::kGo, needs, nothing});
    } else {
      const Money lacks = missing.minor > 0 ? missing : Money{1, available.currency};
      verdicts.push_back({ReactivationVerdict::What::kShort, needs, lacks});
    }
  }
  return verdicts;
}

Money available_balance(Money balance, const std::optional<Money>& credit_line) {
  return credit_line ? *credit_line + balance : balance;
}

std::string with_others(std::int64_t servers) {
  return "with " + std::to_string(servers) + (servers == 1 ? " other server" : " other servers");
}

}  // namespace switchyard
