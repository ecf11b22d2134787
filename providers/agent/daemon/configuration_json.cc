#include "providers/agent/daemon/configuration_json.h"

namespace switchyard {
namespace {

Error unreadable(std::string_view what) {
  return {ErrorCode::kUnreadable, "the stored " + std::string(what) + " makes no sense"};
}

}  // namespace

Json stored_json(const Configuration& configuration) {
  Json peers{Json::Array{}};
  for (const Peer& peer : configuration.peers) peers.push_back(to_json(peer));
  Json secrets{Json::Object{}};
  for (const auto& [path, secret] : configuration.secrets) secrets.set(path, secret);
  return Json::Object{{"fields", to_json(configuration.fields)}, {"peers", peers}, {"secrets", secrets}};
}

Result<Configuration> configuration_from_stored(const Json& json) {
  const Json* fields = json.find("fields");
  const Json* peers = json.find("peers");
  const Json* secrets = json.find("secrets");
  if (fields == nullptr || peers == nullptr || peers->array() == nullptr || secrets == nullptr ||
      secrets->object() == nullptr) {
    return unreadable("configuration");
  }
  Result<Fields> read = fields_from_json(*fields);
  if (!read) return read.error();
  Configuration configuration{.fields = *std::move(read), .peers = {}, .secrets = {}};
  for (const Json& element : *peers->array()) {
    Result<Peer> peer = peer_from_json(element);
    if (!peer) return peer.error();
    configuration.peers.push_back(*std::move(peer));
  }
  for (const auto& [path, secret] : *secrets->object()) {
    if (secret.string() == nullptr) return unreadable("configuration");
    configuration.secrets.emplace_back(path, *secret.string());
  }
  return configuration;
}

Json stored_json(const Rendered& rendered) {
  Json::Array names;
  for (const auto& [name, text] : rendered.files) names.emplace_back(name);
  Json::Array listens;
  for (const Listens& socket : rendered.listens) {
    listens.emplace_back(Json::Object{{"over", socket.over == Listens::Over::kUdp ? "udp" : "tcp"},
                                      {"address", socket.address},
                                      {"port", std::int64_t{socket.port}}});
  }
  return Json::Object{{"files", std::move(names)},
                      {"arguments", Json::Array(rendered.arguments.begin(), rendered.arguments.end())},
                      {"listens", std::move(listens)},
                      {"restartKey", rendered.restart_key},
                      {"hot", rendered.hot}};
}

Result<Rendered> rendered_from_stored(const Json& json) {
  const Json* files = json.find("files");
  const Json* arguments = json.find("arguments");
  const Json* listens = json.find("listens");
  const Json* hot = json.find("hot");
  if (files == nullptr || files->array() == nullptr || arguments == nullptr || arguments->array() == nullptr ||
      listens == nullptr || listens->array() == nullptr || hot == nullptr) {
    return unreadable("generation");
  }
  Rendered rendered{
      .files = {}, .arguments = {}, .listens = {}, .restart_key = json.string_or("restartKey", ""), .hot = *hot};
  for (const Json& name : *files->array()) {
    if (name.string() == nullptr) return unreadable("generation");
    rendered.files.emplace(*name.string(), "");
  }
  for (const Json& argument : *arguments->array()) {
    if (argument.string() == nullptr) return unreadable("generation");
    rendered.arguments.push_back(*argument.string());
  }
  for (const Json& socket : *listens->array()) {
    const std::int64_t port = socket.integer_or("port", 0);
    if (port < 1 || port > 65535) return unreadable("generation");
    rendered.listens.push_back(
        {.over = socket.string_or("over", "udp") == "tcp" ? Listens::Over::kTcp : Listens::Over::kUdp,
         .address = socket.string_or("address", ""),
         .port = static_cast<std::uint16_t>(port)});
  }
  return rendered;
}

}  // namespace switchyard
