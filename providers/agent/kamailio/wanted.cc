#include "providers/agent/kamailio/wanted.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "providers/agent/kamailio/text.h"
#include "specs/rules/certificate_facts.h"

namespace switchyard::kamailio {
namespace {

Error invalid(std::string message) {
  return Error{.code = ErrorCode::kInvalid, .message = std::move(message)};
}

// The fields of one configuration; the first complaint is kept.
class Reader {
 public:
  explicit Reader(const Configuration& configuration) : configuration_(configuration) {}

  std::optional<std::int64_t> integer(const std::string& path, std::int64_t low) {
    const Json* value = find_field(configuration_.fields, path);
    if (value == nullptr || value->is_null()) return std::nullopt;
    if (value->integer() == nullptr || *value->integer() < low) {
      complain(fmt::format("{} is a whole number from {} on", path, low));
      return std::nullopt;
    }
    return *value->integer();
  }

  bool boolean(const std::string& path, bool fallback) {
    const Json* value = find_field(configuration_.fields, path);
    if (value == nullptr || value->is_null()) return fallback;
    if (value->boolean() != nullptr) return *value->boolean();
    complain(fmt::format("{} is true or false", path));
    return fallback;
  }

  // Plain text only: it goes into files.
  std::string text(const std::string& path) {
    const Json* value = find_field(configuration_.fields, path);
    if (value == nullptr || value->is_null()) return {};
    if (value->string() == nullptr || !is_plain(*value->string())) {
      complain(fmt::format("{} has characters that it cannot have", path));
      return {};
    }
    return *value->string();
  }

  // Text that goes into no file of Kamailio's, so that it may hold anything printable.
  std::string any_text(const std::string& path) {
    const Json* value = find_field(configuration_.fields, path);
    if (value == nullptr || value->string() == nullptr) return {};
    const auto control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; };
    if (std::ranges::any_of(*value->string(), control)) complain(fmt::format("{} has a control character", path));
    return *value->string();
  }

  std::vector<std::int64_t> ports(const std::string& path) {
    std::vector<std::int64_t> numbers;
    for (const Json& port : list(path)) {
      if (port.integer() == nullptr || *port.integer() < 1 || *port.integer() > 65535) {
        complain(fmt::format("{} holds a port that is none", path));
        continue;
      }
      numbers.push_back(*port.integer());
    }
    std::ranges::sort(numbers);
    return numbers;
  }

  Json::Array list(const std::string& path) {
    const Json* value = find_field(configuration_.fields, path);
    if (value == nullptr || value->is_null()) return {};
    if (value->array() != nullptr) return *value->array();
    complain(fmt::format("{} is a list", path));
    return {};
  }

  std::optional<std::string> secret(const std::string& path) const {
    const auto at = std::ranges::find(configuration_.secrets, path, &std::pair<std::string, std::string>::first);
    if (at == configuration_.secrets.end()) return std::nullopt;
    return at->second;
  }

  std::vector<Peer> peers(Peer::For purpose) {
    std::vector<Peer> found;
    for (const Peer& peer : configuration_.peers) {
      if (peer.purpose != purpose || peer.address.empty()) continue;
      if (!is_plain(peer.name) || !parse_host_port(in_uri(peer.address), 5060)) {
        complain(fmt::format("the peer {} has no usable address", to_string(purpose)));
        continue;
      }
      found.push_back(peer);
    }
    std::ranges::sort(found, {}, &Peer::name);
    return found;
  }

  void complain(std::string what) {
    if (!trouble_) trouble_ = invalid(std::move(what));
  }
  const std::optional<Error>& trouble() const { return trouble_; }

