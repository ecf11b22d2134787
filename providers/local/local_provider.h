#pragma once

#include <memory>

#include "providers/local/local_fleet.h"
#include "providers/provider.h"

namespace switchyard {

// A whole fleet on this machine: money and marks as in the simulator, servers that are real.
class LocalProvider : public Provider {
 public:
  explicit LocalProvider(std::shared_ptr<LocalFleet> fleet) : fleet_(std::move(fleet)) {}

  Result<Catalogue> catalogue(const CallLimits& limits) override;
  Result<Balance> balance(const CallLimits& limits) override;
  Result<ListPage> list(std::string_view page, const CallLimits& limits) override;
  Result<ObservedServer> get(std::string_view id, const CallLimits& limits) override;
  Result<Created> create(const CreateRequest& request, const CallLimits& limits) override;
  Result<Done> remove(std::string_view id, const CallLimits& limits) override;
  Result<Accepted> act(std::string_view id, Action action, const Json& arguments, const CallLimits& limits) override;
  Result<Done> mark(std::string_view id, const Mark& mark, const CallLimits& limits) override;

 private:
  std::shared_ptr<LocalFleet> fleet_;  // shared with the agents of the same connection
};

class LocalAgent : public Agent {
 public:
  explicit LocalAgent(std::shared_ptr<LocalFleet> fleet) : fleet_(std::move(fleet)) {}

  Result<AgentReport> status(const ObservedServer& server, const CallLimits& limits) override;
  Result<Done> configure(const ObservedServer& server, const Configuration& wanted, const CallLimits& limits) override;
  Result<Done> act(const ObservedServer& server, Action action, const CallLimits& limits) override;

 private:
  std::shared_ptr<LocalFleet> fleet_;  // shared with the provider of the same connection
};

// Provider and agents of one account on this machine.
Connection local_connection(std::shared_ptr<LocalFleet> fleet);

}  // namespace switchyard
