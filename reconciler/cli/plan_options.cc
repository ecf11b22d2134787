#include "reconciler/cli/plan_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace switchyard {
namespace {

using Selector = PlanOptions::Selector;

// "Server/lon-1" or "label=value".
Result<Selector> parse_selector(std::string_view option, const std::string& text) {
  if (const auto equals = text.find('='); equals != std::string::npos && equals > 0) {
    return Selector{.resource = {}, .label = text.substr(0, equals), .value = text.substr(equals + 1)};
  }
  if (const auto key = parse_key(text)) return Selector{.resource = *key, .label = {}, .value = {}};
  return Error{ErrorCode::kInvalid,
               fmt::format("--{}: \"{}\" is neither KIND/NAME, such as Server/lon-1, nor label=value", option, text)};
}

Result<std::optional<Money>> parse_what_if(const std::optional<std::string>& text, const DesiredFleet& fleet) {
  if (!text) return std::optional<Money>();
  std::optional<Currency> currency;
  for (const auto& account : fleet.accounts) {
    if (currency && *currency != account.currency) {
      return Error{ErrorCode::kInvalid,
                   "--what-if-balance: the accounts have several currencies; plan them one by one"};
    }
    currency = account.currency;
  }
  const auto amount = parse_money(*text, currency.value_or(Currency{}));
  if (!amount) return Error{ErrorCode::kInvalid, "--what-if-balance: " + amount.error().message};
  return std::optional(*amount);
}

}  // namespace

std::vector<Option> plan_option_table() {
  return {
      {.name = "target",
       .help = "only this resource, or those with this label",
       .takes = Takes::kText,
       .value = "KIND/NAME|LABEL=VALUE",
       .repeatable = true},
      {.name = "exclude",
       .help = "not this resource, nor those with this label",
       .takes = Takes::kText,
       .value = "KIND/NAME|LABEL=VALUE",
       .repeatable = true},
      {.name = "what-if-balance", .help = "plan as if this were available", .takes = Takes::kText, .value = "AMOUNT"},
      {.name = "max-destroy",
       .help = "destroys allowed, in place of limits.maxDestroy",
       .takes = Takes::kInteger,
       .value = "N"},
      {.name = "allow-disruption",
       .help = "calls on this server may be cut; needs --reason",
       .takes = Takes::kResource,
       .value = "KIND/NAME",
       .repeatable = true},
      {.name = "reason", .help = "why, for the audit trail", .takes = Takes::kText, .value = "TEXT"},
      {.name = "parallelism",
       .help = "calls at once, in place of limits.concurrency",
       .takes = Takes::kCount,
       .value = "N"},
      {.name = "timeout",
       .help = "stop after this long; what is in flight is finished",
       .takes = Takes::kDuration,
       .value = "DURATION"}};
}

std::vector<Option> apply_option_table() {
  return {{.name = "auto-approve", .help = "do not ask"}};
}

Result<PlanOptions> parse_disruption(const Arguments& arguments) {
  PlanOptions options;
  for (const auto& text : arguments.list("allow-disruption")) {
    if (const auto key = parse_key(text)) options.allow_disruption.push_back(*key);
  }
  if (!options.allow_disruption.empty() && arguments.text("reason").value_or("").empty()) {
    return Error{ErrorCode::kInvalid,
                 "--allow-disruption cuts calls, so it needs --reason \"...\" for the audit trail"};
  }
  return options;
}

Result<PlanOptions> parse_plan_options(const Arguments& arguments, const DesiredFleet& fleet) {
  auto parsed = parse_disruption(arguments);
  if (!parsed) return parsed;
  auto options = *std::move(parsed);
  for (const auto& text : arguments.list("target")) {
    auto selector = parse_selector("target", text);
    if (!selector) return selector.error();
    options.target.push_back(*std::move(selector));
  }
  for (const auto& text : arguments.list("exclude")) {
    auto selector = parse_selector("exclude", text);
    if (!selector) return selector.error();
    options.exclude.push_back(*std::move(selector));
  }
  auto what_if = parse_what_if(arguments.text("what-if-balance"), fleet);
  if (!what_if) return what_if.error();
  options.what_if_balance = *what_if;
  options.max_destroy = arguments.integer("max-destroy");
  return options;
}

}  // namespace switchyard
