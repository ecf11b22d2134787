#include "reconciler/cli/export.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <utility>

#include "specs/load.h"

namespace switchyard {
namespace {

constexpr std::string_view kCarriers = "carriers.";
constexpr std::string_view kCluster = "cluster.";

// What the agent last reported as being in force.
Fields applied_of(const ObservedServer& server) {
  if (!server.agent) return {};
  const auto json = parse_json(server.agent->applied);
  if (!json) return {};
  auto fields = fields_from_json(*json);
  return fields ? *std::move(fields) : Fields{};
}

std::string text_of(const Fields& fields, std::string_view path) {
  const auto* value = find_field(fields, path);
  return value != nullptr && value->string() != nullptr ? *value->string() : std::string();
}

// A name at a provider as a DNS label.
std::string label_of(std::string_view name) {
  std::string label;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool fits = std::isalnum(byte) != 0 && byte < 0x80U;
    if (fits) label += static_cast<char>(std::tolower(byte));
    if (!fits && !label.empty() && label.back() != '-') label += '-';
  }
  label.resize(std::min<std::size_t>(label.size(), 63));
  while (label.ends_with('-')) label.pop_back();
  return label.empty() ? "server" : label;
}

// "CARRIERS_ACME_REGISTRATION_PASSWORD": the variable that stands in a secret's place.
std::string variable_of(std::string_view path) {
  std::string name;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    name += std::isalnum(byte) != 0 && byte < 0x80U ? static_cast<char>(std::toupper(byte)) : '_';
  }
  return name;
}

Json variable(std::string_view path) {
  return Json::Object{{"env", variable_of(path)}};
}

Json place_of(const SecretRef& ref) {
  return Json::Object{{ref.from == SecretRef::From::kEnvironment ? "env" : "file", ref.place}};
}

ExportedDocument account_document(const DesiredAccount& account) {
  ExportedDocument document{.key = {Kind::kAccount, account.name}, .fields = {}, .notes = {}};
  const auto set = [&document](std::string_view path, Json value) {
    set_field(document.fields, path, std::move(value));
  };
  set("spec.provider", account.provider);
  set("spec.fleet", account.fleet);
  if (!account.endpoint.empty()) set("spec.endpoint", account.endpoint);
  if (account.token) set("spec.credentials.token", place_of(*account.token));
  set("spec.currency", account.currency.code());
  set("spec.deposit.base", to_string(account.deposit_base));
  set("spec.deposit.perServer", to_string(account.deposit_per_server));
  set("spec.reserve", to_string(account.reserve));
  if (account.credit_line) set("spec.creditLine", to_string(*account.credit_line));
  if (account.budget) set("spec.budget", to_string(*account.budget));
  set("spec.reactivation.minimumRunway", static_cast<std::int64_t>(account.minimum_runway.count()));
  set("spec.limits.concurrency", account.concurrency);
  if (account.requests_per_minute) set("spec.limits.requestsPerMinute", *account.requests_per_minute);
  set("spec.limits.maxDestroy", account.max_destroy.percent ? Json(fmt::format("{}%", account.max_destroy.number))
                                                            : Json(account.max_destroy.number));
  set("spec.sim.seed", account.sim_seed);
  set("spec.sim.pace", account.sim_pace);
  return document;
}

// All documents of one account, gathered from its servers.
class Exporter {
 public:
  Exporter(const DesiredAccount& account, const ObservedAccount& observed) : account_(account), observed_(observed) {}

  std::vector<ExportedDocument> documents() {
    for (const auto& server : observed_.servers) {
      if (server.confirmed_gone || server.missing_since) continue;
      if (!server.mark) others_.push_back(&server);
      if (server.mark && server.mark->fleet == account_.fleet) add_ours(server);
    }
    for (const auto* server : others_) add_other(*server);
    std::vector<ExportedDocument> all{account_document(account_)};
    for (auto* part : {&zones_, &certificates_, &carriers_, &clusters_, &servers_}) {
      for (auto& [_, document] : *part) all.push_back(std::move(document));
    }
    return all;
  }

 private:
  using Documents = std::map<std::string, ExportedDocument>;

  static ExportedDocument& document(Documents& documents, Kind kind, const std::string& name) {
    return documents.try_emplace(name, ExportedDocument{.key = {kind, name}, .fields = {}, .notes = {}}).first->second;
  }

  std::string zone_for(const ObservedServer& server, const std::string& named) {
    std::string name = named;
    if (name.empty()) {
      const auto known = std::ranges::find(regions_, server.region, &std::pair<const std::string, std::string>::second);
      name = known == regions_.end() ? label_of(server.region) : known->first;
    }
    auto& zone = document(zones_, Kind::kZone, name);
    set_field(zone.fields, "spec.account", account_.name);
    set_field(zone.fields, "spec.region", server.region);
    regions_.emplace(name, server.region);
    return name;
  }

