#include "providers/sim/by_hand.h"

#include <fmt/core.h>

#include <array>
#include <charconv>

#include "providers/sim/offer.h"
#include "providers/sim/set_field.h"
#include "specs/base/overloaded.h"

namespace switchyard {
namespace {

constexpr std::int64_t kFormatVersion = 1;

std::string_view word(ObservedServer::ActionState state) {
  constexpr std::array<std::string_view, 4> kWords = {"none", "running", "done", "failed"};
  return kWords[static_cast<std::size_t>(state)];
}

Json or_null(std::optional<Timestamp> time) {
  return time ? Json(to_string(*time)) : Json();
}

Json dump_of(const SimServer& server, Currency currency) {
  const std::optional<Rate> price = price_of(server, currency);
  Json json;
  json.set("name", server.name)
      .set("uid", server.mark ? server.mark->uid : "")
      .set("id", sim_id(server))
      .set("fleet", server.mark ? server.mark->fleet : "")
      .set("kind", server.mark ? Json(to_string(server.mark->key.kind)) : Json())
      .set("phase", to_string(server.phase))
      .set("region", server.region)
      .set("size", server.size)
      .set("price", price ? Json(to_string(*price)) : Json())
      .set("created", to_string(server.created))
      .set("delivered", or_null(server.delivered))
      .set("expires", or_null(server.expires))
      .set("channels", server.channels)
      .set("drained", server.drained)
      .set("booted", or_null(server.booted))
      .set("release", server.release)
      .set("pendingRelease", server.pending_release)
      .set("lastAction", server.last_action)
      .set("lastActionState", word(server.last_action_state))
      .set("digest", server.configuration.digest)
      .set("fence", server.fence);
  return json;
}

Json dump_of(const World& world, const FaultBook& faults) {
  Json::Array servers;
  servers.reserve(world.servers().size());
  for (const auto& [number, server] : world.servers()) {
    servers.push_back(dump_of(server, world.root().settings.currency));
  }
  Json fired = Json::Object{};
  Json set = Json::Object{};
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    const auto kind = static_cast<FaultKind>(i);
    if (faults.fired(kind) > 0) fired.set(to_string(kind), faults.fired(kind));
    if (faults.find(kind) != nullptr) set.set(to_string(kind), true);
  }
  const WorldRoot& root = world.root();
  Json json;
  json.set("formatVersion", kFormatVersion)
      .set("now", to_string(root.now))
      .set("balance", to_string(world.purse().shown()))
      .set("currency", root.settings.currency.code())
      .set("servers", std::move(servers))
      .set("faults", std::move(fired))
      .set("faultsSet", std::move(set))
      .set("refusedForMoney", root.refused_for_money)
      .set("callsCut", root.calls_cut)
      .set("callsLostToExpiry", root.calls_lost_to_expiry)
      .set("created", root.last_server);
  return json;
}

Json answer(const World& world) {
  Json json;
  json.set("formatVersion", kFormatVersion)
      .set("now", to_string(world.now()))
      .set("balance", to_string(world.purse().shown()))
      .set("currency", world.root().settings.currency.code());
  return json;
}

Json answer(const World& world, std::int64_t number) {
  Json json = answer(world);
  if (const auto found = world.servers().find(number); found != world.servers().end()) {
    json.set("server", dump_of(found->second, world.root().settings.currency));
  }
  return json;
}

Result<Json> do_one(const CtlBalance& command, World& world) {
  std::string_view text = command.amount;
  const bool added = text.starts_with('+');
  if (added) text.remove_prefix(1);
  const Result<Money> amount = parse_money(text, world.root().settings.currency);
  if (!amount) return amount.error();
  const Money balance = added ? world.purse().shown() + *amount : *amount;
  if (!is_amount(balance.minor)) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("a balance of \"{}\" is more than a simulated account holds", command.amount)};
  }
  if (added) {
    world.add_to_balance(*amount);
  } else {
    world.set_balance(*amount);
  }
  return answer(world);
}

Result<Json> do_one(const CtlExpire& command, World& world) {
  const Result<std::int64_t> number = world.find(command.server);
  if (!number) return number.error();
  if (!world.servers().at(*number).delivered) {
    return Error{
        ErrorCode::kInvalid,
        fmt::format("\"{}\" is not delivered yet, so it cannot expire; advance the world first", command.server)};
  }
  world.expire_now(*number);
  return answer(world, *number);
}

