#include "tests/simulation/worlds.h"

#include <algorithm>

namespace switchyard::simulation {
namespace {

Machine machine_of(const Json& json, Currency currency) {
  Machine machine;
  machine.id = json.string_or("id", "");
  machine.name = json.string_or("name", "");
  machine.uid = json.string_or("uid", "");
  machine.fleet = json.string_or("fleet", "");
  machine.key = Key{json.string_or("kind", "") == "RtpServer" ? Kind::kRtpServer : Kind::kServer, machine.name};
  machine.phase = json.string_or("phase", "");
  machine.region = json.string_or("region", "");
  machine.size = json.string_or("size", "");
  machine.last_action = json.string_or("lastAction", "");
  machine.digest = json.string_or("digest", "");
  if (const std::string price = json.string_or("price", ""); !price.empty()) {
    if (const Result<Rate> rate = parse_rate(price, currency); rate.ok()) machine.price = *rate;
  }
  machine.delivered = !json.string_or("delivered", "").empty();
  machine.drained = json.boolean_or("drained", false);
  machine.channels = json.integer_or("channels", 0);
  machine.fence = json.integer_or("fence", 0);
  return machine;
}

}  // namespace

const Machine* Census::find(std::string_view id) const {
  const auto at = std::ranges::find(machines, id, &Machine::id);
  return at == machines.end() ? nullptr : &*at;
}

void Worlds::know(const DesiredFleet& fleet) {
  for (const DesiredAccount& account : fleet.accounts) {
    if (worlds_.contains(account.name)) continue;
    const SimTerms terms{.deposit_base = account.deposit_base,
                         .deposit_per_server = account.deposit_per_server,
                         .credit = account.credit_line.value_or(Money{0, account.currency})};
    WorldSettings fresh;
    fresh.seed = seed_ + worlds_.size();
    fresh.currency = account.currency;
    fresh.terms = terms;
    worlds_.emplace(account.name,
                    std::make_unique<SharedWorld>(SharedWorld::Options{.path = {}, .fresh = fresh, .terms = terms}));
  }
}

void Worlds::advance_to(Timestamp time) {
  for (const auto& [name, world] : worlds_) {
    if (!world->advance_to(time).ok()) std::abort();  // in memory nothing can fail
  }
}

Census Worlds::census(const std::string& account) {
  const Json dump = world(account).by_hand(CtlDump{}).value();
  Census census;
  const Currency currency = Currency::parse(dump.string_or("currency", "USD")).value();
  census.balance = parse_money(dump.string_or("balance", "0"), currency).value();
  for (const Json& server : *dump.find("servers")->array()) census.machines.push_back(machine_of(server, currency));
  census.refused_for_money = dump.integer_or("refusedForMoney", 0);
  census.calls_cut = dump.integer_or("callsCut", 0);
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    census.struck[i] = dump.find("faults")->integer_or(to_string(static_cast<FaultKind>(i)), 0);
  }
  return census;
}

std::vector<std::string> Worlds::accounts() const {
  std::vector<std::string> names;
  for (const auto& [name, world] : worlds_) names.push_back(name);
  return names;
}

Timestamp Worlds::beginning() {
  return worlds_.begin()->second->now();
}

}  // namespace switchyard::simulation
