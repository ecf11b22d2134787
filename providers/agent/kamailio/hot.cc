#include "providers/agent/kamailio/hot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "providers/agent/kamailio/text.h"
#include "specs/base/digest.h"

namespace switchyard::kamailio {
namespace {

constexpr std::int64_t kFirstCarrierSet = 100;
// Kamailio's language has no negative numbers where settings are declared.
constexpr std::int64_t kNoLimit = 1'000'000'000;

std::int64_t on(bool value) {
  return value ? 1 : 0;
}

std::string address_with_port(const std::string& address, std::int64_t port) {
  return fmt::format("{}:{}", in_uri(address), port);
}

// ds_select_dst's numbers (Kamailio, dispatcher module 4.1).
std::int64_t number_of(std::string_view algorithm) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 6> kNumbers{
      {{"round-robin", 4}, {"weight", 11}, {"call-load", 10}, {"hash-call-id", 0}, {"hash-source", 7}, {"random", 6}}};
  const auto at = std::ranges::find(kNumbers, algorithm, &std::pair<std::string_view, std::int64_t>::first);
  return at == kNumbers.end() ? 4 : at->second;
}

// A limit of a carrier for this member: its share of what the cluster may have. -1: none.
std::int64_t carrier_share(const Wanted& wanted, std::optional<std::int64_t> limit) {
  if (!limit) return -1;
  return wanted.together ? share_of(*wanted.together, *limit) : *limit;
}

std::string carriers_text(const Wanted& wanted) {
  std::string text;
  for (const Carrier& carrier : wanted.carriers) {
    text += fmt::format("{}{}/{}/{}", text.empty() ? "" : ";", carrier.name, carrier_share(wanted, carrier.cps),
                        carrier_share(wanted, carrier.channels));
  }
  return text;
}

std::string register_one_text(const Wanted& wanted) {
  std::string text;
  if (!wanted.together || !wanted.uac_auth) return text;
  for (const Carrier& carrier : wanted.carriers) {
    if (!carrier.registration || carrier.registration->on != Registration::On::kOne) continue;
    text += (text.empty() ? "" : ";") + carrier.name;
  }
  return text;
}

// Whole URIs with "+" between them, which stands in none of these.
std::string seeds_text(const Wanted& wanted) {
  std::string text;
  for (const Peer& member : wanted.members) {
    text += fmt::format("{}sip:{}{}", text.empty() ? "" : "+", address_with_port(member.address, kBusPort),
                        wanted.tls_internals ? ";transport=tls" : "");
  }
  return text;
}

// A cluster's limit that members count together, 0 when there is none or they do not count.
std::int64_t counted(const Wanted& wanted, std::optional<std::int64_t> Together::*limit, bool Together::*shared) {
  if (!wanted.together || !(*wanted.together.*limit) || !(*wanted.together.*shared)) return 0;
  return *(*wanted.together.*limit);
}

// Where members do not count together: this one's fixed share of the cluster's limit.
std::int64_t fixed(const Wanted& wanted, std::optional<std::int64_t> Together::*limit, bool Together::*shared) {
  if (!wanted.together || !(*wanted.together.*limit) || (*wanted.together.*shared)) return kNoLimit;
  return share_of(*wanted.together, *(*wanted.together.*limit));
}

std::string line(std::int64_t set, std::string_view uri, std::int64_t flags, std::int64_t priority,
                 std::string_view attributes) {
  return fmt::format("{} {} {} {}{}{}\n", set, uri, flags, priority, attributes.empty() ? "" : " ", attributes);
}

}  // namespace

