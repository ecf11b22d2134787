#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "specs/base/fields.h"
#include "tests/specs/sample.h"

namespace switchyard {
namespace {

using testing::ElementsAre;

constexpr std::string_view kRich = R"(---
apiVersion: switchyard/v1
kind: Cluster
metadata: {name: core}
spec: {limits: {cps: 200}, rollout: {maxUnavailable: 2, drainTimeout: 1h30m, onTimeout: keep}}
---
apiVersion: switchyard/v1
kind: Carrier
metadata: {name: acme}
spec:
  destinations: [{uri: "sip:gw1.acme.example"}, {uri: "sip:gw2.acme.example", weight: 3}]
  cps: 50
  registration: {registrar: sip.acme.example, username: u, password: {env: ACME_PASSWORD}}
---
apiVersion: switchyard/v1
kind: Carrier
metadata: {name: acme-2}
spec: {destinations: [{uri: "sip:gw.acme-2.example"}]}
---
apiVersion: switchyard/v1
kind: Certificate
metadata: {name: main}
spec: {chain: {file: certs/main.pem}, key: {env: MAIN_KEY}}
---
apiVersion: switchyard/v1
kind: RtpServer
metadata: {name: media-1, labels: {tier: gold}}
spec: {zone: london, size: s-4vcpu-8gb, aliases: [lon-rtp-1], priority: 5}
---
apiVersion: switchyard/v1
kind: RtpServer
metadata: {name: media-2}
spec: {zone: london, size: s-4vcpu-8gb}
---
apiVersion: switchyard/v1
kind: Server
metadata: {name: a, labels: {tier: gold}, annotations: {note: none of your business}, formerly: [b]}
spec:
  zone: london
  cluster: core
  size: s-1vcpu-2gb
  priority: 7
  protect: true
  power: stopped
  options: {carriers: [acme-2, acme], certificates: [{name: main}], rtp: [lon-rtp-1]}
---
apiVersion: switchyard/v1
kind: Server
metadata: {name: front}
spec: {zone: london, type: dispatcher, size: s-1vcpu-2gb, balancer: {cluster: core}}
---
apiVersion: switchyard/v1
kind: Server
metadata: {name: plain}
spec: {zone: london, size: s-1vcpu-2gb}
)";

LoadedSpecs rich() {
  return load_text(std::string(kBase) + std::string(kRich));
}

TEST(Fleet, AnAccountHasTheDefaultsOfItsProvider) {
  const LoadedSpecs loaded = load_text(kBase);
  ASSERT_TRUE(loaded.ok()) << complaints_of(loaded);
  const DesiredAccount& account = loaded.fleet.accounts.at(0);
  EXPECT_EQ(account.fleet, "main");
  EXPECT_EQ(for_people(account.deposit_base), "20.00 USD");
  EXPECT_EQ(for_people(account.deposit_per_server), "20.00 USD");
  EXPECT_EQ(for_people(account.reserve), "0.00 USD");
  EXPECT_EQ(account.credit_line, std::nullopt);
  EXPECT_EQ(account.minimum_runway, std::chrono::hours(72));
  EXPECT_EQ(account.concurrency, 16);
  EXPECT_EQ(account.requests_per_minute, std::nullopt);
  EXPECT_EQ(account.max_destroy, (DesiredAccount::DestroyLimit{5, false}));
  EXPECT_EQ(account.sim_pace, 0);
}

TEST(Fleet, ACloudAccountHasNoDeposit) {
  const LoadedSpecs loaded = load_text(
      "apiVersion: switchyard/v1\nkind: Account\nmetadata: {name: cloud}\nspec:\n  provider: hetzner\n  currency: EUR\n"
      "  credentials: {token: {file: token.txt}}\n  creditLine: \"100.50\"\n  reserve: 20\n  limits: {maxDestroy: "
      "\"10%\"}\n");
  ASSERT_TRUE(loaded.ok()) << complaints_of(loaded);
  const DesiredAccount& account = loaded.fleet.accounts.at(0);
  EXPECT_EQ(for_people(account.deposit_base), "0.00 EUR");
  EXPECT_EQ(for_people(*account.credit_line), "100.50 EUR");
  EXPECT_EQ(for_people(account.reserve), "20.00 EUR");
  EXPECT_EQ(account.max_destroy, (DesiredAccount::DestroyLimit{10, true}));
  EXPECT_EQ(account.token, (SecretRef{SecretRef::From::kFile, "token.txt"}));
}

TEST(Fleet, AClusterHasItsRollout) {
  const LoadedSpecs loaded = rich();
  ASSERT_TRUE(loaded.ok()) << complaints_of(loaded);
  const DesiredCluster& cluster = loaded.fleet.clusters.at(0);
  EXPECT_EQ(cluster.cps, 200);
  EXPECT_EQ(cluster.channels, std::nullopt);
  EXPECT_EQ(cluster.max_unavailable, 2);
  EXPECT_EQ(cluster.drain_timeout, std::chrono::minutes(90));
  EXPECT_EQ(cluster.on_timeout, DesiredCluster::OnTimeout::kKeep);
}

TEST(Fleet, AServerHasWhatThePlannerAsks) {
  const LoadedSpecs loaded = rich();
  const DesiredServer* a = loaded.fleet.server({Kind::kServer, "a"});
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->role, Role::kSwitch);
  EXPECT_EQ(a->account, "main");
  EXPECT_EQ(a->region, "lon1");
  EXPECT_EQ(a->cluster, "core");
  EXPECT_EQ(a->channels, 1000);
  EXPECT_EQ(a->cps, 100);
  EXPECT_EQ(a->priority, 7);
  EXPECT_EQ(a->power, Power::kStopped);
  EXPECT_TRUE(a->protect);
  EXPECT_FALSE(a->auto_upgrade);
  EXPECT_THAT(a->formerly, ElementsAre("b"));
  EXPECT_THAT(a->media, ElementsAre("media-1"));
  const DesiredServer* front = loaded.fleet.server({Kind::kServer, "front"});
  ASSERT_NE(front, nullptr);
  EXPECT_EQ(front->role, Role::kDispatcher);
  EXPECT_EQ(front->balancer_cluster, "core");
  EXPECT_TRUE(front->media.empty());
  const DesiredServer* media = loaded.fleet.server({Kind::kRtpServer, "media-1"});
  ASSERT_NE(media, nullptr);
  EXPECT_EQ(media->role, Role::kMedia);
  EXPECT_EQ(media->channels, 2000);
  EXPECT_EQ(media->priority, 5);
}

