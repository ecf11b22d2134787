#pragma once

#include <string>
#include <variant>

#include "providers/provider.h"

// Calls as values, so that the engine can hand them to a runner and a simulation can carry them out in one thread.
namespace switchyard {

struct CatalogueCall {};
struct BalanceCall {};
struct ListCall {
  std::string page;
};
struct GetCall {
  std::string id;
};
struct CreateCall {
  CreateRequest request;
};
struct RemoveCall {
  std::string id;
};
struct ProviderActionCall {
  std::string id;
  Action action;
  Json arguments;
};
struct MarkCall {
  std::string id;
  Mark mark;
};
struct StatusCall {
  ObservedServer server;
};
struct ConfigureCall {
  ObservedServer server;
  Configuration wanted;
};
struct AgentActionCall {
  ObservedServer server;
  Action action;
};

struct Call {
  std::string account;
  CallLimits limits;
  std::variant<CatalogueCall, BalanceCall, ListCall, GetCall, CreateCall, RemoveCall, ProviderActionCall, MarkCall,
               StatusCall, ConfigureCall, AgentActionCall>
      what;
};

// The answer's alternative fits the call's: Done for remove, mark, configure and agent actions.
using Answer = std::variant<Catalogue, Balance, ListPage, ObservedServer, Created, Done, Accepted, AgentReport>;

// Carries one call out and blocks until it has ended. No exception leaves it.
Result<Answer> perform(const Call& call, Connection& connection);

// Whether a call changes the world, so that it needs an intent (law 3).
bool changes_the_world(const Call& call);

}  // namespace switchyard