  void add_cluster(const Fields& applied) {
    const auto name = text_of(applied, "spec.cluster");
    if (name.empty()) return;
    auto& cluster = document(clusters_, Kind::kCluster, name);
    for (const auto& field : applied) {
      if (field.path.starts_with(kCluster)) {
        set_field(cluster.fields, "spec." + field.path.substr(kCluster.size()), field.value);
      }
    }
  }

  void add_carriers(const Fields& applied) {
    const auto* names = find_field(applied, "spec.options.carriers");
    if (names == nullptr || names->array() == nullptr) return;
    for (const auto& item : *names->array()) {
      if (item.string() == nullptr) continue;
      auto& carrier = document(carriers_, Kind::kCarrier, *item.string());
      const auto prefix = fmt::format("{}{}.", kCarriers, *item.string());
      for (const auto& field : applied) {
        if (field.path.starts_with(prefix)) {
          set_field(carrier.fields, "spec." + field.path.substr(prefix.size()), field.value);
        }
      }
    }
  }

  // A secret's place is not known here: a variable stands for it, under the name of its path.
  void add_secrets(const ObservedServer& server) {
    if (!server.agent) return;
    for (const auto& [path, fingerprint] : server.agent->fingerprints) {
      const auto first = path.find('.');
      const auto second = path.find('.', first + 1);
      if (second == std::string::npos) continue;
      const bool carrier = path.starts_with(kCarriers);
      const auto name = path.substr(first + 1, second - first - 1);
      auto& owner =
          carrier ? document(carriers_, Kind::kCarrier, name) : document(certificates_, Kind::kCertificate, name);
      set_field(owner.fields, "spec." + path.substr(second + 1), variable(path));
      const auto note = "no provider gives a secret back: set the variables before you plan";
      if (owner.notes.empty()) owner.notes.emplace_back(note);
    }
  }

  void add_ours(const ObservedServer& server) {
    const auto applied = applied_of(server);
    add_cluster(applied);
    add_carriers(applied);
    add_secrets(server);
    const auto zone = zone_for(server, text_of(applied, "spec.zone"));
    servers_.insert_or_assign(to_string(server.mark->key), export_server(server.mark->key, server, zone));
  }

  void add_other(const ObservedServer& server) {
    const auto kind = server.role == Role::kMedia ? Kind::kRtpServer : Kind::kServer;
    auto name = label_of(server.name);
    for (int n = 2; servers_.contains(to_string(Key{kind, name})); ++n)
      name = fmt::format("{}-{}", label_of(server.name), n);
    auto made = export_server({kind, name}, server, zone_for(server, ""));
    made.notes.push_back(fmt::format("it carries no mark yet; make it ours first: switchyard import {} --id {}",
                                     to_string(made.key), server.id));
    servers_.insert_or_assign(to_string(made.key), std::move(made));
  }

  const DesiredAccount& account_;
  const ObservedAccount& observed_;
  std::vector<const ObservedServer*> others_;
  std::map<std::string, std::string> regions_;  // by zone
  Documents zones_;
  Documents certificates_;
  Documents carriers_;
  Documents clusters_;
  Documents servers_;
};

// A comment takes one line, whatever a provider put into a name.
std::string one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(
      line, [](unsigned char c) { return c < 0x20U || c == 0x7FU; }, ' ');
  return line;
}

}  // namespace

ExportedDocument export_server(const Key& key, const ObservedServer& server, const std::string& zone) {
  ExportedDocument document{.key = key, .fields = {}, .notes = {}};
  for (const auto& field : applied_of(server)) {
    if (field.path.starts_with("spec.") || field.path.starts_with("metadata.labels.")) {
      set_field(document.fields, field.path, field.value);
    }
  }
  // The region is its zone's.
  std::erase_if(document.fields, [](const Field& field) { return field.path == "spec.region"; });
  if (!zone.empty()) set_field(document.fields, "spec.zone", zone);
  set_field(document.fields, "spec.size", server.size);
  if (key.kind == Kind::kServer && find_field(document.fields, "spec.type") == nullptr) {
    set_field(document.fields, "spec.type", to_string(server.role.value_or(Role::kSwitch)));
  }
  if (server.phase == Phase::kStopped) set_field(document.fields, "spec.power", "stopped");
  return document;
}

std::vector<ExportedDocument> export_account(const DesiredAccount& account, const ObservedAccount& observed) {
  return Exporter(account, observed).documents();
}

std::string to_yaml(const std::vector<ExportedDocument>& documents) {
  std::string out;
  for (const auto& document : documents) {
    if (!out.empty()) out += "---\n";
    for (const auto& note : document.notes) out += "# " + one_line(note) + "\n";
    out += to_yaml(document.key, document.fields);
    if (!out.ends_with('\n')) out += '\n';
  }
  return out;
}

}  // namespace switchyard
