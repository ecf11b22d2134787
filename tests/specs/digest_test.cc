// Law 1: the order of files and documents changes nothing but the source.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "specs/base/random.h"
#include "tests/specs/sample.h"

namespace switchyard {
namespace {

// A fleet of random shape, one document a text.
std::vector<std::string> random_documents(Random& random) {
  const auto header = [](std::string_view kind, const std::string& name) {
    return "apiVersion: switchyard/v1\nkind: " + std::string(kind) + "\nmetadata: {name: " + name + "}\n";
  };
  const auto flag = [&] { return random.below(2) == 0 ? "true" : "false"; };
  std::vector<std::string> documents;
  documents.push_back(header("Account", "main") + "spec: {provider: sim}\n");
  for (const std::string zone : {"london", "paris"}) {
    documents.push_back(header("Zone", zone) +
                        "spec: {account: main, region: lon1, defaults: {restrictDirect: " + flag() + "}}\n");
  }
  for (const std::string cluster : {"core", "edge"}) {
    documents.push_back(header("Cluster", cluster) + "spec: {defaults: {uacAuth: " + flag() + "}}\n");
  }
  documents.push_back(header("Carrier", "acme") + "spec: {destinations: [{uri: \"sip:gw.example\"}]}\n");
  documents.push_back(header("ServerSet", "set") +
                      "spec: {replicas: 4, zones: [london, paris], template: {spec: {size: s-1vcpu-2gb}}}\n");
  const std::uint64_t servers = 1 + random.below(12);
  for (std::uint64_t i = 0; i < servers; ++i) {
    documents.push_back(header("Server", "sw-" + std::to_string(i)) +
                        "spec:\n  zone: " + (random.below(2) == 0 ? "london" : "paris") +
                        "\n  size: s-1vcpu-2gb\n  cluster: " + (random.below(2) == 0 ? "core" : "edge") +
                        "\n  options: {uacPing: " + flag() + ", carriers: [acme]}\n");
  }
  documents.push_back(header("RtpServer", "media") + "spec: {zone: paris, size: s-1vcpu-2gb}\n");
  return documents;
}

// Spreads documents over a few files in any order.
LoadedSpecs load_shuffled(std::vector<std::string> documents, Random& random, unsigned threads) {
  for (std::size_t i = documents.size(); i > 1; --i) std::swap(documents[i - 1], documents[random.below(i)]);
  Files files(1 + random.below(4));
  for (std::size_t i = 0; i < files.size(); ++i)
    files[i].first = "f" + std::to_string(random.below(1000) * 10 + i) + ".yaml";
  for (const std::string& document : documents) files[random.below(files.size())].second += "---\n" + document;
  std::erase_if(files, [](const auto& file) { return file.second.empty(); });
  std::ranges::sort(files);
  return load_files(files, {.threads = threads});
}

DesiredFleet without_sources(DesiredFleet fleet) {
  for (auto& each : fleet.accounts) each.source = {};
  for (auto& each : fleet.zones) each.source = {};
  for (auto& each : fleet.clusters) each.source = {};
  for (auto& each : fleet.servers) each.source = {};
  for (auto& each : fleet.documents) each.second = {};
  return fleet;
}

TEST(DesiredDigest, DoesNotDependOnTheOrderOfFilesAndDocuments) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    const std::vector<std::string> documents = random_documents(random);
    const LoadedSpecs first = load_shuffled(documents, random, 1);
    ASSERT_TRUE(first.ok()) << "seed " << seed << "\n" << complaints_of(first);
    for (int again = 0; again < 3; ++again) {
      const LoadedSpecs other = load_shuffled(documents, random, 2);
      ASSERT_EQ(first.fleet.digest, other.fleet.digest) << "seed " << seed;
      const DesiredFleet a = without_sources(first.fleet);
      const DesiredFleet b = without_sources(other.fleet);
      ASSERT_EQ(a.servers, b.servers) << "seed " << seed;
      ASSERT_EQ(a.zones, b.zones) << "seed " << seed;
      ASSERT_EQ(a.clusters, b.clusters) << "seed " << seed;
      ASSERT_EQ(a.accounts, b.accounts) << "seed " << seed;
      ASSERT_EQ(a.documents, b.documents) << "seed " << seed;
      for (std::size_t i = 0; i < a.servers.size(); ++i) {
        ASSERT_EQ(first.field_source->fields(i), other.field_source->fields(i)) << "seed " << seed;
      }
    }
  }
}

TEST(DesiredDigest, ChangesWithWhatIsWantedAndOnlyWithThat) {
  const std::string base = std::string(kBase) + server("a", "  cps: 50\n");
  const auto digest = [](const std::string& text) {
    const LoadedSpecs loaded = load_text(text);
    EXPECT_TRUE(loaded.ok()) << complaints_of(loaded);
    return loaded.fleet.digest;
  };
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string text = base;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  const std::string before = digest(base);
  EXPECT_TRUE(before.starts_with("sha256:"));
  EXPECT_EQ(before.size(), 7U + 64U);
  // What a comment, an order, a spelling and a note change: nothing.
  EXPECT_EQ(digest("# a comment\n" + base), before);
  EXPECT_EQ(digest(with("  zone: london\n  size: s-1vcpu-2gb\n", "  size: \"s-1vcpu-2gb\"\n  zone: london\n")), before);
  EXPECT_EQ(digest(with("metadata: {name: a}", "metadata: {name: a, annotations: {note: x}}")), before);
  EXPECT_EQ(digest(with("  cps: 50\n", "  cps: 50\n  channels: 1000\n")), before) << "the default, written out";
  // Each of these is another fleet.
  std::set<std::string> digests{before};
  for (const auto& [from, to] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"cps: 50", "cps: 51"},
           {"cps: 50", "cps: 50\n  power: stopped"},
           {"metadata: {name: a}", "metadata: {name: b}"},
           {"metadata: {name: a}", "metadata: {name: a, labels: {x: y}}"},
           {"metadata: {name: a}", "metadata: {name: a, formerly: [z]}"},
           {"region: lon1", "region: fra1"},
           {"region: lon1", "region: lon1, defaults: {uacPing: false, anyReg: true}"},
           {"provider: sim", "provider: sim, reserve: 5"},
           {"provider: sim", "provider: local"}}) {
    EXPECT_TRUE(digests.insert(digest(with(from, to))).second) << from << " -> " << to;
  }
}

TEST(DesiredDigest, HoldsNoSecretAndNotWhereOneLies) {
  const auto text = [](std::string_view variable) {
    return std::string(kBase) +
           "---\napiVersion: switchyard/v1\nkind: Carrier\nmetadata: {name: acme}\nspec: {destinations: [{uri: "
           "\"sip:gw.example\"}], "
           "registration: {registrar: r.example, username: u, password: {env: " +
           std::string(variable) + "}}}\n" + server("a", "  options: {carriers: [acme]}\n");
  };
  ASSERT_EQ(setenv("SWITCHYARD_TEST_ONE", "first", 1), 0);
  const std::string before = load_text(text("SWITCHYARD_TEST_ONE")).fleet.digest;
  ASSERT_EQ(setenv("SWITCHYARD_TEST_ONE", "second", 1), 0);
  EXPECT_EQ(load_text(text("SWITCHYARD_TEST_ONE")).fleet.digest, before);
  EXPECT_EQ(load_text(text("SWITCHYARD_TEST_TWO")).fleet.digest, before);
}

}  // namespace
}  // namespace switchyard
