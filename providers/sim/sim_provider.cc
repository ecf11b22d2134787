#include "providers/sim/sim_provider.h"

#include <utility>

namespace switchyard {
namespace {

Error no_answer() {
  return {ErrorCode::kOutcomeUnknown, "the simulated provider gave no answer in time; look what became of it"};
}

template <class T, class What>
Result<T> ask(SharedWorld& world, What what, const CallLimits& limits) {
  SimReply reply = world.call({.account = {}, .limits = limits, .what = std::move(what)});
  if (reply.delay > Duration::zero()) {
    const Duration waited = limits.timeout > Duration::zero() ? std::min(reply.delay, limits.timeout) : reply.delay;
    if (auto passed = world.advance_to(world.now() + waited); !passed) return passed.error();
    if (waited < reply.delay) return no_answer();
  }
  if (reply.dropped) return no_answer();
  if (!reply.answer) return reply.answer.error();
  return std::get<T>(*std::move(reply.answer));
}

}  // namespace

Result<Catalogue> SimProvider::catalogue(const CallLimits& limits) {
  return ask<Catalogue>(*world_, CatalogueCall{}, limits);
}

Result<Balance> SimProvider::balance(const CallLimits& limits) {
  return ask<Balance>(*world_, BalanceCall{}, limits);
}

Result<ListPage> SimProvider::list(std::string_view page, const CallLimits& limits) {
  return ask<ListPage>(*world_, ListCall{.page = std::string(page)}, limits);
}

Result<ObservedServer> SimProvider::get(std::string_view id, const CallLimits& limits) {
  return ask<ObservedServer>(*world_, GetCall{.id = std::string(id)}, limits);
}

Result<Created> SimProvider::create(const CreateRequest& request, const CallLimits& limits) {
  return ask<Created>(*world_, CreateCall{.request = request}, limits);
}

Result<Done> SimProvider::remove(std::string_view id, const CallLimits& limits) {
  return ask<Done>(*world_, RemoveCall{.id = std::string(id)}, limits);
}

Result<Accepted> SimProvider::act(std::string_view id, Action action, const Json& arguments, const CallLimits& limits) {
  return ask<Accepted>(*world_, ProviderActionCall{.id = std::string(id), .action = action, .arguments = arguments},
                       limits);
}

Result<Done> SimProvider::mark(std::string_view id, const Mark& mark, const CallLimits& limits) {
  return ask<Done>(*world_, MarkCall{.id = std::string(id), .mark = mark}, limits);
}

Result<AgentReport> SimAgent::status(const ObservedServer& server, const CallLimits& limits) {
  return ask<AgentReport>(*world_, StatusCall{.server = server}, limits);
}

Result<Done> SimAgent::configure(const ObservedServer& server, const Configuration& wanted, const CallLimits& limits) {
  return ask<Done>(*world_, ConfigureCall{.server = server, .wanted = wanted}, limits);
}

Result<Done> SimAgent::act(const ObservedServer& server, Action action, const CallLimits& limits) {
  return ask<Done>(*world_, AgentActionCall{.server = server, .action = action}, limits);
}

Connection sim_connection(std::shared_ptr<SharedWorld> world) {
  Connection connection;
  connection.provider = std::make_unique<SimProvider>(world);
  connection.agent = std::make_unique<SimAgent>(std::move(world));
  return connection;
}

}  // namespace switchyard