TEST(Fleet, ASwitchUsesAllMediaServersOfItsZoneUnlessItNamesSome) {
  const LoadedSpecs loaded = rich();
  EXPECT_THAT(loaded.fleet.server({Kind::kServer, "plain"})->media, ElementsAre("media-1", "media-2"));
  EXPECT_EQ(to_string(field_of(loaded, "plain", "spec.options.rtp")), R"(["media-1","media-2"])");
  EXPECT_EQ(to_string(field_of(loaded, "a", "spec.options.rtp")), R"(["media-1"])");
}

TEST(Fields, HoldAllThatAServerIsToldInTheOrderOfPaths) {
  const LoadedSpecs loaded = rich();
  std::string text;
  for (const Field& field :
       loaded.field_source->fields(loaded.fleet.index_of(*loaded.fleet.server({Kind::kServer, "a"})))) {
    text += field.path + " = " + to_string(field.value) + "\n";
  }
  EXPECT_EQ(text, R"(carriers.acme-2.destinations = [{"uri":"sip:gw.acme-2.example","weight":1}]
carriers.acme.cps = 50
carriers.acme.destinations = [{"uri":"sip:gw1.acme.example","weight":1},{"uri":"sip:gw2.acme.example","weight":3}]
carriers.acme.registration.registerOn = "one"
carriers.acme.registration.registrar = "sip.acme.example"
carriers.acme.registration.username = "u"
cluster.limits.cps = 200
cluster.members = 1
cluster.share.dialogs = true
cluster.share.locations = true
cluster.share.throughput = true
metadata.labels.tier = "gold"
spec.channels = 1000
spec.cluster = "core"
spec.cps = 100
spec.options.anyReg = false
spec.options.autoUpgrade = false
spec.options.carriers = ["acme-2","acme"]
spec.options.certificates = [{"name":"main","type":"server"}]
spec.options.ports.tcp = []
spec.options.ports.tls = []
spec.options.ports.udp = []
spec.options.restrictDirect = false
spec.options.rtp = ["media-1"]
spec.options.tls = false
spec.options.tlsInternals = false
spec.options.uacAuth = true
spec.options.uacLocationSharing = false
spec.options.uacPing = true
spec.options.webrtc = false
spec.priority = 7
spec.protect = true
spec.region = "lon1"
spec.size = "s-1vcpu-2gb"
spec.type = "switch"
spec.weight = 1
spec.zone = "london"
)");
}