Result<Json> do_one(const CtlVanish& command, World& world) {
  const Result<std::int64_t> number = world.find(command.server);
  if (!number) return number.error();
  world.vanish(*number);
  return answer(world);
}

Result<Json> do_one(const CtlPower& command, World& world) {
  const Result<std::int64_t> number = world.find(command.server);
  if (!number) return number.error();
  const Phase phase = world.servers().at(*number).phase;
  if (phase == Phase::kProvisioning || phase == Phase::kExpired) {
    return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is {}: there is no machine to switch on or off",
                                                  command.server, to_string(phase))};
  }
  SimServer& server = world.edit(*number);
  fall_silent(server, world.now());
  break_off_work(server, "its power was switched meanwhile");
  if (command.power == Power::kStopped) {
    end_calls(server);
    server.phase = Phase::kStopped;
  } else if (phase != Phase::kActive) {
    server.phase = Phase::kActive;
    server.booted = world.now();
  }
  return answer(world, *number);
}

Result<Json> do_one(const CtlSet& command, World& world) {
  if (command.server == "world") {
    if (auto set = set_world_field(world, command.field, command.value); !set) return set.error();
    return answer(world);
  }
  const Result<std::int64_t> number = world.find(command.server);
  if (!number) return number.error();
  if (auto set = set_server_field(world, *number, command.field, command.value); !set) return set.error();
  return answer(world, *number);
}

Result<Json> do_one(const CtlAdvance& command, World& world) {
  if (command.by < Duration::zero()) return Error{ErrorCode::kInvalid, "time does not go back; advance by 0s or more"};
  world.advance_to(world.now() + command.by);
  return answer(world);
}

Result<Json> do_one(const CtlCalls& command, World& world) {
  const Result<std::int64_t> number = world.find(command.server);
  if (!number) return number.error();
  if (command.calls < 0) return Error{ErrorCode::kInvalid, "calls are counted from 0 up"};
  if (!agent_answers(world.servers().at(*number))) {
    return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is {}: it cannot carry calls", command.server,
                                                  to_string(world.servers().at(*number).phase))};
  }
  SimServer& server = world.edit(*number);
  server.channels = command.calls;
  server.calls_end.reset();
  if (command.lasting && command.calls > 0) server.calls_end = world.now() + *command.lasting;
  return answer(world, *number);
}

// Where machines are real, the world has the account and the powering; the rest is what it is.
Result<Done> possible_on_real_machines(const CtlCommand& command) {
  const auto refuse = [](std::string_view why) { return Error{ErrorCode::kInvalid, std::string(why)}; };
  if (std::holds_alternative<CtlAdvance>(command)) return refuse("the time of real machines is the clock's");
  if (std::holds_alternative<CtlCalls>(command)) {
    return refuse("these machines are real: a call comes to them by SIP, such as from sipp");
  }
  if (const auto* set = std::get_if<CtlSet>(&command);
      set != nullptr && set->server != "world" && is_of_agent(set->field)) {
    return refuse("these machines are real: what is in force on one is said by its agent alone");
  }
  if (const auto* fault = std::get_if<CtlFault>(&command)) {
    switch (fault->fault.kind) {
      case FaultKind::kRefuse:
      case FaultKind::kDropBeforeCommit:
      case FaultKind::kDropAfterCommit:
      case FaultKind::kPartialList:
        return Done{};
      case FaultKind::kDelay:
      case FaultKind::kLagList:
      case FaultKind::kLoseCreate:
      case FaultKind::kFailAction:
      case FaultKind::kNeverFinish:
        return refuse("this fault is of simulated machines; real ones know refuse, drop-*, partial-list");
    }
  }
  return Done{};
}

}  // namespace

Result<Json> do_by_hand(const CtlCommand& command, World& world, FaultBook& faults) {
  if (world.root().settings.machines == Machines::kReal) {
    if (auto possible = possible_on_real_machines(command); !possible) return possible.error();
  }
  return std::visit(Overloaded{
                        [&](const CtlFault& fault) -> Result<Json> {
                          faults.set(fault.fault);
                          return answer(world);
                        },
                        [&](const CtlDump&) -> Result<Json> { return dump_of(world, faults); },
                        [&](const auto& other) -> Result<Json> { return do_one(other, world); },
                    },
                    command);
}

}  // namespace switchyard
