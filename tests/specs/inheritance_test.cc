#include <gtest/gtest.h>

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "tests/specs/sample.h"

namespace switchyard {
namespace {

// A zone and a cluster with these defaults, and a server "a" with these options.
LoadedSpecs layered(std::string_view zone, std::string_view cluster, std::string_view own) {
  return load_text(fmt::format(R"(apiVersion: switchyard/v1
kind: Account
metadata: {{name: main}}
spec: {{provider: sim}}
---
apiVersion: switchyard/v1
kind: Zone
metadata: {{name: london}}
spec: {{account: main, region: lon1, dataZone: eu, defaults: {{{}}}}}
---
apiVersion: switchyard/v1
kind: Cluster
metadata: {{name: core}}
spec: {{defaults: {{{}}}}}
---
apiVersion: switchyard/v1
kind: Server
metadata: {{name: a}}
spec: {{zone: london, size: s-1vcpu-2gb, cluster: core, options: {{{}}}}}
)",
                               zone, cluster, own));
}

TEST(Inheritance, TheBuiltInDefaultHoldsWhereNothingIsSaid) {
  const LoadedSpecs loaded = layered("", "", "");
  ASSERT_TRUE(loaded.ok()) << complaints_of(loaded);
  EXPECT_EQ(field_of(loaded, "a", "spec.options.uacPing"), Json(true));
  EXPECT_EQ(field_of(loaded, "a", "spec.options.tls"), Json(false));
  EXPECT_EQ(field_of(loaded, "a", "spec.options.ports.udp"), Json(Json::Array{}));
  EXPECT_EQ(field_of(loaded, "a", "spec.options.fqdn"), Json());
}

TEST(Inheritance, ZoneDefaultsAreBelowClusterDefaultsAndThoseBelowTheServer) {
  EXPECT_EQ(field_of(layered("restrictDirect: true", "", ""), "a", "spec.options.restrictDirect"), Json(true));
  EXPECT_EQ(field_of(layered("restrictDirect: true", "restrictDirect: false", ""), "a", "spec.options.restrictDirect"),
            Json(false));
  EXPECT_EQ(field_of(layered("restrictDirect: false", "restrictDirect: false", "restrictDirect: true"), "a",
                     "spec.options.restrictDirect"),
            Json(true));
}

TEST(Inheritance, MapsMergeByKey) {
  const LoadedSpecs loaded = layered("ports: {udp: [5080]}, sipTrace: {collector: \"10.0.0.9:9060\"}",
                                     "ports: {tcp: [5090]}", "sipTrace: {transport: tcp}");
  EXPECT_EQ(field_of(loaded, "a", "spec.options.ports.udp"), Json(Json::Array{Json(5080)}));
  EXPECT_EQ(field_of(loaded, "a", "spec.options.ports.tcp"), Json(Json::Array{Json(5090)}));
  EXPECT_EQ(field_of(loaded, "a", "spec.options.sipTrace.collector"), Json("10.0.0.9:9060"));
  EXPECT_EQ(field_of(loaded, "a", "spec.options.sipTrace.transport"), Json("tcp"));
}

TEST(Inheritance, ListsReplace) {
  const LoadedSpecs loaded = layered("ports: {udp: [5080, 5081]}", "", "ports: {udp: [5090]}");
  EXPECT_EQ(field_of(loaded, "a", "spec.options.ports.udp"), Json(Json::Array{Json(5090)}));
}

TEST(Inheritance, NullRestoresTheBuiltInDefault) {
  EXPECT_EQ(field_of(layered("uacPing: false", "", "uacPing: null"), "a", "spec.options.uacPing"), Json(true));
  EXPECT_EQ(field_of(layered("restrictDirect: true", "restrictDirect: null", ""), "a", "spec.options.restrictDirect"),
            Json(false));
  EXPECT_EQ(field_of(layered("ports: {udp: [5080]}", "", "ports: {udp: null}"), "a", "spec.options.ports.udp"),
            Json(Json::Array{}));
}

TEST(Inheritance, NullForAMapRestoresAllBelowIt) {
  const LoadedSpecs loaded = layered("sipTrace: {collector: \"10.0.0.9:9060\", transport: tcp}", "", "sipTrace: null");
  ASSERT_TRUE(loaded.ok()) << complaints_of(loaded);
  EXPECT_EQ(field_of(loaded, "a", "spec.options.sipTrace.collector"), Json());
  EXPECT_EQ(field_of(loaded, "a", "spec.options.sipTrace.transport"), Json());
}

TEST(Inheritance, TheZonesDataZoneIsTheDefaultOfTheOption) {
  EXPECT_EQ(field_of(layered("", "", ""), "a", "spec.options.dataZone"), Json("eu"));
  EXPECT_EQ(field_of(layered("", "dataZone: us", ""), "a", "spec.options.dataZone"), Json("us"));
  EXPECT_EQ(field_of(layered("", "dataZone: us", "dataZone: null"), "a", "spec.options.dataZone"), Json("eu"));
}

TEST(Inheritance, WhereAFieldIsSetIsFoundThroughTheLayers) {
  const std::string text = std::string(kBase) + R"(---
apiVersion: switchyard/v1
kind: Zone
metadata: {name: paris}
spec:
  account: main
  region: fra1
  dataZone: eu
  defaults:
    restrictDirect: true
    anyReg: false
---
apiVersion: switchyard/v1
kind: Cluster
metadata: {name: core}
spec:
  limits:
    cps: 100
  defaults:
    anyReg: false
---
apiVersion: switchyard/v1
kind: Carrier
metadata: {name: acme}
spec:
  destinations: [{uri: "sip:gw.example"}]
  cps: 50
---
apiVersion: switchyard/v1
kind: Server
metadata:
  name: a
  labels:
    example.net/tier: gold
spec:
  zone: paris
  cluster: core
  size: s-1vcpu-2gb
  options:
    carriers: [acme]
    uacAuth: false
)";
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "origin.yaml";
  std::ofstream(path, std::ios::binary) << text;
  const LoadedSpecs loaded = load(read_source({path.native()}), {});
  ASSERT_TRUE(loaded.ok()) << complaints_of(loaded);
  const auto line_of = [&](std::string_view field) {
    const auto found = find_field_source(loaded, {Kind::kServer, "a"}, field);
    return found ? found->line : 0;
  };
  EXPECT_EQ(line_of("spec.options.uacAuth"), 50);         // its own document
  EXPECT_EQ(line_of("spec.options.anyReg"), 29);          // the cluster's defaults, over the zone's
  EXPECT_EQ(line_of("spec.options.restrictDirect"), 19);  // the zone's defaults
  EXPECT_EQ(line_of("spec.options.dataZone"), 17);        // the zone itself
  EXPECT_EQ(line_of("spec.options.uacPing"), 0);          // built in
  EXPECT_EQ(line_of("spec.region"), 16);
  EXPECT_EQ(line_of("cluster.limits.cps"), 27);
  EXPECT_EQ(line_of("carriers.acme.cps"), 36);
  EXPECT_EQ(line_of("metadata.labels.example.net/tier"), 43);
  EXPECT_EQ(line_of("spec.zone"), 45);
  EXPECT_EQ(line_of("spec.nonsense"), 0);
  std::filesystem::remove(path);
  EXPECT_EQ(line_of("spec.zone"), 0) << "a file that is gone says nothing";
}

}  // namespace
}  // namespace switchyard
