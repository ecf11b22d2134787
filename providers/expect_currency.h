#pragma once

#include <memory>
#include <string>

#include "providers/provider.h"

namespace switchyard {

// The same provider, whose every amount is checked to be in the account's currency, because amounts of two currencies
// must never meet (specs/base/money.h). An answer in another one is kInvalid and says what to write into the Account.
std::unique_ptr<Provider> expect_currency(std::unique_ptr<Provider> provider, std::string account, Currency currency);

}  // namespace switchyard
