#pragma once

#include <memory>

#include "providers/http/transport.h"
#include "providers/provider.h"

namespace switchyard {

// The simulated provider and its agents behind `switchyard sim`, spoken to over HTTP (providers/sim/PROTOCOL.md).
// Provider and agents share the one transport, and with it its bounds, hence shared_ptr.
class HttpSimProvider : public Provider {
 public:
  explicit HttpSimProvider(std::shared_ptr<HttpTransport> transport) : transport_(std::move(transport)) {}

  Result<Catalogue> catalogue(const CallLimits& limits) override;
  Result<Balance> balance(const CallLimits& limits) override;
  Result<ListPage> list(std::string_view page, const CallLimits& limits) override;
  Result<ObservedServer> get(std::string_view id, const CallLimits& limits) override;
  Result<Created> create(const CreateRequest& request, const CallLimits& limits) override;
  Result<Done> remove(std::string_view id, const CallLimits& limits) override;
  Result<Accepted> act(std::string_view id, Action action, const Json& arguments, const CallLimits& limits) override;
  Result<Done> mark(std::string_view id, const Mark& mark, const CallLimits& limits) override;

 private:
  std::shared_ptr<HttpTransport> transport_;
};

class HttpSimAgent : public Agent {
 public:
  explicit HttpSimAgent(std::shared_ptr<HttpTransport> transport) : transport_(std::move(transport)) {}

  Result<AgentReport> status(const ObservedServer& server, const CallLimits& limits) override;
  Result<Done> configure(const ObservedServer& server, const Configuration& wanted, const CallLimits& limits) override;
  Result<Done> act(const ObservedServer& server, Action action, const CallLimits& limits) override;

 private:
  std::shared_ptr<HttpTransport> transport_;
};

Connection http_sim_connection(HttpTransport::Options options);

}  // namespace switchyard
