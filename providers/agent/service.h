#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "providers/agent/daemon/keeper.h"
#include "providers/agent/protocol.h"
#include "providers/http/listener.h"

namespace switchyard {

// The agent's side of the protocol: HTTPS in front of a Keeper. Before the agent is enrolled it answers those who come
// to enrol it, and nobody else; from then on whoever shows no certificate of its fleet's reconciler does not get past
// the handshake. All bounds are the listener's. The keeper outlives it, and is called from several threads at once.
class Service {
 public:
  struct Options {
    std::string address;  // that it listens on
    std::uint16_t port = kAgentPort;
    int connections = 32;
    Duration handshake_time = std::chrono::seconds(5);
    Duration request_time = std::chrono::seconds(10);
    Duration idle_time = std::chrono::seconds(60);
    TellRefusal on_refusal{};  // strangers, and proofs that are wrong; for the log
    Duration refusals_apart = std::chrono::seconds(1);
  };

  // Takes the agent's identity from Keeper::folder(). Errors: as AgentIdentity::open and Listener::open.
  static Result<std::unique_ptr<Service>> open(const Options& options, Keeper& keeper);
  ~Service();  // requests under way are waited for

  std::uint16_t port() const;

 private:
  struct Impl;
  explicit Service(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace switchyard
