#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/specs/sample.h"

namespace switchyard {
namespace {

constexpr std::string_view kEdge = R"(---
apiVersion: switchyard/v1
kind: Zone
metadata: {name: paris}
spec: {account: main, region: fra1}
---
apiVersion: switchyard/v1
kind: ServerSet
metadata: {name: edge, labels: {tier: gold, team: voice}, formerly: [rim]}
spec:
  replicas: 3
  zones: [london, paris]
  template:
    metadata: {labels: {team: "${name}"}}
    spec:
      size: s-2vcpu-4gb
      alias: Edge ${index}
      channels: 500
      options:
        fqdn: ${name}.example.net
        certificates: [{name: main, domains: ["${name}.example.net"]}]
        restrictDirect: true
---
apiVersion: switchyard/v1
kind: Certificate
metadata: {name: main}
spec: {chain: {env: SWITCHYARD_TEST_UNSET}, key: {env: SWITCHYARD_TEST_UNSET}}
)";

std::string edge() {
  return std::string(kBase) + std::string(kEdge);
}

TEST(ServerSet, MembersAreServersNamedAfterIt) {
  const LoadedSpecs loaded = load_text(edge());
  ASSERT_TRUE(loaded.ok()) << complaints_of(loaded);
  ASSERT_EQ(loaded.fleet.servers.size(), 3U);
  EXPECT_EQ(to_string(loaded.fleet.servers[0].key), "Server/edge-1");
  EXPECT_EQ(to_string(loaded.fleet.servers[2].key), "Server/edge-3");
  EXPECT_EQ(loaded.fleet.servers[1].channels, 500);
}

TEST(ServerSet, MembersTakeTheZonesInTurn) {
  const LoadedSpecs loaded = load_text(edge());
  ASSERT_EQ(loaded.fleet.servers.size(), 3U);
  EXPECT_EQ(loaded.fleet.servers[0].zone, "london");
  EXPECT_EQ(loaded.fleet.servers[1].zone, "paris");
  EXPECT_EQ(loaded.fleet.servers[1].region, "fra1");
  EXPECT_EQ(loaded.fleet.servers[2].zone, "london");
}

TEST(ServerSet, NameAndIndexAreFilledIntoTextsListsAndLabels) {
  const LoadedSpecs loaded = load_text(edge());
  ASSERT_EQ(loaded.fleet.servers.size(), 3U);
  EXPECT_EQ(loaded.fleet.servers[1].alias, "Edge 2");
  EXPECT_EQ(field_of(loaded, "edge-2", "spec.options.fqdn"), Json("edge-2.example.net"));
  EXPECT_EQ(to_string(field_of(loaded, "edge-2", "spec.options.certificates")),
            R"([{"name":"main","type":"server","domains":["edge-2.example.net"]}])");
  const std::vector<std::pair<std::string, std::string>> labels{{"team", "edge-2"}, {"tier", "gold"}};
  EXPECT_EQ(loaded.fleet.servers[1].labels, labels);
}

TEST(ServerSet, AFormerNameOfTheSetIsOneOfEachMember) {
  const LoadedSpecs loaded = load_text(edge());
  ASSERT_EQ(loaded.fleet.servers.size(), 3U);
  EXPECT_EQ(loaded.fleet.servers[2].formerly, std::vector<std::string>{"rim-3"});
}

TEST(ServerSet, ItIsOneDocumentAndTheSourceOfItsMembers) {
  const LoadedSpecs loaded = load_text(edge());
  ASSERT_EQ(loaded.fleet.documents.size(), 5U);
  EXPECT_EQ(loaded.fleet.servers[0].source, (Source{"fleet.yaml", 16}));
}

TEST(ServerSet, AMemberHasTheConfigurationOfTheSameServerWrittenOut) {
  const LoadedSpecs set = load_text(edge());
  std::string written = edge();
  written.replace(written.find("kind: ServerSet"),
                  written.find("---\napiVersion: switchyard/v1\nkind: Certificate") - written.find("kind: ServerSet"),
                  R"(kind: Server
metadata: {name: edge-1, labels: {team: edge-1, tier: gold}}
spec:
  zone: london
  size: s-2vcpu-4gb
  alias: Edge 1
  channels: 500
  options:
    fqdn: edge-1.example.net
    certificates: [{name: main, domains: [edge-1.example.net]}]
    restrictDirect: true
)");
  const LoadedSpecs single = load_text(written);
  ASSERT_TRUE(single.ok()) << complaints_of(single);
  ASSERT_EQ(single.fleet.servers.size(), 1U);
  EXPECT_EQ(set.fleet.servers[0].digest, single.fleet.servers[0].digest);
}

TEST(ServerSet, NoReplicasIsNoServer) {
  std::string none = edge();
  none.replace(none.find("replicas: 3"), 11, "replicas: 0");
  const LoadedSpecs loaded = load_text(none);
  EXPECT_TRUE(loaded.ok()) << complaints_of(loaded);
  EXPECT_TRUE(loaded.fleet.servers.empty());
}

TEST(ServerSet, AMemberWhoseNameWouldBeTooLongIsAnError) {
  std::string longest = edge();
  longest.replace(longest.find("name: edge"), 10, "name: " + std::string(62, 'e'));
  const LoadedSpecs loaded = load_text(longest);
  EXPECT_FALSE(loaded.ok());
  EXPECT_NE(complaints_of(loaded).find("a name has at most 63 characters"), std::string::npos) << complaints_of(loaded);
}

TEST(ServerSet, SetsThatBelongToNobodysPurseAreRefused) {
  std::string many(kBase);
  for (int i = 0; i < 11; ++i) {
    many += "---\napiVersion: switchyard/v1\nkind: ServerSet\nmetadata: {name: s" + std::to_string(i) +
            "}\nspec: {replicas: 100000, zones: [london], template: {spec: {size: s-1vcpu-2gb}}}\n";
  }
  const LoadedSpecs loaded = load_text(many);
  EXPECT_NE(complaints_of(loaded).find("too many servers"), std::string::npos);
}

TEST(ServerSet, WhereAMembersFieldIsSetIsFoundInTheTemplate) {
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "set-origin.yaml";
  std::ofstream(path, std::ios::binary) << edge();
  const LoadedSpecs loaded = load(read_source({path.native()}), {});
  const auto line_of = [&](std::string_view field) {
    const auto found = find_field_source(loaded, {Kind::kServer, "edge-2"}, field);
    return found ? found->line : 0;
  };
  EXPECT_EQ(line_of("spec.options.fqdn"), 29);
  EXPECT_EQ(line_of("spec.zone"), 21);
  EXPECT_EQ(line_of("metadata.labels.team"), 23);
  EXPECT_EQ(line_of("metadata.labels.tier"), 18);
}

}  // namespace
}  // namespace switchyard
