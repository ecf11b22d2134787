#include "reconciler/cli/clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "providers/connect.h"

namespace switchyard {
namespace {

// The clock of one account's embedded world; nothing when it has none.
std::optional<Timestamp> world_clock(const Context& context, const std::string& account) {
  std::error_code ignored;
  const auto file = std::filesystem::path(context.state_folder()) / fmt::format("sim-{}.db", account);
  if (!std::filesystem::exists(file, ignored)) return std::nullopt;
  const DesiredAccount embedded{.name = account,
                                .provider = "sim",
                                .fleet = account,
                                .endpoint = {},
                                .token = {},
                                .currency = {},
                                .deposit_base = {},
                                .deposit_per_server = {},
                                .reserve = {},
                                .credit_line = {},
                                .budget = {},
                                .minimum_runway = {},
                                .concurrency = 1,
                                .requests_per_minute = {},
                                .max_destroy = {.number = 0, .percent = false},
                                .sim_seed = 1,
                                .sim_pace = 0,
                                .source = {}};
  auto connected = connect(embedded, {.world_folder = context.state_folder(), .read_only = true});
  if (!connected || connected->world == nullptr) return std::nullopt;
  return connected->world->now();
}

}  // namespace

Timestamp engine_clock(const Context& context, std::span<const ObservedAccount> accounts) {
  std::optional<Timestamp> latest;
  for (const auto& account : accounts) {
    const auto now = world_clock(context, account.name);
    if (!now) return machine_now();
    latest = latest ? std::max(*latest, *now) : *now;
  }
  return latest.value_or(machine_now());
}

Result<Timestamp> parse_moment(std::string_view option, const std::string& text, Timestamp now, Direction direction) {
  if (const auto moment = parse_timestamp(text)) return *moment;
  if (const auto span = parse_duration(text)) return direction == Direction::kAhead ? now + *span : now - *span;
  return Error{ErrorCode::kInvalid,
               fmt::format("--{}: \"{}\" is neither a time such as 2026-11-24T18:00:00Z nor a duration such as 2h",
                           option, text)};
}

}  // namespace switchyard
