#pragma once

#include <optional>
#include <string>

#include "providers/agent/enrolment.h"
#include "providers/provider.h"

namespace switchyard {

// The folder of one local server, `local-ACCOUNT/ID` beside the state: its own (0700), and gone with it. The agent
// keeps its things in it; what the provider keeps there for it is below, every file for its owner only (0600) and
// whole or not there at all.
class ServerFolder {
 public:
  explicit ServerFolder(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  bool exists() const;
  // Anew and empty but for its order and what its agent is enrolled with; what lay there from a create that never came
  // to its end is removed. Error: kStorage.
  Result<Done> make(const Configuration& order, const Invitation& invitation) const;
  void remove() const;

  // The configuration that its create carried, secrets included, until the agent has it. Nothing: it has.
  std::optional<Configuration> order() const;
  void order_is_done() const;

  // The last report, for when the agent does not answer.
  std::optional<AgentReport> report() const;
  void keep(const AgentReport& report) const;

  // For which of the provider's actions its machine was last taken down and up again.
  std::string rebooted_for() const;
  Result<Done> note_reboot(const std::string& action_id) const;

  std::string log() const { return path_ + "/agent.log"; }

 private:
  const std::string path_;
};

}  // namespace switchyard
