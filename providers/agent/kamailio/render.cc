#include "providers/agent/kamailio/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "providers/agent/kamailio/hot.h"
#include "providers/agent/kamailio/scripts.h"
#include "providers/agent/kamailio/text.h"
#include "providers/agent/kamailio/tls_config.h"
#include "providers/agent/kamailio/wanted.h"
#include "specs/base/digest.h"

namespace switchyard::kamailio {
namespace {

// Shared memory is mapped at once and touched when it is needed, so that much of it costs nothing (sip.md 10: 119 MB at
// 600 calls a second). It follows the limits when the process starts for another reason; a limit never restarts it.
std::int64_t shared_megabytes(const Wanted& wanted) {
  const std::int64_t for_rate = wanted.cps / 3;
  const std::int64_t for_calls = wanted.channels / 64;
  return std::clamp<std::int64_t>(128 + for_rate + for_calls, 512, 16384);
}

std::string replaced(std::string_view script, std::string_view word, std::string_view value) {
  std::string text;
  for (std::size_t at = script.find(word); at != std::string_view::npos; at = script.find(word)) {
    text += script.substr(0, at);
    text += value;
    script.remove_prefix(at + word.size());
  }
  return text.append(script);
}

std::vector<Listens> listens_of(const Place& place, const Wanted& wanted) {
  std::vector<Listens> listens;
  const auto add = [&](Listens::Over over, std::int64_t port) {
    listens.push_back({over, place.address, static_cast<std::uint16_t>(port)});
  };
  add(Listens::Over::kUdp, 5060);
  for (const std::int64_t port : wanted.udp) add(Listens::Over::kUdp, port);
  add(Listens::Over::kTcp, 5060);
  for (const std::int64_t port : wanted.tcp) add(Listens::Over::kTcp, port);
  if (wanted.speaks_tls()) {
    add(Listens::Over::kTcp, 5061);
    for (const std::int64_t port : wanted.tls_ports) add(Listens::Over::kTcp, port);
  }
  if (wanted.has_bus()) add(wanted.tls_internals ? Listens::Over::kTcp : Listens::Over::kUdp, kBusPort);
  return listens;
}

std::string listen_lines(const Place& place, const Wanted& wanted) {
  const std::string host = in_uri(place.address);
  std::string text = fmt::format("listen=udp:{}:5060\n", host);
  for (const std::int64_t port : wanted.udp) text += fmt::format("listen=udp:{}:{}\n", host, port);
  text += fmt::format("listen=tcp:{}:5060\n", host);
  for (const std::int64_t port : wanted.tcp) text += fmt::format("listen=tcp:{}:{}\n", host, port);
  if (wanted.speaks_tls()) {
    text += fmt::format("listen=tls:{}:5061\n", host);
    for (const std::int64_t port : wanted.tls_ports) text += fmt::format("listen=tls:{}:{}\n", host, port);
  }
  if (wanted.has_bus()) text += fmt::format("listen={}:{}:{}\n", wanted.tls_internals ? "tls" : "udp", host, kBusPort);
  return text;
}

std::string bus_uri(const std::string& address, const Wanted& wanted) {
  return fmt::format("sip:{}:{}{}", in_uri(address), kBusPort, wanted.tls_internals ? ";transport=tls" : "");
}

// Which neighbours are asked first is read at start, but a change of it needs no restart: who comes later says hello by
// himself (route MEET). So the lines are left out of the restart key.
std::string bus_lines(const Place& place, const Wanted& wanted, FirstValues values) {
  if (!wanted.has_bus()) return {};
  std::string text = fmt::format(
      "modparam(\"dmq\", \"server_address\", \"{0}\")\nmodparam(\"dmq\", \"server_socket\", \"{1}:{2}:{3}\")\n"
      "modparam(\"dmq\", \"multi_notify\", 0)\nmodparam(\"dmq\", \"num_workers\", 1)\n"
      "modparam(\"dmq\", \"ping_interval\", 15)\n",
      bus_uri(place.address, wanted), wanted.tls_internals ? "tls" : "udp", in_uri(place.address), kBusPort);
  if (values == FirstValues::kBlank) return text;
  for (const Peer& member : wanted.members) {
    text += fmt::format("modparam(\"dmq\", \"notification_address\", \"{}\")\n", bus_uri(member.address, wanted));
  }
  return text;
}

std::string defines(const Wanted& wanted) {
  std::string text;
  const auto define = [&](bool wanted_so, std::string_view word) {
    if (wanted_so) text += fmt::format("#!define {}\n", word);
  };
  define(wanted.speaks_tls(), "WITH_TLS");
  define(wanted.speaks_tls() && !wanted.tls, "WITHOUT_SIPS");
  define(wanted.webrtc, "WITH_WEBRTC");
  define(wanted.has_bus(), "WITH_BUS");
  define(wanted.shares_locations(), "WITH_LOCATIONS");
  define(wanted.trace && wanted.trace->over == Trace::Over::kTcp, "WITH_TRACE_TCP");
  return text;
}

std::string trace_lines(const Wanted& wanted) {
  if (!wanted.trace || wanted.trace->over != Trace::Over::kTcp) return {};
  // A collector over TCP is read at start only: sip_trace(URI) sends over UDP whatever the URI says (sip.md 2).
  return fmt::format(
      "modparam(\"siptrace\", \"duplicate_uri\", \"sip:{};transport=tcp\")\nmodparam(\"siptrace\", \"trace_mode\", "
      "1)\n",
      wanted.trace->collector);
}

std::string configuration_file(const Place& place, const Wanted& wanted, const std::vector<Setting>& settings,
                               FirstValues values, Traffic traffic) {
  const bool v6 = place.address.find(':') != std::string::npos;
  std::string text = fmt::format(
      "#!KAMAILIO\n"
      "# Rendered by switchyard-agent for {0}. What is changed here by hand does not last.\n"
      "{1}"
      "debug=2\nlog_stderror=yes\nlog_prefix=\"{{$mt $ci}} \"\nfork=yes\nchildren=4\ntcp_children=2\n"
      "disable_tcp=no\nauto_aliases=no\ndns=no\nrev_dns=no\ncorelog=2\n"
      "tcp_connection_lifetime=3605\ntcp_accept_no_cl=yes\n{2}={3}\n"
      "server_header=\"Server: switchyard\"\nuser_agent_header=\"User-Agent: switchyard\"\n{4}\n"
      "# ---- pushed while it runs; these are the first values. They stand before listen: there a name is an address "
      "----\n",
      place.name, defines(wanted), v6 ? "tcp_source_ipv6" : "tcp_source_ipv4", in_uri(place.address),
      wanted.speaks_tls() ? "enable_tls=yes\n" : "");
  text += declare(settings, values, values == FirstValues::kBlank ? Traffic::kTaken : traffic);
  text += "\n" + listen_lines(place, wanted) + "\n";
  text += kCommonScript;
  text += trace_lines(wanted);
  text += bus_lines(place, wanted, values);
  text += "\n";
  text += place.role == Role::kDispatcher ? kDispatcherScript : kSwitchScript;
  const std::array<std::pair<std::string_view, std::string>, 7> words{{
      {"@CURRENT@", place.folder + "/current"},
      {"@NODE@", place.name},
      {"@HOST@", in_uri(place.address)},
      {"@BUS_URI@", bus_uri(place.address, wanted)},
      {"@BUS_PLACE@", fmt::format("{}:{}", in_uri(place.address), kBusPort)},
      {"@BUS_SOCKET@", fmt::format("{}:{}:{}", wanted.tls_internals ? "tls" : "udp", in_uri(place.address), kBusPort)},
      {"@BUS@", std::to_string(kBusPort)},
  }};
  for (const auto& [word, value] : words) text = replaced(text, word, value);
  return text;
}

std::string media_table(const Wanted& wanted) {
  std::string text = "id(int,auto) setid(int) url(string) weight(int) disabled(int) stamp(int)\n";
  std::int64_t id = 1;
  for (const std::string& url : media_urls(wanted)) {
    // A colon separates fields there (db_text, "Internal format of a dbtext table").
    text += fmt::format("{}:0:{}:1:0:0\n", id++, replaced(url, ":", "\\:"));
  }
  return text;
}

}  // namespace

Result<Rendered> render(const Place& place, const Configuration& configuration, Traffic traffic) {
  const Result<Wanted> wanted = read_wanted(place, configuration);
  if (!wanted.ok()) return wanted.error();
  Rendered rendered{.files = tls_files(place, *wanted),
                    .arguments = {},
                    .listens = listens_of(place, *wanted),
                    .restart_key = {},
                    .hot = {}};
  const std::vector<Setting> settings = settings_of(place, *wanted, material_of(rendered.files));
  const std::string list = destinations_of(place, *wanted);
  const Json registrations = registrations_of(place, *wanted);
  rendered.hot = hot_of(settings, list, *wanted, registrations);
  rendered.files["kamailio.cfg"] = configuration_file(place, *wanted, settings, FirstValues::kWritten, traffic);
  rendered.files["dispatcher.list"] = list;
  if (place.role == Role::kSwitch) {
    rendered.files["version"] = "id(int,auto) table_name(string) table_version(int)\n1:rtpengine:1\n2:uacreg:5\n";
    rendered.files["rtpengine"] = media_table(*wanted);
    rendered.files["uacreg"] =
        "id(int,auto) l_uuid(string) l_username(string) l_domain(string) r_username(string) r_domain(string) "
        "realm(string) auth_username(string) auth_password(string) auth_ha1(string) auth_proxy(string) expires(int) "
        "flags(int) reg_delay(int) contact_addr(string) socket(string)\n";
    rendered.files["registrations.json"] = to_string(registrations) + "\n";
  }
  const auto arguments = [&](std::int64_t megabytes) {
    return std::vector<std::string>{"/usr/sbin/kamailio",
                                    "-DD",
                                    "-E",
                                    "-f",
                                    place.folder + "/current/kamailio.cfg",
                                    "-m",
                                    std::to_string(megabytes),
                                    "-M",
                                    "8",
                                    "-Y",
                                    place.folder + "/run",
                                    "-w",
                                    place.folder + "/run"};
  };
  rendered.arguments = arguments(shared_megabytes(*wanted));
  std::string fixed = configuration_file(place, *wanted, settings, FirstValues::kBlank, Traffic::kTaken);
  for (const std::string& argument : arguments(0)) fixed += argument + "\n";
  rendered.restart_key = sha256_hex(fixed);
  return rendered;
}

}  // namespace switchyard::kamailio
