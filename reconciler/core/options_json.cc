#include "reconciler/core/diff.h"

namespace switchyard {
namespace {

std::optional<PlanOptions::Selector> selector_of(std::string_view text) {
  const std::size_t sign = text.find('=');
  if (sign != std::string_view::npos) {
    return PlanOptions::Selector{
        .resource = {}, .label = std::string(text.substr(0, sign)), .value = std::string(text.substr(sign + 1))};
  }
  const std::optional<Key> key = parse_key(text);
  if (!key) return std::nullopt;
  return PlanOptions::Selector{.resource = *key, .label = {}, .value = {}};
}

Json to_json(const std::vector<PlanOptions::Selector>& selectors) {
  Json::Array array;
  for (const auto& selector : selectors) {
    array.push_back(selector.resource ? to_string(*selector.resource) : selector.label + "=" + selector.value);
  }
  return array;
}

Error unreadable(std::string_view what) {
  return {ErrorCode::kUnreadable, "the options of a plan cannot be read: \"" + std::string(what) + "\" is wrong"};
}

Result<std::vector<PlanOptions::Selector>> selectors_from_json(const Json& json, std::string_view name) {
  std::vector<PlanOptions::Selector> selectors;
  const auto* array = json.find(name);
  if (array == nullptr || array->array() == nullptr) return unreadable(name);
  for (const auto& item : *array->array()) {
    auto selector = selector_of(item.string() == nullptr ? "" : *item.string());
    if (!selector) return unreadable(name);
    selectors.push_back(*std::move(selector));
  }
  return selectors;
}

}  // namespace

Json to_json(const PlanOptions& options) {
  Json::Array allowed;
  for (const auto& key : options.allow_disruption) allowed.push_back(to_string(key));
  Json json = Json::Object{{"target", to_json(options.target)},
                           {"exclude", to_json(options.exclude)},
                           {"allowDisruption", std::move(allowed)},
                           {"destroyAll", options.destroy_all}};
  if (options.what_if_balance) {
    json.set("whatIfBalance", to_string(*options.what_if_balance));
    json.set("currency", options.what_if_balance->currency.code());
  }
  if (options.max_destroy) json.set("maxDestroy", *options.max_destroy);
  return json;
}

Result<PlanOptions> plan_options_from_json(const Json& json) {
  PlanOptions options;
  auto target = selectors_from_json(json, "target");
  if (!target) return target.error();
  options.target = *std::move(target);
  auto exclude = selectors_from_json(json, "exclude");
  if (!exclude) return exclude.error();
  options.exclude = *std::move(exclude);
  const auto* allowed = json.find("allowDisruption");
  if (allowed == nullptr || allowed->array() == nullptr) return unreadable("allowDisruption");
  for (const auto& item : *allowed->array()) {
    const auto key = parse_key(item.string() == nullptr ? "" : *item.string());
    if (!key) return unreadable("allowDisruption");
    options.allow_disruption.push_back(*key);
  }
  options.destroy_all = json.boolean_or("destroyAll", false);
  if (json.find("whatIfBalance") != nullptr) {
    const auto currency = Currency::parse(json.string_or("currency", ""));
    if (!currency) return unreadable("currency");
    const auto amount = parse_money(json.string_or("whatIfBalance", ""), *currency);
    if (!amount) return unreadable("whatIfBalance");
    options.what_if_balance = *amount;
  }
  if (const auto* limit = json.find("maxDestroy"); limit != nullptr && limit->integer() != nullptr) {
    options.max_destroy = *limit->integer();
  }
  return options;
}

}  // namespace switchyard