TEST(Fields, OfAMediaServerAreItsOwn) {
  const LoadedSpecs loaded = rich();
  std::string text;
  for (const Field& field :
       loaded.field_source->fields(loaded.fleet.index_of(*loaded.fleet.server({Kind::kRtpServer, "media-1"})))) {
    text += field.path + " = " + to_string(field.value) + "\n";
  }
  EXPECT_EQ(text, R"(metadata.labels.tier = "gold"
spec.aliases = ["lon-rtp-1"]
spec.maxSessions = 2000
spec.ports.from = 30000
spec.ports.to = 40000
spec.priority = 5
spec.protect = false
spec.region = "lon1"
spec.size = "s-4vcpu-8gb"
spec.zone = "london"
)");
}

TEST(Fields, AreSortedOnceEachAndHashToTheDigestOfTheServer) {
  const LoadedSpecs loaded = rich();
  ASSERT_FALSE(loaded.fleet.servers.empty());
  for (const DesiredServer& server : loaded.fleet.servers) {
    const Fields fields = loaded.field_source->fields(loaded.fleet.index_of(server));
    EXPECT_TRUE(std::ranges::is_sorted(fields, {}, &Field::path)) << to_string(server.key);
    EXPECT_EQ(std::ranges::adjacent_find(fields, {}, &Field::path), fields.end()) << to_string(server.key);
    EXPECT_EQ(digest_of(fields), server.digest) << to_string(server.key);
  }
}

TEST(Secrets, StandApartFromTheFields) {
  const LoadedSpecs loaded = rich();
  const std::vector<SecretField> secrets =
      loaded.field_source->secrets(loaded.fleet.index_of(*loaded.fleet.server({Kind::kServer, "a"})));
  const std::vector<SecretField> wanted{
      {"carriers.acme.registration.password", {SecretRef::From::kEnvironment, "ACME_PASSWORD"}},
      {"certificates.main.chain", {SecretRef::From::kFile, "certs/main.pem"}},
      {"certificates.main.key", {SecretRef::From::kEnvironment, "MAIN_KEY"}},
  };
  EXPECT_EQ(secrets, wanted);
  EXPECT_TRUE(
      loaded.field_source->secrets(loaded.fleet.index_of(*loaded.fleet.server({Kind::kServer, "plain"}))).empty());
}

TEST(Secrets, FilesAreRelativeToTheYaml) {
  const LoadedSpecs loaded = load_files({{"fleet/all.yaml", std::string(kBase) + std::string(kRich)}});
  const std::vector<SecretField> secrets =
      loaded.field_source->secrets(loaded.fleet.index_of(*loaded.fleet.server({Kind::kServer, "a"})));
  ASSERT_EQ(secrets.size(), 3U);
  EXPECT_EQ(secrets[1].ref.place, "fleet/certs/main.pem");
}

TEST(Fleet, DocumentsAreListedWithWhereTheyStand) {
  const LoadedSpecs loaded = load_text(kBase);
  const std::vector<std::pair<Key, Source>> wanted{{{Kind::kZone, "london"}, {"fleet.yaml", 6}},
                                                   {{Kind::kAccount, "main"}, {"fleet.yaml", 1}}};
  EXPECT_EQ(loaded.fleet.documents, wanted);
}

TEST(Fleet, IsEmptyWhereARuleIsBroken) {
  const LoadedSpecs loaded = load_text(std::string(kBase) + server("a", "  cps: 0\n"));
  EXPECT_FALSE(loaded.ok());
  EXPECT_TRUE(loaded.fleet.servers.empty());
}

}  // namespace
}  // namespace switchyard
