#include <gtest/gtest.h>

#include <map>

#include "providers/agent/kamailio/render.h"
#include "specs/effects.h"
#include "specs/kinds/tables.h"
#include "tests/providers/agent/kamailio/small_configuration.h"

// What the tables call live needs no restart here, for each field of the language.
namespace switchyard {
namespace {

using Change = std::pair<Json, Json>;

// For every field: another value than the one of full_switch().
const std::map<std::string, Change>& changes() {
  static const auto certificate = [](const char* name) { return Json::Object{{"name", name}, {"type", "server"}}; };
  static const std::map<std::string, Change> all{
      {"spec.alias", {Json("Ben"), Json("Bob")}},
      {"spec.cluster", {Json("core"), Json()}},
      {"spec.channels", {Json(900), Json(500)}},
      {"spec.cps", {Json(80), Json(3000)}},
      {"spec.weight", {Json(1), Json(5)}},
      {"spec.priority", {Json(0), Json(5)}},
      {"spec.protect", {Json(false), Json(true)}},
      {"spec.balancer.algorithm", {Json("round-robin"), Json("random")}},
      {"spec.balancer.cluster", {Json("core"), Json("edge")}},
      {"spec.options.fqdn", {Json("sw1.example.net"), Json("x.sip.example.net")}},
      {"spec.options.certificates",
       {Json(Json::Array{certificate("main")}), Json(Json::Array{certificate("main"), certificate("second")})}},
      {"spec.options.tls", {Json(true), Json(false)}},
      {"spec.options.webrtc", {Json(true), Json(false)}},
      {"spec.options.ports.udp", {Json(Json::Array{5080}), Json(Json::Array{5090})}},
      {"spec.options.ports.tcp", {Json(Json::Array{5081}), Json(Json::Array{5091})}},
      {"spec.options.ports.tls", {Json(Json::Array{443}), Json(Json::Array{444})}},
      {"spec.options.capacityFailover", {Json("sw-c"), Json("sw-a")}},
      {"spec.options.carriers", {Json(Json::Array{"acme", "beta"}), Json(Json::Array{"beta"})}},
      {"spec.options.uacAuth", {Json(true), Json(false)}},
      {"spec.options.uacPing", {Json(true), Json(false)}},
      {"spec.options.uacLocationSharing", {Json(false), Json(true)}},
      {"spec.options.tlsInternals", {Json(false), Json(true)}},
      {"spec.options.sipTrace.transport", {Json("udp"), Json()}},
      {"spec.options.sipTrace.collector", {Json("127.66.0.8:9060"), Json()}},
      {"spec.options.anyReg", {Json(false), Json(true)}},
      {"spec.options.restrictDirect", {Json(true), Json(false)}},
      {"spec.options.autoUpgrade", {Json(false), Json(true)}},
      {"spec.options.dataZone", {Json("eu"), Json("us")}},
      {"spec.options.rtp", {Json(Json::Array{"rtp-1"}), Json(Json::Array{"rtp-2"})}},
      {"cluster.limits.cps", {Json(200), Json(20)}},
      {"cluster.limits.channels", {Json(2500), Json(20)}},
      {"cluster.share.dialogs", {Json(true), Json(false)}},
      {"cluster.share.throughput", {Json(true), Json(false)}},
      {"cluster.share.locations", {Json(true), Json(false)}},
      {"carriers.acme.destinations",
       {Json(), Json(Json::Array{Json::Object{{"uri", "sip:other.example"}, {"weight", 7}}})}},
      {"carriers.acme.cps", {Json(50), Json(5)}},
      {"carriers.acme.channels", {Json(500), Json()}},
      {"carriers.acme.registration.registrar", {Json("sip.acme.example"), Json("other.example:5070")}},
      {"carriers.acme.registration.username", {Json("u"), Json("v")}},
      {"carriers.acme.registration.registerOn", {Json("one"), Json("each")}},
  };
  return all;
}

Configuration base() {
  Configuration wanted = full_switch();
  for (const char* part : {"chain", "key"}) {
    for (const auto& [path, value] : full_switch().secrets) {
      if (path == std::string("certificates.main.") + part) {
        set_secret(wanted, std::string("certificates.second.") + part, value);
      }
    }
  }
  return wanted;
}

TEST(RestartKey, IsTheSameForEveryChangeThatIsLive) {
  const Result<Rendered> before = kamailio::render(switch_place(), base(), Traffic::kTaken);
  ASSERT_TRUE(before.ok()) << before.error().message;
  int live = 0;
  for (const auto& [path, change] : changes()) {
    if (effect_of_change(path, change.first, change.second) != Effect::kLive) continue;
    Configuration wanted = base();
    set_field(wanted.fields, path, change.second);
    const Result<Rendered> after = kamailio::render(switch_place(), wanted, Traffic::kTaken);
    ASSERT_TRUE(after.ok()) << path << ": " << after.error().message;
    EXPECT_EQ(after->restart_key, before->restart_key) << path;
    ++live;
  }
  EXPECT_GT(live, 20);
}

TEST(RestartKey, DiffersForWhatIsReadAtTheStartOnly) {
  const Result<Rendered> before = kamailio::render(switch_place(), base(), Traffic::kTaken);
  for (const char* path : {"spec.options.ports.udp", "spec.options.ports.tcp", "spec.options.ports.tls",
                           "spec.options.webrtc", "spec.options.tlsInternals", "cluster.share.locations"}) {
    Configuration wanted = base();
    set_field(wanted.fields, path, changes().at(path).second);
    const Result<Rendered> after = kamailio::render(switch_place(), wanted, Traffic::kTaken);
    ASSERT_TRUE(after.ok()) << path << ": " << after.error().message;
    EXPECT_NE(after->restart_key, before->restart_key) << path;
  }
}

TEST(RestartKey, IsTheSameWhenPeersComeAndGo) {
  const Result<Rendered> before = kamailio::render(switch_place(), base(), Traffic::kTaken);
  Configuration wanted = base();
  wanted.peers.clear();
  const Result<Rendered> after = kamailio::render(switch_place(), wanted, Traffic::kTaken);
  ASSERT_TRUE(after.ok()) << after.error().message;
  EXPECT_EQ(after->restart_key, before->restart_key);
  EXPECT_NE(after->hot, before->hot);
}

// A field that is added to the language is added here.
TEST(RestartKey, EveryOptionHasAnExample) {
  for (const FieldRow& row : options()) {
    EXPECT_TRUE(changes().contains("spec.options." + std::string(row.path))) << row.path;
  }
  for (const FieldRow& row : cluster_rows()) {
    const std::string path = "cluster." + std::string(row.path.substr(5));
    if (!path.starts_with("cluster.limits") && !path.starts_with("cluster.share")) continue;
    EXPECT_TRUE(changes().contains(path)) << path;
  }
  for (const FieldRow& row : carrier_rows()) {
    if (row.type == Type::kSecret) continue;
    EXPECT_TRUE(changes().contains("carriers.acme." + std::string(row.path.substr(5)))) << row.path;
  }
}

}  // namespace
}  // namespace switchyard
