#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "state/model/action.h"
#include "state/model/observation.h"

namespace switchyard {

// What the simulated agent has in force, or will have once its restart is over.
struct SimConfiguration {
  std::string applied;  // the text of to_json(Fields)
  std::string digest;
  std::vector<Peer> peers;                                        // sorted by purpose, name
  std::vector<std::pair<std::string, std::string>> fingerprints;  // sorted by path

  friend bool operator==(const SimConfiguration&, const SimConfiguration&) = default;
};

// Something under way on a server that takes it out of service: a provider's action, or (kUpdate, kUpgrade) the
// agent's.
struct SimWork {
  Action action;
  std::optional<Timestamp> end{};  // nothing: it never ends (fault never-finish)
  bool fails = false;              // it ends as failed, and nothing has changed (fault fail-action)
  bool machine_is_down = true;     // false: only the SIP process restarts, the agent goes on reporting
  Phase before;                    // the phase to go back to when it fails
  std::string size;                // of a resize

  friend bool operator==(const SimWork&, const SimWork&) = default;
};

// One server of a simulated world. All times are the world's.
struct SimServer {
  std::int64_t number;    // ascending in the order of creation
  std::string address{};  // of one that is real (WorldSettings::machines); empty: its number tells its address
  std::optional<Mark> mark{};
  std::string name;
  std::optional<Role> role{};
  std::string region;
  std::string size;
  Phase phase = Phase::kProvisioning;
  Timestamp created{};
  std::optional<Timestamp> ready{};  // when it will be delivered; nothing: delivered, or never (fault never-finish)
  std::optional<Timestamp> delivered{};
  std::optional<Timestamp> expires{};       // end of its test period
  std::optional<Timestamp> charged_from{};  // since when its hours count; nothing: it costs nothing now
  std::optional<std::int64_t> own_price{};  // 10^-6 minor units an hour, set by ctl over the size's
  bool price_hidden = false;                // the provider does not say what it costs
  std::optional<SimWork> work{};
  std::string last_action{};
  ObservedServer::ActionState last_action_state = ObservedServer::ActionState::kNone;
  std::string last_action_message{};

  // The agent's side.
  SimConfiguration configuration{};
  std::optional<SimConfiguration> next_configuration{};  // in force when `work` (kUpdate) is done
  std::int64_t channels = 0;
  std::optional<Timestamp> calls_end{};  // nothing: for ever
  bool drained = false;
  std::optional<Timestamp> booted{};
  std::string release{};
  std::string pending_release{};
  Timestamp heard{};       // when the agent could last report, while it cannot
  std::int64_t fence = 0;  // the highest fencing number that an agent call carried

  std::optional<Timestamp> removed{};  // kept for listings that lag

  friend bool operator==(const SimServer&, const SimServer&) = default;
};

// "sim-NUMBER", or "local-NUMBER" where machines are real.
enum class Machines { kSimulated, kReal };
std::string sim_id(Machines machines, std::int64_t number);
std::string sim_id(const SimServer& server);
std::optional<std::int64_t> parse_sim_id(Machines machines, std::string_view id);

// Whether its agent can be reached now.
bool agent_answers(const SimServer& server);

// What it costs an hour; nothing: its size is not sold.
std::optional<Rate> price_of(const SimServer& server, Currency currency);

// The end of the hour that is running, of one that costs money.
std::optional<Timestamp> next_charge(const SimServer& server, Timestamp now);

// When it next changes by itself.
std::optional<Timestamp> next_event_of(const SimServer& server, Timestamp now);

// As the provider's listings show it at `now`; the agent of a real one speaks for itself.
ObservedServer observe(const SimServer& server, Currency currency, std::string_view salt, Timestamp now);

}  // namespace switchyard
