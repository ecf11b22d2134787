#include "providers/sim/ctl.h"

#include <fmt/core.h>

#include <array>
#include <utility>

#include "providers/http/transport.h"
#include "providers/sim/shared_world.h"
#include "specs/base/overloaded.h"

namespace switchyard {
namespace {

Json named(std::string_view command) {
  Json json;
  json.set("command", command);
  return json;
}

Error invalid(std::string_view what) {
  return {ErrorCode::kInvalid, fmt::format("{} of the command is missing or wrong", what)};
}

Result<CtlCommand> power_from(const Json& json, std::string server) {
  const std::string power = json.string_or("power", "");
  if (power != "on" && power != "off") return invalid("\"power\" (on or off)");
  return CtlCommand(CtlPower{.server = std::move(server), .power = power == "on" ? Power::kRunning : Power::kStopped});
}

Result<CtlCommand> advance_from(const Json& json) {
  const Result<Duration> by = parse_duration(json.string_or("by", ""));
  if (!by) return by.error();
  return CtlCommand(CtlAdvance{.by = *by});
}

Result<CtlCommand> calls_from(const Json& json, std::string server) {
  CtlCalls calls{.server = std::move(server), .calls = json.integer_or("calls", -1), .lasting = {}};
  if (const std::string lasting = json.string_or("for", ""); !lasting.empty()) {
    const Result<Duration> span = parse_duration(lasting);
    if (!span) return span.error();
    calls.lasting = *span;
  }
  return CtlCommand(std::move(calls));
}

Result<CtlCommand> fault_from(const Json& json) {
  const std::optional<FaultKind> kind = parse_fault(json.string_or("fault", ""));
  if (!kind) return invalid("\"fault\"");
  Fault fault{.kind = *kind, .rate_ppm = json.integer_or("ratePpm", 1'000'000)};
  if (const Json* times = json.find("times"); times != nullptr && times->integer() != nullptr) {
    fault.times = *times->integer();
  }
  return CtlCommand(CtlFault{.fault = fault});
}

Result<Json> run_at_endpoint(const CtlTarget& target, const CtlCommand& command) {
  HttpTransport transport({.endpoint = target.endpoint, .bearer_token = target.token});
  const auto answer = transport.send({.method = "POST",
                                      .path = "/ctl",
                                      .headers = {},
                                      .body = to_string(to_json(command)),
                                      .timeout = std::chrono::seconds(60)});
  if (!answer) return answer.error();
  if (answer->status != 200) return error_of(*answer, true);
  auto json = parse_json(answer->body);
  if (!json)
    return Error{ErrorCode::kUnreadable, fmt::format("\"{}\" is no simulator: its answer is no JSON", target.endpoint)};
  return json;
}

std::string people_time(const Json& server, std::string_view name) {
  const std::string time = server.string_or(name, "");
  return time.empty() ? std::string() : fmt::format("  {} {}", name, time);
}

}  // namespace

Json to_json(const CtlCommand& command) {
  return std::visit(
      Overloaded{
          [](const CtlBalance& c) { return named("balance").set("amount", c.amount); },
          [](const CtlExpire& c) { return named("expire").set("server", c.server); },
          [](const CtlVanish& c) { return named("vanish").set("server", c.server); },
          [](const CtlPower& c) {
            return named("power").set("server", c.server).set("power", c.power == Power::kRunning ? "on" : "off");
          },
          [](const CtlSet& c) {
            return named("set").set("server", c.server).set("field", c.field).set("value", c.value);
          },
          [](const CtlAdvance& c) { return named("advance").set("by", to_string(c.by)); },
          [](const CtlCalls& c) {
            Json json = named("calls").set("server", c.server).set("calls", c.calls);
            if (c.lasting) json.set("for", to_string(*c.lasting));
            return json;
          },
          [](const CtlFault& c) {
            Json json = named("fault").set("fault", to_string(c.fault.kind)).set("ratePpm", c.fault.rate_ppm);
            if (c.fault.times) json.set("times", *c.fault.times);
            return json;
          },
          [](const CtlDump&) { return named("dump"); },
      },
      command);
}

Result<CtlCommand> ctl_command_from_json(const Json& json) {
  const std::string command = json.string_or("command", "");
  std::string server = json.string_or("server", "");
  if (command == "balance") return CtlCommand(CtlBalance{.amount = json.string_or("amount", "")});
  if (command == "expire") return CtlCommand(CtlExpire{.server = std::move(server)});
  if (command == "vanish") return CtlCommand(CtlVanish{.server = std::move(server)});
  if (command == "power") return power_from(json, std::move(server));
  if (command == "set") {
    return CtlCommand(CtlSet{
        .server = std::move(server), .field = json.string_or("field", ""), .value = json.string_or("value", "")});
  }
  if (command == "advance") return advance_from(json);
  if (command == "calls") return calls_from(json, std::move(server));
  if (command == "fault") return fault_from(json);
  if (command == "dump") return CtlCommand(CtlDump{});
  return Error{ErrorCode::kInvalid, fmt::format("there is no command \"{}\"", command)};
}

Result<Json> run_ctl(const CtlTarget& target, const CtlCommand& command) {
  if (!target.endpoint.empty()) return run_at_endpoint(target, command);
  if (target.world_file.empty()) return Error{ErrorCode::kInvalid, "say which world: --world FILE or --endpoint URL"};
  SharedWorld world({.path = target.world_file});
  return world.by_hand(command);
}

std::string dump_for_people(const Json& dump) {
  std::string text = fmt::format("world at {}, balance {} {}\n", dump.string_or("now", ""),
                                 dump.string_or("balance", ""), dump.string_or("currency", ""));
  if (const Json* servers = dump.find("servers"); servers != nullptr && servers->array() != nullptr) {
    for (const Json& server : *servers->array()) {
      const std::int64_t channels = server.integer_or("channels", 0);
      text += fmt::format("  {:<10} {:<20} {:<12} {:<6} {:<14}{}{}{}\n", server.string_or("id", ""),
                          server.string_or("name", ""), server.string_or("phase", ""), server.string_or("region", ""),
                          server.string_or("size", ""), channels > 0 ? fmt::format("  {} calls", channels) : "",
                          server.boolean_or("drained", false) ? "  drained" : "", people_time(server, "expires"));
    }
  }
  if (const Json* faults = dump.find("faults"); faults != nullptr && faults->object() != nullptr) {
    for (const auto& [kind, times] : *faults->object()) {
      text += fmt::format("  fault {} struck {} times\n", kind, times.integer() != nullptr ? *times.integer() : 0);
    }
  }
  if (const std::int64_t refused = dump.integer_or("refusedForMoney", 0); refused > 0) {
    text += fmt::format("  refused for money: {}\n", refused);
  }
  return text;
}

}  // namespace switchyard
