#include "providers/expect_currency.h"

#include <fmt/core.h>

#include <optional>
#include <utility>

namespace switchyard {
namespace {

class CheckedProvider : public Provider {
 public:
  CheckedProvider(std::unique_ptr<Provider> provider, std::string account, Currency currency)
      : provider_(std::move(provider)), account_(std::move(account)), currency_(currency) {}

  Result<Catalogue> catalogue(const CallLimits& limits) override {
    auto catalogue = provider_->catalogue(limits);
    if (!catalogue) return catalogue;
    for (const SizeOffer& offer : catalogue->sizes) {
      if (auto mismatch = check(offer.price)) return *mismatch;
    }
    return catalogue;
  }
  Result<Balance> balance(const CallLimits& limits) override {
    auto balance = provider_->balance(limits);
    if (balance && balance->amount.currency != currency_) return wrong(balance->amount.currency);
    return balance;
  }
  Result<ListPage> list(std::string_view page, const CallLimits& limits) override {
    auto listing = provider_->list(page, limits);
    if (!listing) return listing;
    for (const ObservedServer& server : listing->servers) {
      if (auto mismatch = check(server.price)) return *mismatch;
    }
    return listing;
  }
  Result<ObservedServer> get(std::string_view id, const CallLimits& limits) override {
    auto server = provider_->get(id, limits);
    if (!server) return server;
    if (auto mismatch = check(server->price)) return *mismatch;
    return server;
  }

  Result<Created> create(const CreateRequest& request, const CallLimits& limits) override {
    return provider_->create(request, limits);
  }
  Result<Done> remove(std::string_view id, const CallLimits& limits) override { return provider_->remove(id, limits); }
  Result<Accepted> act(std::string_view id, Action action, const Json& arguments, const CallLimits& limits) override {
    return provider_->act(id, action, arguments, limits);
  }
  Result<Done> mark(std::string_view id, const Mark& mark, const CallLimits& limits) override {
    return provider_->mark(id, mark, limits);
  }

 private:
  std::optional<Error> check(const std::optional<Rate>& price) const {
    if (!price || price->currency == currency_) return std::nullopt;
    return wrong(price->currency);
  }
  Error wrong(Currency other) const {
    return {ErrorCode::kInvalid,
            fmt::format("account \"{}\" is kept in {}, but its provider reckons in {}; write \"currency: {}\"",
                        account_, currency_.code(), other.code(), other.code())};
  }

  std::unique_ptr<Provider> provider_;
  std::string account_;
  Currency currency_;
};

}  // namespace

std::unique_ptr<Provider> expect_currency(std::unique_ptr<Provider> provider, std::string account, Currency currency) {
  return std::make_unique<CheckedProvider>(std::move(provider), std::move(account), currency);
}

}  // namespace switchyard
