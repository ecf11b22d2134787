#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "specs/base/money.h"

// Where money is decided (domain.md, "Money"; law 5). Everything is a threshold on what the account has: passing it
// takes nothing away, so deploys compete for places and not for coins.
namespace switchyard {

struct DepositRule {
  Money base;
  Money per_server;
  Money reserve;
};

// The balance that the next deploy needs when `others` servers exist or are on their way: base + perServer x others.
Money deposit_needed(const DepositRule& rule, std::int64_t others);

// By how much `available` falls short of `needs` plus the reserve; zero when it does not.
Money short_by(const DepositRule& rule, Money available, Money needs);

// How many more deploys `available` carries with `others` servers there: the longest affordable prefix of `wanted`
// deploys. The k-th needs base + perServer x (others + k - 1) <= available - reserve.
std::int64_t affordable(const DepositRule& rule, Money available, std::int64_t others, std::int64_t wanted);

// A server that could be reactivated; in the order of who goes first.
struct ReactivationVerdict {
  enum class What { kGo, kShort, kUnknownPrice } what;
  Money needs;  // for the whole minimum runway at the burn with it and those before it
  Money short_by;
};

// Reactivation needs runway, not deposit: what is left above the reserve must carry all that runs, the server itself
// and those before it for `minimum_runway`. `burn` is nothing when the price of something that runs is unknown.
std::vector<ReactivationVerdict> decide_reactivations(Money available, Money reserve, Duration minimum_runway,
                                                      std::optional<Rate> burn,
                                                      std::span<const std::optional<Rate>> candidates);

// What the account has to decide on: the provider's balance, or for post-paid the credit line less what is owed.
Money available_balance(Money balance, const std::optional<Money>& credit_line);

// "with 5 other servers", of what a deposit depends on.
std::string with_others(std::int64_t servers);

}  // namespace switchyard
