#include "reconciler/record/record_values.h"

#include <algorithm>
#include <array>

#include "providers/sim/protocol.h"
#include "providers/sim/protocol_values.h"
#include "specs/base/error_name.h"

namespace switchyard {
namespace {

constexpr std::string_view kRedacted = "redacted";

Call without_secrets(Call call) {
  const auto redact = [](std::vector<std::pair<std::string, std::string>>& secrets) {
    for (auto& [path, secret] : secrets) secret = kRedacted;
  };
  if (auto* create = std::get_if<CreateCall>(&call.what)) redact(create->request.secrets);
  if (auto* configure = std::get_if<ConfigureCall>(&call.what)) redact(configure->wanted.secrets);
  return call;
}

bool decides(std::string_view member) {
  constexpr std::array<std::string_view, 5> kWords = {"reason", "message", "why", "line", "source"};
  return std::ranges::find(kWords, member) == kWords.end();
}

std::optional<Difference> differ(const std::string& path, const Json& recorded, const Json& now) {
  if (recorded == now) return std::nullopt;
  if (const auto* before = recorded.array(); before != nullptr && now.array() != nullptr) {
    const auto& after = *now.array();
    for (std::size_t i = 0; i < std::max(before->size(), after.size()); ++i) {
      const Json& one = i < before->size() ? (*before)[i] : Json();
      const Json& other = i < after.size() ? after[i] : Json();
      if (auto found = differ(path + "[" + std::to_string(i) + "]", one, other)) return found;
    }
    return std::nullopt;
  }
  if (const auto* before = recorded.object(); before != nullptr && now.object() != nullptr) {
    std::vector<std::string> members;
    for (const auto& [name, value] : *before) members.push_back(name);
    for (const auto& [name, value] : *now.object()) {
      if (recorded.find(name) == nullptr) members.push_back(name);
    }
    for (const std::string& name : members) {
      if (!decides(name)) continue;
      const Json* one = recorded.find(name);
      const Json* other = now.find(name);
      const std::string below = path.empty() ? name : path + "." + name;
      if (auto found = differ(below, one == nullptr ? Json() : *one, other == nullptr ? Json() : *other)) return found;
    }
    return std::nullopt;
  }
  return Difference{.path = path, .recorded = recorded, .now = now};
}

}  // namespace

Json recorded(const Call& call) {
  const HttpRequest sent = to_http(without_secrets(call));
  Json json = Json::Object{{"account", call.account}, {"method", sent.method}, {"path", sent.path}};
  if (!sent.body.empty()) {
    const Result<Json> body = parse_json(sent.body);
    json.set("body", body.ok() ? *body : Json(sent.body));
  }
  return json;
}

Json recorded(const Result<Answer>& answer) {
  if (answer.ok()) return Json::Object{{"answer", body_of(*answer)}};
  const Error& error = answer.error();
  Json json = Json::Object{{"code", to_string(error.code)}, {"message", error.message}};
  if (error.retry_after) json.set("retryAfterMilliseconds", std::int64_t{error.retry_after->count()});
  return Json::Object{{"error", std::move(json)}};
}

Result<Result<Answer>> answer_from_record(const Call& call, const Json& json) {
  if (const Json* body = json.find("answer")) {
    Result<Answer> answer = answer_from_body(call, *body);
    if (!answer.ok()) return answer.error();
    return Result<Result<Answer>>(std::move(answer));
  }
  const Json* error = json.find("error");
  const auto code = parse_error_code(error == nullptr ? "" : error->string_or("code", ""));
  if (error == nullptr || !code) return Error{ErrorCode::kUnreadable, "the record has an answer that is none"};
  Error read{*code, error->string_or("message", ""), std::nullopt};
  if (const Json* wait = error->find("retryAfterMilliseconds"); wait != nullptr && wait->integer() != nullptr) {
    read.retry_after = std::chrono::milliseconds(*wait->integer());
  }
  // Result<Result<T>> takes an Error for its own; the inner one is what came.
  return Result<Result<Answer>>(Result<Answer>(std::move(read)));
}

std::string name_of(const SecretRef& ref) {
  return (ref.from == SecretRef::From::kEnvironment ? "env:" : "file:") + ref.place;
}

std::optional<Difference> first_difference(const Json& recorded, const Json& now) {
  return differ("", recorded, now);
}

}  // namespace switchyard
