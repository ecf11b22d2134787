#include "providers/sim/protocol_values.h"

#include <fmt/core.h>

#include <cctype>
#include <charconv>
#include <utility>

#include "providers/sim/world_json.h"
#include "specs/base/overloaded.h"

namespace switchyard {
namespace {

Error invalid(std::string_view what) {
  return {ErrorCode::kInvalid, fmt::format("{} is missing or wrong", what)};
}
Error unreadable(std::string_view what) {
  return {ErrorCode::kUnreadable, fmt::format("an unreadable {}", what)};
}

Json object_of(const TextPairs& pairs) {
  Json json = Json::Object{};
  for (const auto& [name, value] : pairs) json.set(name, value);
  return json;
}

Result<Timestamp> time_in(const Json& body, std::string_view name) {
  return parse_timestamp(body.string_or(name, ""));
}

// Fields, peers and secrets: what a create and a configure have in common.
void set_configuration(Json& body, const Fields& fields, const std::vector<Peer>& peers, const TextPairs& secrets) {
  body.set("fields", to_json(fields)).set("peers", to_json(peers)).set("secrets", object_of(secrets));
}

Result<Answer> balance_from(const Json& body) {
  const Result<Currency> currency = Currency::parse(body.string_or("currency", ""));
  const Result<Timestamp> at = time_in(body, "at");
  if (!currency || !at) return unreadable("balance");
  const Result<Money> amount = parse_money_rounding_down(body.string_or("amount", ""), *currency);
  if (!amount) return unreadable("balance");
  return Answer(Balance{.amount = *amount, .at = *at});
}

// What a provider knows of a server. What only its observers know (when it was seen, when it was missed) is not its to
// say.
Result<ObservedServer> listed_server(const Json& json) {
  auto server = observed_server_from_json(json);
  if (!server) return server;
  server->account.clear();
  server->missing_since.reset();
  server->missing_listings = 0;
  server->confirmed_gone = false;
  return server;
}

Result<Answer> page_from(const Json& body) {
  const Result<Timestamp> now = time_in(body, "now");
  const Json* servers = body.find("servers");
  // A page that does not say whether it was the last one is no page: what follows would seem to be gone.
  const Json* next = body.find("next");
  if (!now || servers == nullptr || servers->array() == nullptr || next == nullptr || next->string() == nullptr) {
    return unreadable("listing");
  }
  ListPage page{.servers = {}, .next = *next->string(), .now = *now};
  page.servers.reserve(servers->array()->size());
  for (const Json& entry : *servers->array()) {
    auto server = listed_server(entry);
    if (!server) return server.error();
    page.servers.push_back(*std::move(server));
  }
  return Answer(std::move(page));
}

Result<Answer> server_from(const Json& body, const std::string& asked_for) {
  auto server = listed_server(body);
  if (!server) return server.error();
  if (server->id != asked_for) return unreadable("server: it is another one than was asked for");
  return Answer(*std::move(server));
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

Result<Answer> report_from(const Json& body) {
  const Json* agent = body.find("agent");
  if (agent == nullptr) return unreadable("report of an agent");
  Json whole;
  whole.set("id", "of the agent").set("phase", to_string(Phase::kActive)).set("agent", *agent);
  auto server = observed_server_from_json(whole);
  if (!server || !server->agent) return unreadable("report of an agent");
  return Answer(*std::move(server->agent));
}

Result<Answer> created_from(const Json& body) {
  const Result<Timestamp> now = time_in(body, "now");
  std::string id = body.string_or("id", "");
  if (!now || id.empty()) return unreadable("answer to a create");
  return Answer(Created{.id = std::move(id), .now = *now});
}

Result<Answer> accepted_from(const Json& body) {
  const Result<Timestamp> now = time_in(body, "now");
  std::string id = body.string_or("actionId", "");
  if (!now || id.empty()) return unreadable("answer to an action");
  return Answer(Accepted{.action_id = std::move(id), .now = *now});
}

Result<Answer> done_from(const Json& body) {
  if (!body.boolean_or("done", false)) return unreadable("answer");
  return Answer(Done{});
}

Result<Answer> catalogue_from(const Json& body) {
  auto catalogue = catalogue_from_json(body);
  if (!catalogue) return catalogue.error();
  return Answer(*std::move(catalogue));
}

}  // namespace

Json body_of(const Mark& mark) {
  Json body;
  body.set("fleet", mark.fleet).set("key", to_string(mark.key)).set("uid", mark.uid);
  return body;
}

Json body_of(const Configuration& wanted) {
  Json body;
  set_configuration(body, wanted.fields, wanted.peers, wanted.secrets);
  return body;
}

Json body_of(const CreateRequest& request) {
  Json body;
  body.set("mark", body_of(request.mark))
      .set("role", to_string(request.role))
      .set("region", request.region)
      .set("size", request.size);
  set_configuration(body, request.fields, request.peers, request.secrets);
  return body;
}

Json body_of(const Answer& answer) {
  return std::visit(
      Overloaded{
          [](const Catalogue& catalogue) { return to_json(catalogue); },
          [](const Balance& balance) {
            Json body;
            body.set("amount", to_string(balance.amount))
                .set("currency", balance.amount.currency.code())
                .set("at", to_string(balance.at));
            return body;
          },
          [](const ListPage& page) {
            Json::Array servers;
            servers.reserve(page.servers.size());
            for (const ObservedServer& server : page.servers) servers.push_back(to_json(server));
            Json body;
            body.set("now", to_string(page.now)).set("next", page.next).set("servers", std::move(servers));
            return body;
          },
          [](const ObservedServer& server) { return to_json(server); },
          [](const Created& created) {
            Json body;
            body.set("id", created.id).set("now", to_string(created.now));
            return body;
          },
          [](const Done&) {
            Json body;
            body.set("done", true);
            return body;
          },
          [](const Accepted& accepted) {
            Json body;
            body.set("actionId", accepted.action_id).set("now", to_string(accepted.now));
            return body;
          },
          [](const AgentReport& report) { return report_body(report); },
      },
      answer);
}

Result<Mark> mark_from_body(const Json& body) {
  const std::optional<Key> key = parse_key(body.string_or("key", ""));
  if (!key) return invalid("the key of the mark");
  return Mark{.fleet = body.string_or("fleet", ""), .key = *key, .uid = body.string_or("uid", "")};
}

Result<Configuration> configuration_from_body(const Json& body) {
  Configuration wanted;
  if (const Json* fields = body.find("fields"); fields != nullptr) {
    auto read = fields_from_json(*fields);
    if (!read) return invalid("\"fields\"");
    wanted.fields = *std::move(read);
  }
  if (const Json* peers = body.find("peers"); peers != nullptr) {
    auto read = peers_from_json(*peers);
    if (!read) return invalid("\"peers\"");
    wanted.peers = *std::move(read);
  }
  if (const Json* secrets = body.find("secrets"); secrets != nullptr) {
    if (secrets->object() == nullptr) return invalid("\"secrets\"");
    for (const auto& [path, secret] : *secrets->object()) {
      if (secret.string() == nullptr) return invalid("a secret");
      wanted.secrets.emplace_back(path, *secret.string());
    }
  }
  return wanted;
}

Result<CreateRequest> create_request_from_body(const Json& body) {
  const Json* mark_body = body.find("mark");
  if (mark_body == nullptr) return invalid("\"mark\"");
  auto mark = mark_from_body(*mark_body);
  if (!mark) return mark.error();
  const std::optional<Role> role = parse_role(body.string_or("role", ""));
  if (!role) return invalid("\"role\"");
  auto wanted = configuration_from_body(body);
  if (!wanted) return wanted.error();
  return CreateRequest{.mark = *std::move(mark),
                       .role = *role,
                       .region = body.string_or("region", ""),
                       .size = body.string_or("size", ""),
                       .fields = std::move(wanted->fields),
                       .peers = std::move(wanted->peers),
                       .secrets = std::move(wanted->secrets)};
}

Result<Answer> answer_from_body(const Call& call, const Json& body) {
  return std::visit(Overloaded{
                        [&](const CatalogueCall&) { return catalogue_from(body); },
                        [&](const BalanceCall&) { return balance_from(body); },
                        [&](const ListCall&) { return page_from(body); },
                        [&](const GetCall& get) { return server_from(body, get.id); },
                        [&](const CreateCall&) { return created_from(body); },
                        [&](const RemoveCall&) { return done_from(body); },
                        [&](const ProviderActionCall&) { return accepted_from(body); },
                        [&](const MarkCall&) { return done_from(body); },
                        [&](const StatusCall&) { return report_from(body); },
                        [&](const ConfigureCall&) { return done_from(body); },
                        [&](const AgentActionCall&) { return done_from(body); },
                    },
                    call.what);
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte < 0x80 && (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~');
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return encoded;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    unsigned byte = 0;
    const std::string_view digits = text.substr(i + 1, 2);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || error != std::errc{} || end != digits.data() + 2) return std::nullopt;
    decoded += static_cast<char>(byte);
    i += 2;
  }
  return decoded;
}

}  // namespace switchyard
