#pragma once

#include <memory>
#include <string>

#include "providers/agent/protocol.h"

namespace switchyard {

// Speaks with the agents of a fleet's servers over HTTPS with certificates on both sides. At first contact it enrols
// the agent; while it is at it, it renews the agent's certificate long before that runs out. Each call is a connection
// of its own. Errors beside those of Agent: kUnauthorized (what answers is not that server's agent, or does not believe
// us; nothing has happened), kFenced (the agent has heard of a newer owner of the lock), kNotSent (no address yet).
class AgentClient : public Agent {
 public:
  struct Options {
    std::string folder;  // of the state: the fleet's authority lies there
    std::uint16_t port = kAgentPort;
    // Read-only commands change nothing on an agent and make no authority.
    enum class Contact { kEnrols, kOnlyLooks } contact = Contact::kEnrols;
  };
  explicit AgentClient(Options options);
  ~AgentClient() override;

  Result<AgentReport> status(const ObservedServer& server, const CallLimits& limits) override;
  Result<Done> configure(const ObservedServer& server, const Configuration& wanted, const CallLimits& limits) override;
  Result<Done> act(const ObservedServer& server, Action action, const CallLimits& limits) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace switchyard