 private:
  const Configuration& configuration_;
  std::optional<Error> trouble_;
};

std::optional<Registration> read_registration(Reader& reader, const std::string& prefix, const std::string& carrier) {
  const std::string registrar = reader.text(prefix + "registrar");
  if (registrar.empty()) return std::nullopt;
  if (!parse_host_port(registrar, 5060))
    reader.complain(fmt::format("the registrar of carrier {} is no host", carrier));
  const std::string username = reader.any_text(prefix + "username");
  // It becomes the user of a SIP URI, where these have meanings of their own (RFC 3261 19.1.1).
  if (username.empty() || username.find_first_of("@:<>\"; \\") != std::string::npos) {
    reader.complain(fmt::format("the username of carrier {} cannot stand in a SIP URI", carrier));
  }
  const auto password = reader.secret(prefix + "password");
  // A single dot stands for no password there (uac module, RPC reg_add).
  if (password.value_or("").empty() || *password == ".") {
    reader.complain(fmt::format("carrier {} came without a usable password", carrier));
  }
  return Registration{
      .registrar = registrar,
      .username = username,
      .password = password.value_or(""),
      .on = reader.text(prefix + "registerOn") == "each" ? Registration::On::kEach : Registration::On::kOne};
}

std::vector<Carrier> read_carriers(Reader& reader) {
  std::vector<Carrier> carriers;
  for (const Json& entry : reader.list("spec.options.carriers")) {
    const std::string name = entry.string() == nullptr ? "" : *entry.string();
    if (name.empty() || !is_plain(name) || name.find_first_of("/;.") != std::string::npos) {
      reader.complain("spec.options.carriers holds a name that is none");
      continue;
    }
    const std::string prefix = fmt::format("carriers.{}.", name);
    Carrier carrier{.name = name,
                    .destinations = {},
                    .cps = reader.integer(prefix + "cps", 1),
                    .channels = reader.integer(prefix + "channels", 1),
                    .registration = read_registration(reader, prefix + "registration.", name)};
    for (const Json& destination : reader.list(prefix + "destinations")) {
      const Result<std::string> uri = list_uri(destination.string_or("uri", ""));
      if (!uri.ok()) {
        reader.complain(fmt::format("carrier {}: {}", name, uri.error().message));
        continue;
      }
      carrier.destinations.push_back({*uri, std::clamp<std::int64_t>(destination.integer_or("weight", 1), 1, 100)});
    }
    if (carrier.destinations.empty()) reader.complain(fmt::format("carrier {} has no destination", name));
    carriers.push_back(std::move(carrier));
  }
  return carriers;
}

std::vector<Certificate> read_certificates(Reader& reader) {
  std::vector<Certificate> certificates;
  for (const Json& entry : reader.list("spec.options.certificates")) {
    const std::string name = entry.string_or("name", "");
    if (name.empty() || !is_plain(name) || name.find('/') != std::string::npos) {
      reader.complain("spec.options.certificates holds a name that is none");
      continue;
    }
    const auto chain = reader.secret(fmt::format("certificates.{}.chain", name));
    const auto key = reader.secret(fmt::format("certificates.{}.key", name));
    if (!chain || !key) {
      reader.complain(fmt::format("certificate {} came without its {}", name, chain ? "key" : "chain"));
      continue;
    }
    if (const Result<Done> belongs = check_private_key(*chain, *key); !belongs.ok()) {
      reader.complain(fmt::format("certificate {}: {}", name, belongs.error().message));
      continue;
    }
    Certificate certificate{
        .name = name,
        .side = entry.string_or("type", "server") == "client" ? Certificate::Side::kClient : Certificate::Side::kServer,
        .domains = {},
        .chain = *chain,
        .key = *key};
    const Json* domains = entry.find("domains");
    const bool named = domains != nullptr && domains->array() != nullptr && !domains->array()->empty();
    // Without domains it is shown for the names that are in it.
    const Result<CertificateFacts> facts = read_certificate(*chain);
    if (named || facts.ok()) {
      const Json::Array names = named ? *domains->array() : Json::Array(facts->names.begin(), facts->names.end());
      for (const Json& domain : names) {
        const std::string host = domain.string() == nullptr ? "" : *domain.string();
        const std::string_view rest = std::string_view(host).substr(host.starts_with("*.") ? 2 : 0);
        if (!parse_host_port(rest, 0) || rest.find(':') != std::string_view::npos) {
          reader.complain(fmt::format("certificate {} names a domain that is none", name));
          continue;
        }
        certificate.domains.push_back(host);
      }
    }
    certificates.push_back(std::move(certificate));
  }
  return certificates;
}

std::optional<Together> read_together(Reader& reader, const Place& place, const std::vector<Peer>& members) {
  if (place.role != Role::kSwitch || reader.text("spec.cluster").empty()) return std::nullopt;
  const auto known = static_cast<std::int64_t>(members.size()) + 1;
  const std::int64_t wanted = reader.integer("cluster.members", 1).value_or(known);
  const std::int64_t count = std::max(wanted, known);
  const auto before = std::ranges::count_if(members, [&](const Peer& peer) { return peer.name < place.name; });
  return Together{.members = count,
                  .rank = known == count ? before : count,
                  .cps = reader.integer("cluster.limits.cps", 1),
                  .channels = reader.integer("cluster.limits.channels", 1),
                  .dialogs = reader.boolean("cluster.share.dialogs", true),
                  .throughput = reader.boolean("cluster.share.throughput", true),
                  .locations = reader.boolean("cluster.share.locations", true)};
}

void check_tls(Reader& reader, const Wanted& wanted) {
  if (!wanted.speaks_tls()) return;
  const auto server = [](const Certificate& certificate) { return certificate.side == Certificate::Side::kServer; };
  if (std::ranges::none_of(wanted.certificates, server)) {
    const std::string_view what = wanted.tls ? "tls" : wanted.webrtc ? "webrtc" : "tlsInternals";
    reader.complain(fmt::format("{} needs a certificate of type server to show", what));
  }
  if ((wanted.tls || wanted.webrtc) && wanted.fqdn.empty()) {
    reader.complain(fmt::format("{} needs an fqdn", wanted.tls ? "tls" : "webrtc"));
  }
}

void check_ports(Reader& reader, const Wanted& wanted) {
  const auto clash = [&](const std::vector<std::int64_t>& ports, std::int64_t taken, std::string_view whose) {
    if (std::ranges::find(ports, taken) == ports.end()) return;
    reader.complain(fmt::format("port {} is {}", taken, whose));
  };
  clash(wanted.udp, 5060, "open anyway");
  clash(wanted.tcp, 5060, "open anyway");
  clash(wanted.tls_ports, 5060, "the one for TCP");
  clash(wanted.tls_ports, 5061, "open anyway");
  if (wanted.speaks_tls()) clash(wanted.tcp, 5061, "the one for TLS");
  if (!wanted.speaks_tls() && !wanted.tls_ports.empty()) reader.complain("ports.tls needs tls or webrtc");
  if (wanted.has_bus()) {
    clash(wanted.tls_internals ? wanted.tls_ports : wanted.udp, 5062, "that of the cluster's bus");
    if (wanted.tls_internals) clash(wanted.tcp, 5062, "that of the cluster's bus");
  }
  for (const std::int64_t port : wanted.tls_ports) clash(wanted.tcp, port, "a TCP port and a TLS port");
}

std::optional<Trace> read_trace(Reader& reader) {
  const std::string collector = reader.text("spec.options.sipTrace.collector");
  if (collector.empty()) return std::nullopt;
  if (!parse_host_port(collector, 0) || parse_host_port(collector, 0)->port == 0) {
    reader.complain("the collector of sipTrace is written host:port");
  }
  return Trace{.over = reader.text("spec.options.sipTrace.transport") == "tcp" ? Trace::Over::kTcp : Trace::Over::kUdp,
               .collector = collector};
}

constexpr std::array<std::string_view, 6> kAlgorithms{"round-robin",  "weight",      "call-load",
                                                      "hash-call-id", "hash-source", "random"};

}  // namespace

