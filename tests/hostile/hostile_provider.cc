#include "tests/hostile/hostile_provider.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace switchyard {
namespace {

// What an account without servers answers; a change is taken and never shows.
std::string good_answer(const WireRequest& request) {
  if (request.path == "/v1/catalogue") return catalogue_json();
  if (request.path == "/v1/balance") return balance_json();
  if (request.method == "GET" && request.path.starts_with("/v1/servers") && !request.path.starts_with("/v1/servers/")) {
    return listing_json("");
  }
  if (request.method == "POST" && request.path == "/v1/servers") {
    return R"({"id": "sim-1", "now": "2026-01-01T00:00:00Z"})";
  }
  return R"({"done": true, "actionId": "act-1", "now": "2026-01-01T00:00:00Z"})";
}

}  // namespace

HostileProvider::HostileProvider(const ServerIdentity* identity)
    : server_([this](Wire& wire, const WireRequest& request) { return talk(wire, request); }, identity) {}

void HostileProvider::instead(const std::string& method_and_path, Talk talk) {
  const std::scoped_lock lock(mutex_);
  instead_[method_and_path] = std::move(talk);
}

void HostileProvider::instead(const std::string& method_and_path, std::string body) {
  instead(method_and_path,
          [body = std::move(body)](Wire& wire, const WireRequest&) { return wire.answer("200 OK", body); });
}

bool HostileProvider::talk(Wire& wire, const WireRequest& request) {
  Talk other;
  {
    const std::scoped_lock lock(mutex_);
    seen_.push_back(request);
    const std::string asked = request.method + " " + request.path;
    std::size_t longest = 0;
    for (const auto& [beginning, talk] : instead_) {
      if (!asked.starts_with(beginning) || beginning.size() < longest) continue;
      longest = beginning.size();
      other = talk;
    }
  }
  return other ? other(wire, request) : wire.answer("200 OK", good_answer(request));
}

std::vector<std::string> HostileProvider::requests() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> all;
  for (const WireRequest& request : seen_) all.push_back(request.method + " " + request.path);
  return all;
}

std::vector<std::string> HostileProvider::changes() const {
  std::vector<std::string> all = requests();
  std::erase_if(all, [](const std::string& one) { return one.starts_with("GET "); });
  return all;
}

std::string HostileProvider::bodies() const {
  const std::scoped_lock lock(mutex_);
  std::string all;
  for (const WireRequest& request : seen_) all += request.head + "\n" + request.body + "\n";
  return all;
}

std::string catalogue_json() {
  return R"({"regions": ["lon1", "fra1"], "sizes": [{"name": "s-1vcpu-2gb", "price": "0.01786", "currency": "USD"}],)"
         R"( "settling": "30s", "delivery": "5m", "deliveryFailed": "15m", "agents": true})";
}

std::string balance_json() {
  return R"({"amount": "500.00", "currency": "USD", "at": "2026-01-01T00:00:00Z"})";
}

std::string listing_json(const std::string& servers, const std::string& next) {
  return fmt::format(R"({{"now": "2026-01-01T00:00:00Z", "next": "{}", "servers": [{}]}})", next, servers);
}

std::string server_json(const std::string& id, const std::string& mark, const std::string& more) {
  return fmt::format(
      R"({{"id": "{0}", "name": "{0}", "role": "switch", "region": "lon1", "size": "s-1vcpu-2gb", "phase": "active",)"
      R"( "ipv4": "10.0.0.1", "created": "2025-12-31T00:00:00Z", "delivered": "2025-12-31T00:05:00Z"{1}{2}}})",
      id, mark.empty() ? "" : ", \"mark\": " + mark, more);
}

std::string mark_json(const std::string& fleet, const std::string& name, const std::string& uid) {
  return fmt::format(R"({{"fleet": "{}", "key": "Server/{}", "uid": "{}"}})", fleet, name, uid);
}

std::string fleet_at(const std::string& endpoint, const std::vector<std::string>& servers, std::string_view more) {
  std::string yaml = fmt::format(
      "apiVersion: switchyard/v1\n"
      "kind: Account\n"
      "metadata: {{name: main}}\n"
      "spec: {{provider: sim, currency: USD, endpoint: \"{}\"{}}}\n"
      "---\n"
      "apiVersion: switchyard/v1\n"
      "kind: Zone\n"
      "metadata: {{name: london}}\n"
      "spec: {{account: main, region: lon1}}\n",
      endpoint, more);
  for (const std::string& name : servers) {
    yaml += fmt::format(
        "---\n"
        "apiVersion: switchyard/v1\n"
        "kind: Server\n"
        "metadata: {{name: {}}}\n"
        "spec: {{zone: london, type: switch, size: s-1vcpu-2gb, channels: 500, cps: 50}}\n",
        name);
  }
  return yaml;
}

void expect_sound_state(const Workplace& work) {
  const Ran doctor = work.run({"state", "doctor"});
  EXPECT_EQ(doctor.exit_code, 0) << doctor.out << doctor.err;
  EXPECT_THAT(doctor.out, ::testing::HasSubstr("journal: no open intents"));
}

}  // namespace switchyard
