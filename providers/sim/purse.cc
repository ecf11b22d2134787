#include "providers/sim/purse.h"

namespace switchyard {
namespace {

constexpr std::int64_t kMicro = 1'000'000;

}  // namespace

SimTerms default_terms(Currency currency) {
  std::int64_t twenty = 20;
  for (int i = 0; i < currency.exponent(); ++i) twenty *= 10;
  const Money deposit{.minor = twenty, .currency = currency};
  return {.deposit_base = deposit, .deposit_per_server = deposit, .credit = {.minor = 0, .currency = currency}};
}

Money Purse::shown() const {
  std::int64_t minor = micro_minor_ / kMicro;
  if (micro_minor_ % kMicro < 0) --minor;
  return {.minor = minor, .currency = currency_};
}

void Purse::set(Money amount) {
  micro_minor_ = amount.minor * kMicro;
}

bool Purse::spent(const SimTerms& terms) const {
  return micro_minor_ <= -terms.credit.minor * kMicro;
}

bool Purse::affords_deploy(const SimTerms& terms, std::int64_t existing_servers) const {
  return shown() + terms.credit >= deposit_needed(terms, existing_servers);
}

bool Purse::affords_an_hour(const SimTerms& terms, Rate rate) const {
  return micro_minor_ + terms.credit.minor * kMicro >= rate.micro_minor_per_hour && !spent(terms);
}

Money deposit_needed(const SimTerms& terms, std::int64_t existing_servers) {
  return terms.deposit_base + terms.deposit_per_server * existing_servers;
}

}  // namespace switchyard