Result<Wanted> read_wanted(const Place& place, const Configuration& configuration) {
  if (place.role == Role::kMedia) return invalid("Kamailio is no media server");
  if (!place.folder.starts_with('/') || !is_plain(place.folder))
    return invalid("its folder has a name that cannot be used");
  if (!parse_host_port(in_uri(place.address), 5060)) return invalid("its address is none");
  if (place.name.empty() || !is_plain(place.name) || place.name.find_first_of(":;/") != std::string::npos) {
    return invalid("its name cannot be used");
  }
  Reader reader(configuration);
  const std::vector<Peer> failover = reader.peers(Peer::For::kFailover);
  std::vector<Peer> members = reader.peers(Peer::For::kMember);
  std::erase_if(members, [&](const Peer& peer) { return peer.name == place.name; });
  const bool is_switch = place.role == Role::kSwitch;
  Wanted wanted{.cps = reader.integer("spec.cps", 1).value_or(100),
                .channels = reader.integer("spec.channels", 1).value_or(1000),
                .udp = reader.ports("spec.options.ports.udp"),
                .tcp = reader.ports("spec.options.ports.tcp"),
                .tls_ports = reader.ports("spec.options.ports.tls"),
                .tls = reader.boolean("spec.options.tls", false),
                .webrtc = reader.boolean("spec.options.webrtc", false),
                .tls_internals = reader.boolean("spec.options.tlsInternals", false),
                .fqdn = reader.text("spec.options.fqdn"),
                .certificates = read_certificates(reader),
                .carriers = is_switch ? read_carriers(reader) : std::vector<Carrier>{},
                .uac_auth = reader.boolean("spec.options.uacAuth", true),
                .uac_ping = reader.boolean("spec.options.uacPing", true),
                .location_sharing = is_switch && reader.boolean("spec.options.uacLocationSharing", false),
                .trace = read_trace(reader),
                .any_reg = reader.boolean("spec.options.anyReg", false),
                .restrict_direct = reader.boolean("spec.options.restrictDirect", false),
                .data_zone = reader.text("spec.options.dataZone"),
                .algorithm = reader.text("spec.balancer.algorithm"),
                .together = read_together(reader, place, members),
                .destinations = reader.peers(Peer::For::kDestination),
                .media = reader.peers(Peer::For::kMedia),
                .members = members,
                .dispatchers = reader.peers(Peer::For::kDispatcher),
                .failover = failover.empty() ? std::nullopt : std::optional(failover.front())};
  if (wanted.algorithm.empty()) wanted.algorithm = "round-robin";
  if (std::ranges::find(kAlgorithms, wanted.algorithm) == kAlgorithms.end()) {
    reader.complain("spec.balancer.algorithm is none that is known");
  }
  check_tls(reader, wanted);
  check_ports(reader, wanted);
  if (reader.trouble()) return *reader.trouble();
  return wanted;
}

std::int64_t share_of(const Together& together, std::int64_t limit) {
  return limit / together.members + (together.rank < limit % together.members ? 1 : 0);
}

}  // namespace switchyard::kamailio
