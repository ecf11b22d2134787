#include "providers/sim/http_provider.h"

#include <utility>

#include "providers/sim/protocol.h"

namespace switchyard {
namespace {

// What goes out as a secret does not come back in words.
template <class Sent>
void keep_secrets_of(HttpTransport& transport, const Sent& sent) {
  for (const auto& [path, secret] : sent.secrets) transport.keep_secret(secret);
}

void redact(const HttpTransport& transport, ObservedServer& server) {
  server.last_action_message = fit_for_people(transport.without_secrets(std::move(server.last_action_message)));
}

template <class T, class What>
Result<T> ask(HttpTransport& transport, What what, const CallLimits& limits) {
  const Call call{.account = {}, .limits = limits, .what = std::move(what)};
  const auto sent = transport.send(to_http(call));
  if (!sent) {
    Error error = sent.error();
    // An answer that was too large to take says nothing of what became of the call.
    if (error.code == ErrorCode::kUnreadable && changes_the_world(call)) error.code = ErrorCode::kOutcomeUnknown;
    return error;
  }
  auto answer = from_http(call, *sent);
  if (!answer) return answer.error();
  return std::get<T>(*std::move(answer));
}

}  // namespace

Result<Catalogue> HttpSimProvider::catalogue(const CallLimits& limits) {
  return ask<Catalogue>(*transport_, CatalogueCall{}, limits);
}

Result<Balance> HttpSimProvider::balance(const CallLimits& limits) {
  return ask<Balance>(*transport_, BalanceCall{}, limits);
}

Result<ListPage> HttpSimProvider::list(std::string_view page, const CallLimits& limits) {
  auto listed = ask<ListPage>(*transport_, ListCall{.page = std::string(page)}, limits);
  if (!listed) return listed;
  for (ObservedServer& server : listed->servers) redact(*transport_, server);
  return listed;
}

Result<ObservedServer> HttpSimProvider::get(std::string_view id, const CallLimits& limits) {
  auto server = ask<ObservedServer>(*transport_, GetCall{.id = std::string(id)}, limits);
  if (server) redact(*transport_, *server);
  return server;
}

Result<Created> HttpSimProvider::create(const CreateRequest& request, const CallLimits& limits) {
  keep_secrets_of(*transport_, request);
  return ask<Created>(*transport_, CreateCall{.request = request}, limits);
}

Result<Done> HttpSimProvider::remove(std::string_view id, const CallLimits& limits) {
  return ask<Done>(*transport_, RemoveCall{.id = std::string(id)}, limits);
}

Result<Accepted> HttpSimProvider::act(std::string_view id, Action action, const Json& arguments,
                                      const CallLimits& limits) {
  return ask<Accepted>(*transport_, ProviderActionCall{.id = std::string(id), .action = action, .arguments = arguments},
                       limits);
}

Result<Done> HttpSimProvider::mark(std::string_view id, const Mark& mark, const CallLimits& limits) {
  return ask<Done>(*transport_, MarkCall{.id = std::string(id), .mark = mark}, limits);
}

Result<AgentReport> HttpSimAgent::status(const ObservedServer& server, const CallLimits& limits) {
  return ask<AgentReport>(*transport_, StatusCall{.server = server}, limits);
}

Result<Done> HttpSimAgent::configure(const ObservedServer& server, const Configuration& wanted,
                                     const CallLimits& limits) {
  keep_secrets_of(*transport_, wanted);
  return ask<Done>(*transport_, ConfigureCall{.server = server, .wanted = wanted}, limits);
}

Result<Done> HttpSimAgent::act(const ObservedServer& server, Action action, const CallLimits& limits) {
  return ask<Done>(*transport_, AgentActionCall{.server = server, .action = action}, limits);
}

Connection http_sim_connection(HttpTransport::Options options) {
  auto transport = std::make_shared<HttpTransport>(std::move(options));
  Connection connection;
  connection.provider = std::make_unique<HttpSimProvider>(transport);
  connection.agent = std::make_unique<HttpSimAgent>(std::move(transport));
  return connection;
}

}  // namespace switchyard
