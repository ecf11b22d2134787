#include "providers/sim/protocol.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "providers/sim/protocol_values.h"
#include "providers/sim/world_json.h"
#include "specs/base/bounded_json.h"
#include "specs/base/overloaded.h"

namespace switchyard {
namespace {

constexpr std::string_view kServers = "/v1/servers";
constexpr std::string_view kFence = "switchyard-fence";
// A page of 200 servers with all that is known of them has a tenth of it.
constexpr std::size_t kMostValues = 500'000;

// Errors that travel as themselves: with a status for any client, and by name for ours.
struct Spoken {
  ErrorCode code;
  std::string_view name;
  int status;
};
constexpr std::array<Spoken, 8> kSpoken = {{
    {ErrorCode::kInvalid, "invalid", 400},
    {ErrorCode::kUnauthorized, "unauthorized", 401},
    {ErrorCode::kRefusedForMoney, "refused-for-money", 402},
    {ErrorCode::kNotFound, "not-found", 404},
    {ErrorCode::kConflict, "conflict", 409},
    {ErrorCode::kRefused, "refused", 422},
    {ErrorCode::kRateLimited, "rate-limited", 429},
    {ErrorCode::kNotSent, "agent-unreachable", 502},
}};

std::string path_of(std::string_view id, std::string_view rest) {
  return fmt::format("{}/{}{}", kServers, percent_encoded(id), rest);
}

HttpRequest request(std::string method, std::string path, const Call& call) {
  return {.method = std::move(method),
          .path = std::move(path),
          .headers = {{std::string(kFence), std::to_string(call.limits.fence)}},
          .body = {},
          .timeout = call.limits.timeout,
          .give_up = call.limits.give_up};
}

HttpRequest request(std::string method, std::string path, const Call& call, const Json& body) {
  HttpRequest with_body = request(std::move(method), std::move(path), call);
  with_body.body = to_string(body);
  return with_body;
}

// "/v1/servers/sim-7/agent/actions?page=3" in its parts, decoded.
struct Target {
  std::vector<std::string> parts;
  std::string page;
};

std::optional<Target> read_target(std::string_view text) {
  Target target;
  const std::size_t question = text.find('?');
  if (question != std::string_view::npos) {
    constexpr std::string_view kPage = "page=";
    std::string_view query = text.substr(question + 1);
    if (!query.starts_with(kPage)) return std::nullopt;
    query.remove_prefix(kPage.size());
    auto page = percent_decoded(query);
    if (!page) return std::nullopt;
    target.page = *std::move(page);
    text = text.substr(0, question);
  }
  while (!text.empty()) {
    text.remove_prefix(1);  // the slash
    const std::size_t end = std::min(text.find('/'), text.size());
    auto part = percent_decoded(text.substr(0, end));
    if (!part) return std::nullopt;
    target.parts.push_back(*std::move(part));
    text.remove_prefix(end);
  }
  return target;
}

ObservedServer named(std::string id) {
  ObservedServer server;
  server.id = std::move(id);
  return server;
}

Result<Json> body_of(const ListenerRequest& request) {
  if (request.body.empty()) return Json(Json::Object{});
  auto json = parse_json(request.body);
  if (!json) return Error{ErrorCode::kInvalid, "the body is no JSON"};
  return json;
}

Result<Action> action_of(const Json& body) {
  const std::optional<Action> action = parse_action(body.string_or("action", ""));
  if (!action) return Error{ErrorCode::kInvalid, fmt::format("unknown action \"{}\"", body.string_or("action", ""))};
  return *action;
}

using What = decltype(Call::what);

Result<What> act_on_provider(std::string id, const Json& body) {
  const Result<Action> action = action_of(body);
  if (!action) return action.error();
  const Json* arguments = body.find("arguments");
  return What(ProviderActionCall{
      .id = std::move(id), .action = *action, .arguments = arguments == nullptr ? Json() : *arguments});
}

Result<What> act_on_agent(std::string id, const Json& body) {
  const Result<Action> action = action_of(body);
  if (!action) return action.error();
  return What(AgentActionCall{.server = named(std::move(id)), .action = *action});
}

Result<What> configure(std::string id, const Json& body) {
  auto wanted = configuration_from_body(body);
  if (!wanted) return wanted.error();
  return What(ConfigureCall{.server = named(std::move(id)), .wanted = *std::move(wanted)});
}

Result<What> create(const Json& body) {
  auto wanted = create_request_from_body(body);
  if (!wanted) return wanted.error();
  return What(CreateCall{.request = *std::move(wanted)});
}

Result<What> mark(std::string id, const Json& body) {
  auto wanted = mark_from_body(body);
  if (!wanted) return wanted.error();
  return What(MarkCall{.id = std::move(id), .mark = *std::move(wanted)});
}

Result<What> what_of(const ListenerRequest& request, const Target& target) {
  const std::string& method = request.method;
  const std::vector<std::string>& parts = target.parts;
  const Error none{ErrorCode::kNotFound, fmt::format("there is nothing to {} at \"{}\"", method, request.target)};
  if (parts.size() < 2 || parts[0] != "v1") return none;
  const auto body = body_of(request);
  if (!body) return body.error();
  if (parts.size() == 2 && method == "GET") {
    if (parts[1] == "catalogue") return What(CatalogueCall{});
    if (parts[1] == "balance") return What(BalanceCall{});
    if (parts[1] == "servers") return What(ListCall{.page = target.page});
  }
  if (parts[1] != "servers") return none;
  if (parts.size() == 2 && method == "POST") return create(*body);
  if (parts.size() == 3 && method == "GET") return What(GetCall{.id = parts[2]});
  if (parts.size() == 3 && method == "DELETE") return What(RemoveCall{.id = parts[2]});
  if (parts.size() == 4 && method == "POST" && parts[3] == "actions") return act_on_provider(parts[2], *body);
  if (parts.size() == 4 && method == "PUT" && parts[3] == "mark") return mark(parts[2], *body);
  if (parts.size() == 4 && method == "GET" && parts[3] == "agent") return What(StatusCall{.server = named(parts[2])});
  if (parts.size() != 5 || parts[3] != "agent") return none;
  if (method == "PUT" && parts[4] == "configuration") return configure(parts[2], *body);
  if (method == "POST" && parts[4] == "actions") return act_on_agent(parts[2], *body);
  return none;
}

Result<Answer> error_in(const Call& call, const HttpAnswer& answer) {
  Error error = error_of(answer, changes_the_world(call));
  const Result<Json> body = parse_bounded_json(answer.body, kMostValues);
  if (!body) return error;
  const Json* told = body->find("error");
  if (told == nullptr) return error;
  const std::string name = told->string_or("code", "");
  const auto spoken = std::ranges::find(kSpoken, name, &Spoken::name);
  if (spoken == kSpoken.end() || spoken->status != answer.status) return error;
  error.code = spoken->code;
  if (std::string words = words_of(answer); !words.empty()) error.message = std::move(words);
  const Duration wait(told->integer_or("retryAfterMs", 0));
  if (wait > Duration(0) && wait <= kLongestRetryAfter) error.retry_after = wait;
  return error;
}

}  // namespace

HttpRequest to_http(const Call& call) {
  return std::visit(
      Overloaded{
          [&](const CatalogueCall&) { return request("GET", "/v1/catalogue", call); },
          [&](const BalanceCall&) { return request("GET", "/v1/balance", call); },
          [&](const ListCall& list) {
            std::string path(kServers);
            if (!list.page.empty()) path += "?page=" + percent_encoded(list.page);
            return request("GET", std::move(path), call);
          },
          [&](const GetCall& get) { return request("GET", path_of(get.id, ""), call); },
          [&](const CreateCall& create) {
            return request("POST", std::string(kServers), call, body_of(create.request));
          },
          [&](const RemoveCall& remove) { return request("DELETE", path_of(remove.id, ""), call); },
          [&](const ProviderActionCall& act) {
            Json body;
            body.set("action", to_string(act.action)).set("arguments", act.arguments);
            return request("POST", path_of(act.id, "/actions"), call, body);
          },
          [&](const MarkCall& mark) { return request("PUT", path_of(mark.id, "/mark"), call, body_of(mark.mark)); },
          [&](const StatusCall& status) { return request("GET", path_of(status.server.id, "/agent"), call); },
          [&](const ConfigureCall& configure) {
            return request("PUT", path_of(configure.server.id, "/agent/configuration"), call,
                           body_of(configure.wanted));
          },
          [&](const AgentActionCall& act) {
            Json body;
            body.set("action", to_string(act.action));
            return request("POST", path_of(act.server.id, "/agent/actions"), call, body);
          },
      },
      call.what);
}

Result<Answer> from_http(const Call& call, const HttpAnswer& answer) {
  if (answer.status < 200 || answer.status > 299) return error_in(call, answer);
  // `why` may hold what the far end said.
  const auto unreadable = [&call](const std::string& why) {
    const std::string words = fit_for_people(why);
    return changes_the_world(call)
               ? Error{ErrorCode::kOutcomeUnknown,
                       fmt::format("the provider's answer makes no sense ({}); look what became of the call", words)}
               : Error{ErrorCode::kUnreadable,
                       fmt::format("the provider's answer makes no sense ({}); is the endpoint a simulator's?", words)};
  };
  const Result<Json> body = parse_bounded_json(answer.body, kMostValues);
  if (!body) return unreadable(body.error().message);
  auto read = answer_from_body(call, *body);
  if (!read) return unreadable(read.error().message);
  return read;
}

Result<Call> call_of(const ListenerRequest& request) {
  const auto target = read_target(request.target);
  if (!target) return Error{ErrorCode::kNotFound, fmt::format("there is nothing at \"{}\"", request.target)};
  auto what = what_of(request, *target);
  if (!what) return what.error();
  std::int64_t fence = 0;
  if (const auto header = request.headers.find(std::string(kFence)); header != request.headers.end()) {
    std::from_chars(header->second.data(), header->second.data() + header->second.size(), fence);
  }
  return Call{.account = {}, .limits = {.timeout = {}, .fence = fence}, .what = *std::move(what)};
}

ListenerAnswer to_listener(const Answer& answer) {
  return {.status = 200, .body = to_string(body_of(answer))};
}

ListenerAnswer to_listener(const Error& error) {
  const auto spoken = std::ranges::find(kSpoken, error.code, &Spoken::code);
  const bool known = spoken != kSpoken.end();
  Json told;
  told.set("code", known ? spoken->name : "failed").set("message", error.message);
  ListenerAnswer answer{.status = known ? spoken->status : 500, .body = {}};
  if (error.retry_after) {
    told.set("retryAfterMs", std::int64_t{error.retry_after->count()});
    answer.headers["Retry-After"] = std::to_string(std::chrono::ceil<std::chrono::seconds>(*error.retry_after).count());
  }
  Json body;
  body.set("error", std::move(told));
  answer.body = to_string(body);
  return answer;
}

}  // namespace switchyard
