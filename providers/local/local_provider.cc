#include "providers/local/local_provider.h"

#include <utility>

namespace switchyard {

Result<Catalogue> LocalProvider::catalogue(const CallLimits& limits) {
  return fleet_->account().catalogue(limits);
}

Result<Balance> LocalProvider::balance(const CallLimits& limits) {
  return fleet_->account().balance(limits);
}

Result<ListPage> LocalProvider::list(std::string_view page, const CallLimits& limits) {
  if (page.empty()) {
    if (auto done = fleet_->bring_about(limits); !done) return done.error();
  }
  auto listed = fleet_->account().list(page, limits);
  if (!listed) return listed;
  if (auto asked = fleet_->ask_agents(listed->servers, limits); !asked) return asked.error();
  return listed;
}

Result<ObservedServer> LocalProvider::get(std::string_view id, const CallLimits& limits) {
  auto seen = fleet_->account().get(id, limits);
  if (!seen) return seen;
  std::vector<ObservedServer> one{*std::move(seen)};
  if (auto asked = fleet_->ask_agents(one, limits); !asked) return asked.error();
  return std::move(one.front());
}

Result<Created> LocalProvider::create(const CreateRequest& request, const CallLimits& limits) {
  return fleet_->change<Created>([&](Provider& account) { return account.create(request, limits); });
}

Result<Done> LocalProvider::remove(std::string_view id, const CallLimits& limits) {
  return fleet_->change<Done>([&](Provider& account) { return account.remove(id, limits); });
}

Result<Accepted> LocalProvider::act(std::string_view id, Action action, const Json& arguments,
                                    const CallLimits& limits) {
  return fleet_->change<Accepted>([&](Provider& account) { return account.act(id, action, arguments, limits); });
}

Result<Done> LocalProvider::mark(std::string_view id, const Mark& mark, const CallLimits& limits) {
  return fleet_->account().mark(id, mark, limits);
}

Result<AgentReport> LocalAgent::status(const ObservedServer& server, const CallLimits& limits) {
  return fleet_->ask_agent(server, limits);
}

Result<Done> LocalAgent::configure(const ObservedServer& server, const Configuration& wanted,
                                   const CallLimits& limits) {
  return fleet_->agents().configure(fleet_->to_dial(server), wanted, limits);
}

Result<Done> LocalAgent::act(const ObservedServer& server, Action action, const CallLimits& limits) {
  return fleet_->agents().act(fleet_->to_dial(server), action, limits);
}

Connection local_connection(std::shared_ptr<LocalFleet> fleet) {
  Connection connection;
  connection.provider = std::make_unique<LocalProvider>(fleet);
  connection.agent = std::make_unique<LocalAgent>(std::move(fleet));
  return connection;
}

}  // namespace switchyard
