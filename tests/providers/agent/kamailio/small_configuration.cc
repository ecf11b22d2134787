#include "tests/providers/agent/kamailio/small_configuration.h"

#include <algorithm>

namespace switchyard {
namespace {

// For sw1.example.net and *.sip.example.net, signed by itself, valid for a hundred years. Used nowhere else.
constexpr const char* kChain =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBvTCCAWKgAwIBAgIUT0gfUjFr53b2BH1MaFZykqV44J0wCgYIKoZIzj0EAwIw\n"
    "GjEYMBYGA1UEAwwPc3cxLmV4YW1wbGUubmV0MCAXDTI2MTEyNjAyMjM0OVoYDzIx\n"
    "MjYxMTAyMDIyMzQ5WjAaMRgwFgYDVQQDDA9zdzEuZXhhbXBsZS5uZXQwWTATBgcq\n"
    "hkjOPQIBBggqhkjOPQMBBwNCAAQeUmtrLyhu6y4WAvXK3tY3VbkwQuwj/zUM9xKN\n"
    "eGolUm6u+1zoVhzX5Km4cQ4KrfBgqWAA/v3hvnFzisDxoJASo4GDMIGAMB0GA1Ud\n"
    "DgQWBBQRi+gB6EHlZgCzfIAkij17AaIUNzAfBgNVHSMEGDAWgBQRi+gB6EHlZgCz\n"
    "fIAkij17AaIUNzAPBgNVHRMBAf8EBTADAQH/MC0GA1UdEQQmMCSCD3N3MS5leGFt\n"
    "cGxlLm5ldIIRKi5zaXAuZXhhbXBsZS5uZXQwCgYIKoZIzj0EAwIDSQAwRgIhAPly\n"
    "A1fB5vL2+JjM5diTnBRbKIOwHzkMrtMk5H6aL31iAiEA/d9VmSVYG95/dMTGQysg\n"
    "C2h9WA88Z7W/ZWJR3Fg026Q=\n"
    "-----END CERTIFICATE-----\n";
constexpr const char* kKey =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgqU6IwXnCprJ47R1I\n"
    "JgzIUNesFFIYD7fW/rjKgKujCdKhRANCAAQeUmtrLyhu6y4WAvXK3tY3VbkwQuwj\n"
    "/zUM9xKNeGolUm6u+1zoVhzX5Km4cQ4KrfBgqWAA/v3hvnFzisDxoJAS\n"
    "-----END PRIVATE KEY-----\n";

Peer peer(Peer::For purpose, const char* name, const char* address, std::int64_t weight = 1) {
  return {.purpose = purpose, .name = name, .address = address, .weight = weight};
}

}  // namespace

Place switch_place() {
  return {.folder = "/srv/switchyard/sw-b", .address = "127.66.0.2", .role = Role::kSwitch, .name = "sw-b"};
}

Place dispatcher_place() {
  return {.folder = "/srv/switchyard/front", .address = "127.66.0.9", .role = Role::kDispatcher, .name = "front"};
}

void set_secret(Configuration& configuration, const std::string& path, const std::string& value) {
  std::erase_if(configuration.secrets, [&](const auto& secret) { return secret.first == path; });
  configuration.secrets.emplace_back(path, value);
}

Configuration full_switch() {
  Configuration wanted;
  const auto set = [&](const char* path, Json value) { set_field(wanted.fields, path, std::move(value)); };
  set("spec.cluster", "core");
  set("spec.cps", 80);
  set("spec.channels", 900);
  set("cluster.members", 3);
  set("cluster.limits.cps", 200);
  set("cluster.limits.channels", 2500);
  set("cluster.share.dialogs", true);
  set("cluster.share.throughput", true);
  set("cluster.share.locations", true);
  set("spec.options.fqdn", "sw1.example.net");
  set("spec.options.tls", true);
  set("spec.options.webrtc", true);
  set("spec.options.certificates", Json(Json::Array{Json::Object{{"name", "main"}, {"type", "server"}}}));
  set("spec.options.ports.udp", Json(Json::Array{5080}));
  set("spec.options.ports.tcp", Json(Json::Array{5081}));
  set("spec.options.ports.tls", Json(Json::Array{443}));
  set("spec.options.capacityFailover", "sw-c");
  set("spec.options.carriers", Json(Json::Array{"acme", "beta"}));
  set("spec.options.uacAuth", true);
  set("spec.options.uacPing", true);
  set("spec.options.uacLocationSharing", false);
  set("spec.options.tlsInternals", false);
  set("spec.options.sipTrace.transport", "udp");
  set("spec.options.sipTrace.collector", "127.66.0.8:9060");
  set("spec.options.anyReg", false);
  set("spec.options.restrictDirect", true);
  set("spec.options.dataZone", "eu");
  set("carriers.acme.destinations", Json(Json::Array{Json::Object{{"uri", "sip:gw1.acme.example"}, {"weight", 3}},
                                                     Json::Object{{"uri", "sips:gw2.acme.example"}, {"weight", 1}}}));
  set("carriers.acme.cps", 50);
  set("carriers.acme.channels", 500);
  set("carriers.acme.registration.registrar", "sip.acme.example");
  set("carriers.acme.registration.registerOn", "one");
  set("carriers.beta.destinations",
      Json(Json::Array{Json::Object{{"uri", "sip:192.0.2.7:5070;transport=tcp"}, {"weight", 1}}}));
  set("carriers.acme.registration.username", "u");
  wanted.peers = {peer(Peer::For::kMedia, "rtp-1", "127.66.0.20"), peer(Peer::For::kMember, "sw-a", "127.66.0.1"),
                  peer(Peer::For::kMember, "sw-c", "127.66.0.3"), peer(Peer::For::kFailover, "sw-c", "127.66.0.3"),
                  peer(Peer::For::kDispatcher, "front", "127.66.0.9")};
  set_secret(wanted, "carriers.acme.registration.password", "s3cret \"quoted\" #!define");
  set_secret(wanted, "certificates.main.chain", kChain);
  set_secret(wanted, "certificates.main.key", kKey);
  return wanted;
}

Configuration full_dispatcher() {
  Configuration wanted;
  const auto set = [&](const char* path, Json value) { set_field(wanted.fields, path, std::move(value)); };
  set("spec.cps", 100);
  set("spec.channels", 1000);
  set("spec.balancer.algorithm", "call-load");
  set("spec.balancer.cluster", "core");
  set("spec.options.ports.udp", Json(Json::Array{5080}));
  set("spec.options.sipTrace.transport", "tcp");
  set("spec.options.sipTrace.collector", "collector.example.net:9060");
  wanted.peers = {peer(Peer::For::kDestination, "sw-a", "127.66.0.1", 3),
                  peer(Peer::For::kDestination, "sw-b", "127.66.0.2", 0), peer(Peer::For::kDestination, "sw-c", "", 1)};
  return wanted;
}

}  // namespace switchyard
