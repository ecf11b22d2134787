#include "providers/connect.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include "providers/expect_currency.h"
#include "providers/local/connect_local.h"
#include "providers/sim/http_provider.h"
#include "providers/sim/shared_world.h"
#include "providers/sim/sim_provider.h"
#include "specs/load.h"

namespace switchyard {
namespace {

// A page of 200 servers has a tenth of it. In memory it takes a multiple, for a moment.
constexpr std::size_t kLargestAnswer = 16U << 20U;

Connected connect_embedded_sim(const DesiredAccount& account, const ConnectOptions& options) {
  const SimTerms terms{.deposit_base = account.deposit_base,
                       .deposit_per_server = account.deposit_per_server,
                       .credit = account.credit_line.value_or(Money{.minor = 0, .currency = account.currency})};
  WorldSettings fresh;
  fresh.seed = static_cast<std::uint64_t>(account.sim_seed);
  fresh.currency = account.currency;
  fresh.terms = terms;
  const std::filesystem::path file =
      std::filesystem::path(options.world_folder) / fmt::format("sim-{}.db", account.name);
  auto world = std::make_shared<SharedWorld>(SharedWorld::Options{
      .path = file.string(),
      .access = options.read_only ? SharedWorld::Options::Access::kRead : SharedWorld::Options::Access::kWrite,
      .fresh = fresh,
      .terms = terms});
  SharedWorld* time = world.get();
  return {.connection = sim_connection(std::move(world)), .world = time};
}

Result<Connected> connect_served_sim(const DesiredAccount& account, const ConnectOptions& options) {
  std::string token;
  if (account.token) {
    Result<std::string> secret = read_secret(*account.token);
    if (!secret) {
      return Error{ErrorCode::kUnauthorized,
                   fmt::format("the token of account \"{}\" cannot be read: {}", account.name, secret.error().message)};
    }
    token = *std::move(secret);
  }
  return Connected{.connection = http_sim_connection({.endpoint = account.endpoint,
                                                      .bearer_token = std::move(token),
                                                      .concurrency = calls_at_once(account, options),
                                                      .requests_per_minute = account.requests_per_minute,
                                                      .largest_answer = kLargestAnswer}),
                   .world = nullptr};
}

}  // namespace

int calls_at_once(const DesiredAccount& account, const ConnectOptions& options) {
  return static_cast<int>(
      std::clamp<std::int64_t>(options.parallelism.value_or(account.concurrency), 1, kMostCallsAtOnce));
}

Result<Connected> connect(const DesiredAccount& account, const ConnectOptions& options) {
  Result<Connected> connected = [&]() -> Result<Connected> {
    if (account.provider == "sim") {
      if (account.endpoint.empty()) return connect_embedded_sim(account, options);
      return connect_served_sim(account, options);
    }
    if (account.provider == "local") return connect_local(account, options);
    if (account.provider == "digitalocean" || account.provider == "hetzner") {
      return Error{ErrorCode::kInvalid,
                   fmt::format("account \"{}\": provider \"{}\" is not built into this version yet: use sim or local",
                               account.name, account.provider)};
    }
    return Error{
        ErrorCode::kInvalid,
        fmt::format("account \"{}\": there is no provider \"{}\"; there are: sim, local, digitalocean, hetzner",
                    account.name, account.provider)};
  }();
  if (connected) {
    connected->connection.provider =
        expect_currency(std::move(connected->connection.provider), account.name, account.currency);
  }
  return connected;
}

}  // namespace switchyard
