#include "tests/reconciler/call_text.h"

namespace switchyard::testing {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

}  // namespace

std::string to_text(const Call& call) {
  return std::visit(
      Overloaded{[](const CatalogueCall&) -> std::string { return "catalogue"; },
                 [](const BalanceCall&) -> std::string { return "balance"; },
                 [](const ListCall& list) { return "list " + list.page; },
                 [](const GetCall& get) { return "get " + get.id; },
                 [](const CreateCall& create) {
                   return "create " + to_string(create.request.mark.key) + " " + create.request.mark.uid;
                 },
                 [](const RemoveCall& remove) { return "remove " + remove.id; },
                 [](const ProviderActionCall& act) { return std::string(to_string(act.action)) + " " + act.id; },
                 [](const MarkCall& mark) { return "mark " + mark.id + " " + to_string(mark.mark.key); },
                 [](const StatusCall& status) { return "status " + status.server.id; },
                 [](const ConfigureCall& configure) { return "configure " + configure.server.id; },
                 [](const AgentActionCall& act) { return std::string(to_string(act.action)) + " " + act.server.id; }},
      call.what);
}

bool stands_for(const Intent& intent, const Call& call) {
  return std::visit(
      Overloaded{
          [&](const CreateCall& create) {
            return intent.action == Action::kCreate && intent.uid == create.request.mark.uid;
          },
          [&](const RemoveCall& remove) { return intent.action == Action::kDelete && intent.provider_id == remove.id; },
          [&](const ProviderActionCall& act) { return intent.action == act.action && intent.provider_id == act.id; },
          [&](const AgentActionCall& act) {
            return intent.action == act.action && intent.provider_id == act.server.id;
          },
          [&](const MarkCall& mark) { return intent.action == Action::kUpdate && intent.provider_id == mark.id; },
          [&](const ConfigureCall& configure) {
            return intent.action == Action::kUpdate && intent.provider_id == configure.server.id;
          },
          [](const auto&) { return false; }},
      call.what);
}

}  // namespace switchyard::testing
