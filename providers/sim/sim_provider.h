#pragma once

#include <memory>
#include <string>

#include "providers/provider.h"
#include "providers/sim/shared_world.h"

namespace switchyard {

// The simulated provider in this process. A dropped answer is kOutcomeUnknown, as over a network; a delayed one lets
// the world's time pass, and is kOutcomeUnknown when that is longer than the call may take. Provider and agents hold
// the same world: whichever goes last ends it, hence shared_ptr.
class SimProvider : public Provider {
 public:
  explicit SimProvider(std::shared_ptr<SharedWorld> world) : world_(std::move(world)) {}

  Result<Catalogue> catalogue(const CallLimits& limits) override;
  Result<Balance> balance(const CallLimits& limits) override;
  Result<ListPage> list(std::string_view page, const CallLimits& limits) override;
  Result<ObservedServer> get(std::string_view id, const CallLimits& limits) override;
  Result<Created> create(const CreateRequest& request, const CallLimits& limits) override;
  Result<Done> remove(std::string_view id, const CallLimits& limits) override;
  Result<Accepted> act(std::string_view id, Action action, const Json& arguments, const CallLimits& limits) override;
  Result<Done> mark(std::string_view id, const Mark& mark, const CallLimits& limits) override;

 private:
  std::shared_ptr<SharedWorld> world_;
};

class SimAgent : public Agent {
 public:
  explicit SimAgent(std::shared_ptr<SharedWorld> world) : world_(std::move(world)) {}

  Result<AgentReport> status(const ObservedServer& server, const CallLimits& limits) override;
  Result<Done> configure(const ObservedServer& server, const Configuration& wanted, const CallLimits& limits) override;
  Result<Done> act(const ObservedServer& server, Action action, const CallLimits& limits) override;

 private:
  std::shared_ptr<SharedWorld> world_;
};

// Provider and agents over one world.
Connection sim_connection(std::shared_ptr<SharedWorld> world);

}  // namespace switchyard
