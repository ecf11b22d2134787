#include "specs/assemble.h"

#include <fmt/format.h>

#include <algorithm>

#include "specs/base/digest.h"
#include "specs/kinds/tables.h"

namespace switchyard {
namespace {

std::optional<std::string> optional_text(Packed value) {
  const std::string_view text = value.text_or("");
  return text.empty() ? std::nullopt : std::optional(std::string(text));
}

std::vector<std::string> texts(Packed list) {
  std::vector<std::string> out;
  list.each([&](Packed element) { out.emplace_back(element.text_or("")); });
  return out;
}

Money money(Packed value, std::string_view fallback, Currency currency) {
  const Result<Money> amount = parse_money(value.text_or(fallback), currency);
  return amount.ok() ? *amount : Money{.minor = 0, .currency = currency};
}

DesiredAccount desired_account(const Resource& account, const std::string& folder, Source source) {
  const std::string_view provider = account.get("spec.provider").text_or("");
  const Result<Currency> code = Currency::parse(account.get("spec.currency").text_or("USD"));
  const Currency currency = code.ok() ? *code : Currency{};
  const std::string_view deposit = provider == "sim" || provider == "local" ? "20" : "0";
  const auto optional_money = [&](std::string_view path) {
    const Packed value = account.get(path);
    return value.exists() && !value.is_null() ? std::optional(money(value, "0", currency)) : std::nullopt;
  };
  const Packed token = account.find("spec.credentials.token");
  const Packed limit = account.get("spec.limits.maxDestroy");
  const std::string_view percent = limit.text_or("");
  return {
      .name = std::string(account.name),
      .provider = std::string(provider),
      .fleet = std::string(account.get("spec.fleet").text_or(account.name)),
      .endpoint = std::string(account.get("spec.endpoint").text_or("")),
      .token = token.exists() && !token.is_null() ? std::optional(secret_ref(token, folder)) : std::nullopt,
      .currency = currency,
      .deposit_base = money(account.get("spec.deposit.base"), deposit, currency),
      .deposit_per_server = money(account.get("spec.deposit.perServer"), deposit, currency),
      .reserve = money(account.find("spec.reserve"), "0", currency),
      .credit_line = optional_money("spec.creditLine"),
      .budget = optional_money("spec.budget"),
      .minimum_runway = Duration(account.get("spec.reactivation.minimumRunway").integer_or(0)),
      .concurrency = account.get("spec.limits.concurrency").integer_or(0),
      .requests_per_minute = account.get("spec.limits.requestsPerMinute").integer(),
      .max_destroy = {.number = percent.empty() ? limit.integer_or(0)
                                                : std::stoll(std::string(percent.substr(0, percent.size() - 1))),
                      .percent = !percent.empty()},
      .sim_seed = account.get("spec.sim.seed").integer_or(0),
      .sim_pace = account.get("spec.sim.pace").integer_or(0),
      .source = std::move(source),
  };
}

// All of a document that no server's digest covers, as text that depends on nothing but what it means. Where a secret
// lies is left out like the secret.
void append_canonical(const Resource& resource, std::string& text) {
  const KindSchema& schema = schema_of(resource.kind);
  text += fmt::format("{}/{}\n", to_string(resource.kind), resource.name);
  std::vector<Packed> values;
  resource.spread(values);
  for (FieldId id = 0; id < schema.fields.size(); ++id) {
    const SchemaField& field = schema.fields[id];
    if (field.option != kNoField || field.row->type == Type::kSecret || field.path == "metadata.annotations") continue;
    const Packed value = values[id].exists() && !values[id].is_null() ? values[id] : Packed(field.fallback);
    if (!value.exists()) continue;
    text += field.path;
    text += '=';
    value.render(text);
    text += '\n';
  }
}

}  // namespace

Specs::Specs(std::vector<FileName> files, std::vector<std::string> decoded, bool lost, Complaints& complaints)
    : files_(std::move(files)),
      inventory_(std::move(decoded), lost, complaints),
      inheritance_(inventory_),
      server_fields_(inventory_) {}

Source Specs::source_of(const Resource& resource) const {
  return {.file = files_[resource.file].shown, .line = static_cast<int>(resource.line)};
}

std::string Specs::folder_of(const Resource& resource) const {
  const std::string& shown = files_[resource.file].shown;
  const std::size_t slash = shown.rfind('/');
  return slash == std::string::npos ? "" : slash == 0 ? "/" : shown.substr(0, slash);
}

DesiredServer Specs::desired(const Resource& server, Effective& effective, std::string& scratch) const {
  const ServerIds& ids = server_ids();
  const bool media = server.kind == Kind::kRtpServer;
  if (!media) inheritance_.resolve(server, effective);
  const Resource* zone = media ? inventory_.find(Kind::kZone, server.find("spec.zone").text_or("")) : effective.zone;
  const auto own = [&](FieldId id, std::string_view path) { return media ? server.get(path) : effective.own[id]; };
  const auto role = media                                                 ? Role::kMedia
                    : effective.own[ids.type].text_or("") == "dispatcher" ? Role::kDispatcher
                                                                          : Role::kSwitch;
  DesiredServer out{
      .key = server.key(),
      .role = role,
      .alias = std::string(own(ids.alias, "spec.alias").text_or("")),
      .zone = std::string(own(ids.zone, "spec.zone").text_or("")),
      .account = zone == nullptr ? "" : std::string(zone->find("spec.account").text_or("")),
      .region = zone == nullptr ? "" : std::string(zone->find("spec.region").text_or("")),
      .cluster = media ? std::nullopt : optional_text(effective.own[ids.cluster]),
      .size = std::string(own(ids.size, "spec.size").text_or("")),
      .channels = own(ids.channels, "spec.maxSessions").integer_or(0),
      .cps = media ? 0 : effective.own[ids.cps].integer_or(0),
      .weight = media ? 1 : effective.own[ids.weight].integer_or(1),
      .priority = own(ids.priority, "spec.priority").integer_or(0),
      .power = own(ids.power, "spec.power").text_or("") == "stopped" ? Power::kStopped : Power::kRunning,
      .protect = own(ids.protect, "spec.protect").boolean_or(false),
      .auto_upgrade = !media && effective.option(option_ids().auto_upgrade).boolean_or(false),
      .restrict_direct = role == Role::kSwitch && effective.option(option_ids().restrict_direct).boolean_or(false),
      .failover =
          role == Role::kSwitch ? optional_text(effective.option(option_ids().capacity_failover)) : std::nullopt,
      .balancer_cluster = role == Role::kDispatcher ? optional_text(effective.own[ids.balancer_cluster]) : std::nullopt,
      .media = media ? std::vector<std::string>{} : server_fields_.media(server, effective),
      .labels = {},
      .formerly = texts(server.find(media ? schema_of(server.kind).id("metadata.formerly") : ids.formerly)),
      .digest = {},
      .source = source_of(server),
  };
  server.find(media ? schema_of(server.kind).id("metadata.labels") : ids.labels)
      .each_member([&](std::string_view name, Packed value) { out.labels.emplace_back(name, value.text_or("")); });
  std::string text;
  text.reserve(2048);
  server_fields_.each(server, effective, scratch, [&](std::string_view path, Packed value) {
    text += path;
    text += '=';
    value.render(text);
    text += '\n';
  });
  out.digest = fast_hash_hex(text);  // digest_of(fields), without making them
  return out;
}

void Specs::assemble(DesiredFleet& fleet) {
  std::string canonical;
  for (const Resource& account : inventory_.all(Kind::kAccount)) {
    fleet.accounts.push_back(desired_account(account, folder_of(account), source_of(account)));
    append_canonical(account, canonical);
  }
  for (const Resource& zone : inventory_.all(Kind::kZone)) {
    fleet.zones.push_back({.name = std::string(zone.name),
                           .account = std::string(zone.find("spec.account").text_or("")),
                           .region = std::string(zone.find("spec.region").text_or("")),
                           .failover = optional_text(zone.find("spec.failover")),
                           .timezone = std::string(zone.get("spec.timezone").text_or("")),
                           .formerly = texts(zone.find("metadata.formerly")),
                           .source = source_of(zone)});
    append_canonical(zone, canonical);
  }
  for (const Resource& cluster : inventory_.all(Kind::kCluster)) {
    const bool keep = cluster.get("spec.rollout.onTimeout").text_or("") == "keep";
    fleet.clusters.push_back(
        {.name = std::string(cluster.name),
         .cps = cluster.find("spec.limits.cps").integer(),
         .channels = cluster.find("spec.limits.channels").integer(),
         .max_unavailable = cluster.get("spec.rollout.maxUnavailable").integer_or(1),
         .drain_timeout = Duration(cluster.get("spec.rollout.drainTimeout").integer_or(0)),
         .shares = cluster.get("spec.share.dialogs").boolean_or(true) ||
                   cluster.get("spec.share.throughput").boolean_or(true) ||
                   cluster.get("spec.share.locations").boolean_or(true),
         .on_timeout = keep ? DesiredCluster::OnTimeout::kKeep : DesiredCluster::OnTimeout::kRelease,
         .formerly = texts(cluster.find("metadata.formerly")),
         .source = source_of(cluster)});
    append_canonical(cluster, canonical);
  }
  for (const Kind kind : {Kind::kCarrier, Kind::kCertificate}) {
    for (const Resource& resource : inventory_.all(kind)) append_canonical(resource, canonical);
  }

  const std::vector<Resource>& servers = inventory_.all(Kind::kServer);
  const std::vector<Resource>& media = inventory_.all(Kind::kRtpServer);
  machines_.reserve(servers.size() + media.size());
  for (const Resource& server : servers) machines_.push_back(&server);
  for (const Resource& server : media) machines_.push_back(&server);
  const auto order = [](const Resource* a, const Resource* b) {
    return std::tie(a->name, a->kind) < std::tie(b->name, b->kind);
  };
  std::ranges::inplace_merge(machines_, machines_.begin() + static_cast<std::ptrdiff_t>(servers.size()), order);
  fleet.servers.reserve(machines_.size());
  Effective effective;
  std::string scratch;
  for (const Resource* machine : machines_) {
    fleet.servers.push_back(desired(*machine, effective, scratch));
    const DesiredServer& server = fleet.servers.back();
    canonical += to_string(machine->kind);
    canonical += '/';
    canonical += server.key.name;
    canonical += ' ';
    canonical += server.digest;
    if (server.power == Power::kStopped) canonical += " stopped";
    for (const std::string& old : server.formerly) canonical += " formerly " + old;
    canonical += '\n';
  }

  std::size_t documents = 0;
  for (const Kind kind : all_kinds()) documents += inventory_.all(kind).size();
  fleet.documents.reserve(documents);
  for (const Kind kind : all_kinds()) {
    for (const Resource& resource : inventory_.all(kind)) {
      if (resource.member == 0) fleet.documents.emplace_back(resource.key(), source_of(resource));
    }
  }
  std::ranges::sort(fleet.documents, {}, &std::pair<Key, Source>::first);
  fleet.digest = "sha256:" + sha256_hex(canonical);
}

Fields Specs::fields(std::size_t index) const {
  const Resource& server = *machines_.at(index);
  Effective effective;
  if (server.kind == Kind::kServer) inheritance_.resolve(server, effective);
  Fields fields;
  std::string scratch;
  server_fields_.each(server, effective, scratch, [&](std::string_view path, Packed value) {
    fields.push_back({std::string(path), value.unpack()});
  });
  return fields;
}

std::vector<SecretField> Specs::secrets(std::size_t index) const {
  const Resource& server = *machines_.at(index);
  Effective effective;
  if (server.kind == Kind::kServer) inheritance_.resolve(server, effective);
  return server_fields_.secrets(server, effective, [this](const Resource& resource) { return folder_of(resource); });
}

}  // namespace switchyard
