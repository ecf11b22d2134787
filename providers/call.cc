#include "providers/call.h"

#include <utility>

#include "specs/base/overloaded.h"

namespace switchyard {
namespace {

template <class T>
Result<Answer> as_answer(Result<T> result) {
  if (!result) return result.error();
  return Answer(*std::move(result));
}

}  // namespace

Result<Answer> perform(const Call& call, Connection& connection) {
  Provider& provider = *connection.provider;
  Agent& agent = *connection.agent;
  const CallLimits& limits = call.limits;
  return std::visit(
      Overloaded{
          [&](const CatalogueCall&) { return as_answer(provider.catalogue(limits)); },
          [&](const BalanceCall&) { return as_answer(provider.balance(limits)); },
          [&](const ListCall& list) { return as_answer(provider.list(list.page, limits)); },
          [&](const GetCall& get) { return as_answer(provider.get(get.id, limits)); },
          [&](const CreateCall& create) { return as_answer(provider.create(create.request, limits)); },
          [&](const RemoveCall& remove) { return as_answer(provider.remove(remove.id, limits)); },
          [&](const ProviderActionCall& act) {
            return as_answer(provider.act(act.id, act.action, act.arguments, limits));
          },
          [&](const MarkCall& mark) { return as_answer(provider.mark(mark.id, mark.mark, limits)); },
          [&](const StatusCall& status) { return as_answer(agent.status(status.server, limits)); },
          [&](const ConfigureCall& configure) {
            return as_answer(agent.configure(configure.server, configure.wanted, limits));
          },
          [&](const AgentActionCall& act) { return as_answer(agent.act(act.server, act.action, limits)); },
      },
      call.what);
}

bool changes_the_world(const Call& call) {
  return std::visit(Overloaded{
                        [](const CatalogueCall&) { return false; },
                        [](const BalanceCall&) { return false; },
                        [](const ListCall&) { return false; },
                        [](const GetCall&) { return false; },
                        [](const StatusCall&) { return false; },
                        [](const CreateCall&) { return true; },
                        [](const RemoveCall&) { return true; },
                        [](const ProviderActionCall&) { return true; },
                        [](const MarkCall&) { return true; },
                        [](const ConfigureCall&) { return true; },
                        [](const AgentActionCall&) { return true; },
                    },
                    call.what);
}

}  // namespace switchyard