std::vector<Setting> settings_of(const Place& place, const Wanted& wanted, const std::string& material) {
  const bool traced = wanted.trace.has_value();
  std::vector<Setting> settings{
      {"cps", wanted.cps},
      {"channels", wanted.channels},
      {"trace", on(traced)},
      {"trace_uri",
       traced && wanted.trace->over == Trace::Over::kUdp ? "sip:" + wanted.trace->collector : std::string()},
      {"fqdn", wanted.fqdn},
      {"data_zone", wanted.data_zone},
      {"material", material},
  };
  if (place.role == Role::kDispatcher) {
    settings.push_back({"algorithm", number_of(wanted.algorithm)});
    return settings;
  }
  const std::int64_t cluster_cps = counted(wanted, &Together::cps, &Together::throughput);
  const std::int64_t cluster_channels = counted(wanted, &Together::channels, &Together::dialogs);
  const auto share = [&](std::int64_t limit) { return wanted.together ? share_of(*wanted.together, limit) : 0; };
  const std::vector<Setting> of_switch{
      {"cluster_cps", cluster_cps},
      {"cluster_channels", cluster_channels},
      {"fixed_cps", fixed(wanted, &Together::cps, &Together::throughput)},
      {"fixed_channels", fixed(wanted, &Together::channels, &Together::dialogs)},
      {"share_cps", share(cluster_cps)},
      {"share_channels", share(cluster_channels)},
      {"members", wanted.together ? wanted.together->members : std::int64_t{1}},
      {"rank", wanted.together ? wanted.together->rank : std::int64_t{0}},
      {"seeds", seeds_text(wanted)},
      {"failover", wanted.failover ? address_with_port(wanted.failover->address, 5060) : std::string()},
      {"carriers", carriers_text(wanted)},
      {"carrier_count", static_cast<std::int64_t>(wanted.carriers.size())},
      {"register_one", register_one_text(wanted)},
      {"ping", on(wanted.uac_ping)},
      {"restrict_direct", on(wanted.restrict_direct)},
      {"any_reg", on(wanted.any_reg)},
      {"media", static_cast<std::int64_t>(wanted.media.size())},
  };
  settings.insert(settings.end(), of_switch.begin(), of_switch.end());
  return settings;
}

std::string declare(const std::vector<Setting>& settings, FirstValues values, Traffic traffic) {
  std::string text;
  const auto add = [&](const std::string& name, const std::variant<std::int64_t, std::string>& value) {
    const bool blank = values == FirstValues::kBlank;
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      text += fmt::format("sw.{} = {} desc \"\"\n", name, blank ? 0 : *number);
    } else {
      text += fmt::format("sw.{} = \"{}\" desc \"\"\n", name, blank ? "" : std::get<std::string>(value));
    }
  };
  add("drain", std::int64_t{traffic == Traffic::kRefused ? 1 : 0});
  for (const Setting& setting : settings) add(setting.name, setting.value);
  return text;
}

std::string destinations_of(const Place& place, const Wanted& wanted) {
  std::string list;
  if (place.role == Role::kDispatcher) {
    for (const Peer& peer : wanted.destinations) {
      const std::string uri = wanted.tls_internals
                                  ? fmt::format("sip:{};transport=tls", address_with_port(peer.address, 5061))
                                  : fmt::format("sip:{}", address_with_port(peer.address, 5060));
      // Flag 4: it gets no call and is not asked either (dispatcher module, "Destination List File").
      const std::int64_t weight = std::clamp<std::int64_t>(peer.weight, 0, 100);
      list += line(1, uri, weight == 0 ? 4 : 0, 0,
                   fmt::format("duid={};rweight={}", peer.name, std::max<std::int64_t>(weight, 1)));
    }
    return list;
  }
  for (const Peer& peer : wanted.dispatchers) {
    list += line(2, fmt::format("sip:{}", address_with_port(peer.address, 5060)), 0, 0, "");
  }
  if (wanted.has_bus()) {
    for (const Peer& peer : wanted.members) {
      list += line(3, fmt::format("sip:{}", address_with_port(peer.address, kBusPort)), 0, 0, "");
    }
  }
  std::int64_t priority = static_cast<std::int64_t>(wanted.carriers.size());
  std::vector<std::string> registrars;
  for (const Carrier& carrier : wanted.carriers) {
    if (!carrier.registration) continue;
    const std::string uri = "sip:" + carrier.registration->registrar;
    if (std::ranges::find(registrars, uri) != registrars.end()) continue;
    registrars.push_back(uri);
    list += line(4, uri, 0, priority--, "");
  }
  std::int64_t set = kFirstCarrierSet;
  for (const Carrier& carrier : wanted.carriers) {
    for (const CarrierDestination& destination : carrier.destinations) {
      list += line(set, destination.uri, 0, 0, fmt::format("rweight={}", destination.weight));
    }
    ++set;
  }
  return list;
}

