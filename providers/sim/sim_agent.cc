#include "providers/sim/sim_agent.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

#include "providers/sim/sim_action.h"
#include "specs/base/digest.h"
#include "specs/base/random.h"
#include "specs/effects.h"

namespace switchyard {
namespace {

using Fingerprints = std::vector<std::pair<std::string, std::string>>;

// Fields that tell of the machine rather than of what runs on it: the provider acts on them, the agent only notes them.
constexpr std::array<std::string_view, 4> kMachineFields = {"spec.power", "spec.size", "spec.type", "spec.zone"};

Fields fields_of(const std::string& applied) {
  const Result<Json> json = parse_json(applied);
  if (!json) return {};
  Result<Fields> fields = fields_from_json(*json);
  return fields ? *std::move(fields) : Fields();
}

// The same paths and values with a secret's fingerprint as its value.
Fields as_fields(const Fingerprints& fingerprints) {
  Fields fields;
  for (const auto& [path, fingerprint] : fingerprints) fields.push_back({.path = path, .value = fingerprint});
  return fields;
}

// The worst effect among the differences of two sorted lists of fields.
Effect effect_of(const Fields& before, const Fields& after) {
  static const Json kAbsent;
  Effect worst = Effect::kLive;
  const auto consider = [&worst](const std::string& path, const Json& old_value, const Json& new_value) {
    if (old_value == new_value || std::ranges::find(kMachineFields, path) != kMachineFields.end()) return;
    worst = std::max(worst, effect_of_change(path, old_value, new_value));
  };
  auto a = before.begin();
  auto b = after.begin();
  while (a != before.end() || b != after.end()) {
    if (b == after.end() || (a != before.end() && a->path < b->path)) {
      consider(a->path, a->value, kAbsent);
      ++a;
    } else if (a == before.end() || b->path < a->path) {
      consider(b->path, kAbsent, b->value);
      ++b;
    } else {
      consider(a->path, a->value, b->value);
      ++a, ++b;
    }
  }
  return worst;
}

std::int64_t begin_outage(SimServer& server, Action action, bool machine_is_down, std::chrono::seconds length,
                          Timestamp now) {
  if (machine_is_down) fall_silent(server, now);
  server.work = SimWork{
      .action = action, .end = now + length, .machine_is_down = machine_is_down, .before = server.phase, .size = {}};
  server.phase = Phase::kUpdating;
  return end_calls(server);
}

Result<Done> idle_agent(const SimServer& server) {
  if (auto reached = reach_agent(server); !reached) return reached;
  if (server.work) {
    return Error{ErrorCode::kConflict, fmt::format("server \"{}\" is busy with {}; ask again when that has ended",
                                                   server.name, to_string(server.work->action))};
  }
  return Done{};
}

}  // namespace

SimConfiguration configuration_of(const Fields& fields, const std::vector<Peer>& peers,
                                  const std::vector<std::pair<std::string, std::string>>& secrets,
                                  std::string_view salt) {
  SimConfiguration configuration{
      .applied = to_string(to_json(fields)), .digest = digest_of(fields), .peers = peers, .fingerprints = {}};
  std::ranges::sort(configuration.peers, {}, [](const Peer& peer) { return std::pair(peer.purpose, peer.name); });
  for (const auto& [path, secret] : secrets) {
    configuration.fingerprints.emplace_back(path, hmac_sha256_hex(salt, secret));
  }
  std::ranges::sort(configuration.fingerprints);
  return configuration;
}

Result<Done> reach_agent(const SimServer& server) {
  if (agent_answers(server)) return Done{};
  return Error{ErrorCode::kNotSent,
               fmt::format("the agent of server \"{}\" cannot be reached: the server is {}; look again when it runs",
                           server.name, to_string(server.phase))};
}

Result<std::int64_t> configure_agent(SimServer& server, SimConfiguration wanted, std::uint64_t draw, Timestamp now) {
  if (auto idle = idle_agent(server); !idle) return idle.error();
  if (wanted == server.configuration) return std::int64_t{0};
  const Effect effect =
      std::max(effect_of(fields_of(server.configuration.applied), fields_of(wanted.applied)),
               effect_of(as_fields(server.configuration.fingerprints), as_fields(wanted.fingerprints)));
  if (effect == Effect::kLive) {
    server.configuration = std::move(wanted);
    return std::int64_t{0};
  }
  server.next_configuration = std::move(wanted);
  Random random(draw);
  if (effect == Effect::kRestart) {
    return begin_outage(server, Action::kUpdate, false, std::chrono::seconds(random.between(5, 15)), now);
  }
  return begin_outage(server, Action::kUpdate, true, std::chrono::seconds(random.between(120, 300)), now);
}

Result<std::int64_t> act_on_agent(SimServer& server, Action action, std::uint64_t draw, Timestamp now) {
  if (auto idle = idle_agent(server); !idle) return idle.error();
  switch (action) {
    case Action::kDrain:
      server.drained = true;
      return std::int64_t{0};
    case Action::kUndrain:
      server.drained = false;
      return std::int64_t{0};
    case Action::kFlush:
      return std::int64_t{0};  // it has its configuration already; taking it again changes nothing
    case Action::kUpgrade:
      if (server.pending_release.empty()) return std::int64_t{0};
      return begin_outage(server, Action::kUpgrade, false, std::chrono::seconds(Random(draw).between(60, 120)), now);
    case Action::kCreate:
    case Action::kUpdate:
    case Action::kReplace:
    case Action::kDelete:
    case Action::kInstall:
    case Action::kStart:
    case Action::kStop:
    case Action::kRestart:
    case Action::kOsCycle:
    case Action::kPowerCycle:
    case Action::kReactivate:
    case Action::kResize:
      return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is no action of an agent", to_string(action))};
  }
  return Error{ErrorCode::kInvalid, "no such action"};
}

}  // namespace switchyard
