#include "providers/agent/protocol.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "specs/base/error_name.h"

namespace switchyard {
namespace {

Error invalid(std::string_view what) {
  return {ErrorCode::kInvalid, fmt::format("{} is missing or makes no sense", what)};
}

// Longer than any wait that makes sense, and short enough to be added to a time.
constexpr std::int64_t kLongestRetryMs = 24LL * 3600 * 1000;

}  // namespace

std::optional<std::int64_t> number_of_header(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

Json configuration_body(const Configuration& wanted) {
  Json peers = Json::Array{};
  for (const Peer& peer : wanted.peers) peers.push_back(to_json(peer));
  Json secrets = Json::Object{};
  for (const auto& [path, secret] : wanted.secrets) secrets.set(path, secret);
  Json body;
  body.set("fields", to_json(wanted.fields)).set("peers", std::move(peers)).set("secrets", std::move(secrets));
  return body;
}

Result<Configuration> configuration_from_body(std::string_view text) {
  const auto body = parse_json(text);
  if (!body) return Error{ErrorCode::kInvalid, "the body is no JSON"};
  const Json* fields = body->find("fields");
  const Json* peers = body->find("peers");
  const Json* secrets = body->find("secrets");
  auto read = fields == nullptr ? Result<Fields>(invalid("\"fields\"")) : fields_from_json(*fields);
  if (!read) return invalid("\"fields\"");
  Configuration wanted{.fields = *std::move(read), .peers = {}, .secrets = {}};
  if (peers == nullptr || peers->array() == nullptr) return invalid("\"peers\"");
  for (const Json& entry : *peers->array()) {
    auto peer = peer_from_json(entry);
    if (!peer) return invalid("a peer");
    wanted.peers.push_back(*std::move(peer));
  }
  if (secrets == nullptr || secrets->object() == nullptr) return invalid("\"secrets\"");
  for (const auto& [path, secret] : *secrets->object()) {
    if (secret.string() == nullptr) return invalid("a secret");
    wanted.secrets.emplace_back(path, *secret.string());
  }
  std::vector<std::string_view> paths;
  for (const auto& [path, secret] : wanted.secrets) paths.push_back(path);
  std::ranges::sort(paths);
  if (std::ranges::adjacent_find(paths) != paths.end()) return invalid("a secret that is named twice");
  return wanted;
}

Json action_body(Action action) {
  Json body;
  body.set("action", to_string(action));
  return body;
}

Result<Action> action_from_body(std::string_view text) {
  const auto body = parse_json(text);
  if (!body) return Error{ErrorCode::kInvalid, "the body is no JSON"};
  const auto action = parse_action(body->string_or("action", ""));
  if (!action) return invalid("\"action\"");
  return *action;
}

// A report has its JSON form as part of a server alone, so it travels as {"agent": {...}} and is read as part of one.
Json report_body(const AgentReport& report) {
  ObservedServer server;
  server.agent = report;
  const Json whole = to_json(server);
  Json body;
  body.set("agent", *whole.find("agent"));
  return body;
}

Result<AgentReport> report_from_body(std::string_view text) {
  const auto body = parse_json(text);
  const Json* report = body ? body->find("agent") : nullptr;
  const Error unreadable{ErrorCode::kUnreadable, "the agent's answer holds no report that makes sense"};
  if (report == nullptr || report->object() == nullptr) return unreadable;
  Json whole;
  whole.set("id", "of the agent").set("phase", to_string(Phase::kActive)).set("agent", *report);
  auto server = observed_server_from_json(whole);
  if (!server || !server->agent) return unreadable;
  return *std::move(server->agent);
}

Json done_body() {
  Json body;
  body.set("done", true);
  return body;
}

bool is_done(std::string_view text) {
  const auto body = parse_json(text);
  return body && body->boolean_or("done", false);
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return 400;
    case ErrorCode::kRefusedForMoney:
      return 402;
    case ErrorCode::kUnauthorized:
      return 403;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kConflict:
      return 409;
    case ErrorCode::kFenced:
      return 412;
    case ErrorCode::kRefused:
    case ErrorCode::kTooNew:
      return 422;
    case ErrorCode::kLocked:
      return 423;
    case ErrorCode::kRateLimited:
      return 429;
    case ErrorCode::kOutcomeUnknown:
    case ErrorCode::kUnreadable:
    case ErrorCode::kStorage:
      return 500;
    case ErrorCode::kNotSent:
      return 502;
    case ErrorCode::kCancelled:
      return 503;
  }
  return 500;
}

Json error_body(const Error& error) {
  Json told;
  told.set("code", to_string(error.code)).set("message", error.message);
  if (error.retry_after) told.set("retryAfterMs", std::int64_t{error.retry_after->count()});
  Json body;
  body.set("error", std::move(told));
  return body;
}

std::optional<Error> error_from_body(int status, std::string_view text) {
  const auto body = parse_json(text);
  const Json* told = body ? body->find("error") : nullptr;
  if (told == nullptr) return std::nullopt;
  const auto code = parse_error_code(told->string_or("code", ""));
  if (!code || status_of(*code) != status) return std::nullopt;
  Error error{*code, told->string_or("message", "")};
  const std::int64_t wait = told->integer_or("retryAfterMs", 0);
  if (wait > 0) error.retry_after = std::chrono::milliseconds(std::min(wait, kLongestRetryMs));
  return error;
}

}  // namespace switchyard