Json hot_destinations(const std::string& list) {
  std::vector<std::string> lines;
  std::istringstream stream(list);
  std::string set;
  std::string uri;
  std::string flags;
  std::string priority;
  for (std::string text; std::getline(stream, text);) {
    std::istringstream words(text);
    std::string attributes;
    words >> set >> uri >> flags >> priority >> attributes;
    lines.push_back(fmt::format("{} {} {} {} {}", set, uri, flags == "4" ? "off" : "on", priority, attributes));
  }
  std::ranges::sort(lines);
  return Json(Json::Array(lines.begin(), lines.end()));
}

std::vector<std::string> media_urls(const Wanted& wanted) {
  std::vector<std::string> urls;
  for (const Peer& peer : wanted.media) {
    const bool v6 = peer.address.find(':') != std::string::npos;
    urls.push_back(fmt::format("{}:{}", v6 ? "udp6" : "udp", address_with_port(peer.address, kMediaPort)));
  }
  std::ranges::sort(urls);
  return urls;
}

Json registrations_of(const Place& place, const Wanted& wanted) {
  Json registrations = Json::Object{};
  if (!wanted.uac_auth) return registrations;
  for (const Carrier& carrier : wanted.carriers) {
    if (!carrier.registration) continue;
    const Registration& registration = *carrier.registration;
    registrations.set(
        carrier.name,
        Json::Object{{"registrar", registration.registrar},
                     {"username", registration.username},
                     {"password", registration.password},
                     {"domain", in_uri(place.address)},
                     {"one", Json(wanted.together.has_value() && registration.on == Registration::On::kOne)}});
  }
  return registrations;
}

Json hot_registration(const std::string& carrier, const std::string& registrar, const std::string& username,
                      const std::string& password) {
  return Json::Object{{"carrier", carrier},
                      {"registrar", registrar},
                      {"username", username},
                      {"password", hmac_sha256_hex("switchyard " + carrier + " " + registrar, password)}};
}

Json hot_registrations(const Json& registrations) {
  std::vector<Json> list;
  if (registrations.object() != nullptr) {
    for (const auto& [carrier, one] : *registrations.object()) {
      list.push_back(hot_registration(carrier, one.string_or("registrar", ""), one.string_or("username", ""),
                                      one.string_or("password", "")));
    }
  }
  std::ranges::sort(list, {}, [](const Json& one) { return one.string_or("carrier", ""); });
  return Json(Json::Array(list.begin(), list.end()));
}

Json hot_of(const std::vector<Setting>& settings, const std::string& list, const Wanted& wanted,
            const Json& registrations) {
  Json hot = Json::Object{};
  for (const Setting& setting : settings) {
    hot.set(setting.name, std::visit([](const auto& value) { return Json(value); }, setting.value));
  }
  hot.set("destinations", hot_destinations(list));
  // Only a switch has the modules for these.
  const bool is_switch = std::ranges::find(settings, "carriers", &Setting::name) != settings.end();
  if (is_switch) {
    const std::vector<std::string> urls = media_urls(wanted);
    hot.set("mediaServers", Json(Json::Array(urls.begin(), urls.end())));
    hot.set("registrations", hot_registrations(registrations));
  }
  return hot;
}

}  // namespace switchyard::kamailio
