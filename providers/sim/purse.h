#pragma once

#include <cstdint>

#include "specs/base/money.h"

namespace switchyard {

// The account's terms at the provider (domain.md, Money).
struct SimTerms {
  Money deposit_base;        // a create needs base + perServer x (servers that exist) ...
  Money deposit_per_server;  // ... and takes nothing of it
  Money credit;              // how far below zero the balance may go; nothing for a prepaid account

  friend bool operator==(const SimTerms&, const SimTerms&) = default;
};

// 20 and 20 of the currency, prepaid: as on the service this comes from.
SimTerms default_terms(Currency currency);

// The account's money, exact to 10^-6 of a minor unit.
class Purse {
 public:
  Purse(std::int64_t micro_minor, Currency currency) : micro_minor_(micro_minor), currency_(currency) {}

  std::int64_t micro_minor() const { return micro_minor_; }
  Currency currency() const { return currency_; }
  // As the provider shows it: rounded down (towards minus infinity) to a minor unit.
  Money shown() const;
  // `amount` is in this purse's currency and below 9 x 10^12 minor units.
  void set(Money amount);
  // One full hour at `rate`.
  void charge(Rate rate) { micro_minor_ -= rate.micro_minor_per_hour; }

  // Whether nothing is left to run on: at zero or below, the credit counted.
  bool spent(const SimTerms& terms) const;
  bool affords_deploy(const SimTerms& terms, std::int64_t existing_servers) const;
  bool affords_an_hour(const SimTerms& terms, Rate rate) const;

 private:
  std::int64_t micro_minor_;
  Currency currency_;
};

// What base + perServer x existing_servers comes to.
Money deposit_needed(const SimTerms& terms, std::int64_t existing_servers);

}  // namespace switchyard
