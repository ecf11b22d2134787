#include <gtest/gtest.h>

#include "specs/base/random.h"
#include "tests/specs/sample.h"

namespace switchyard {
namespace {

// Only those fields that a Server document says itself.
Fields own_fields(const LoadedSpecs& loaded, std::size_t index) {
  Fields own;
  for (Field& field : loaded.field_source->fields(index)) {
    if (field.path != "spec.region" && (field.path.starts_with("spec.") || field.path.starts_with("metadata.")))
      own.push_back(std::move(field));
  }
  return own;
}

TEST(YamlWriter, WritesOnlyWhatDiffersFromTheDefaults) {
  const LoadedSpecs loaded = load_text(
      std::string(kBase) +
      server("a", "  cps: 20\n  alias: \"yes: no\"\n  options: {uacPing: true, tls: false, ports: {udp: [5080]}}\n"));
  ASSERT_TRUE(loaded.ok()) << complaints_of(loaded);
  EXPECT_EQ(to_yaml({Kind::kServer, "a"}, own_fields(loaded, 0)), R"(apiVersion: switchyard/v1
kind: Server
metadata:
  name: a
spec:
  zone: london
  alias: "yes: no"
  size: s-1vcpu-2gb
  cps: 20
  options:
    ports:
      udp: [5080]
)");
}

TEST(YamlWriter, WritesMoneyAndDurationsAsTheLanguageDoes) {
  const Fields account{{"spec.provider", Json("sim")},
                       {"spec.reactivation.minimumRunway", Json(5'400'000)},
                       {"spec.reserve", Json("20.50")}};
  EXPECT_EQ(to_yaml({Kind::kAccount, "main"}, account), R"(apiVersion: switchyard/v1
kind: Account
metadata:
  name: main
spec:
  provider: sim
  reserve: "20.50"
  reactivation:
    minimumRunway: 1h30m
)");
}

std::string random_text(Random& random) {
  static constexpr std::string_view kPieces[] = {
      "a",    "Z",    "9", " ", ": ", "#", " #", "'", "\"", "\\", "-", "- ",       "? ",           "&",  "*",   "!",
      "|",    ">",    "%", "@", "`",  "{", "}",  "[", "]",  ",",  "~", "\xC3\xB6", "\xE2\x82\xAC", "0x", "1e3", "no",
      "null", "true", ".", "="};
  std::string text;
  const std::uint64_t pieces = 1 + random.below(8);
  for (std::uint64_t i = 0; i < pieces; ++i) text += kPieces[random.below(std::size(kPieces))];
  return text;
}

TEST(YamlWriter, ReadsBackTheSameWhateverTheTextsHold) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Random random(seed);
    const Fields fields{{"metadata.labels.tier", Json("gold")},
                        {"spec.alias", Json(random_text(random))},
                        {"spec.channels", Json(random.between(1, 5000))},
                        {"spec.options.ports.udp",
                         Json(Json::Array{Json(random.between(5070, 5080)), Json(random.between(5090, 6000))})},
                        {"spec.options.restrictDirect", Json(random.below(2) == 0)},
                        {"spec.options.sipTrace.collector", Json("[2001:db8::9]:9060")},
                        {"spec.priority", Json(random.between(-9, 9))},
                        {"spec.size", Json("s-1vcpu-2gb")},
                        {"spec.zone", Json("london")}};
    const std::string yaml = to_yaml({Kind::kServer, "a"}, fields);
    const LoadedSpecs loaded = load_text(std::string(kBase) + "---\n" + yaml);
    ASSERT_TRUE(loaded.ok()) << "seed " << seed << "\n" << yaml << complaints_of(loaded);
    for (const Field& field : fields) {
      ASSERT_EQ(field_of(loaded, "a", field.path), field.value) << "seed " << seed << ", " << field.path << "\n"
                                                                << yaml;
    }
    ASSERT_EQ(to_yaml({Kind::kServer, "a"}, own_fields(loaded, 0)),
              to_yaml({Kind::kServer, "a"}, own_fields(load_text(std::string(kBase) + "---\n" + yaml), 0)));
  }
}

TEST(YamlWriter, AWrittenServerHasTheConfigurationOfTheOneItWasTakenFrom) {
  const std::string rest = std::string(kBase) +
                           "---\napiVersion: switchyard/v1\nkind: Certificate\nmetadata: {name: main}\nspec: {chain: "
                           "{env: NONE}, key: {env: NONE}}\n" +
                           "---\napiVersion: switchyard/v1\nkind: Carrier\nmetadata: {name: acme}\nspec: "
                           "{destinations: [{uri: \"sip:gw.example\"}]}\n" +
                           "---\napiVersion: switchyard/v1\nkind: RtpServer\nmetadata: {name: media}\nspec: {zone: "
                           "london, size: s-1vcpu-2gb}\n";
  const LoadedSpecs first =
      load_text(rest + server("a",
                              "  options:\n    fqdn: a.example.net\n    certificates: [{name: main, type: server, "
                              "domains: [a.example.net]}]\n"
                              "    tls: true\n    carriers: [acme]\n    sipTrace: {collector: \"10.0.0.9:9060\"}\n"));
  ASSERT_TRUE(first.ok()) << complaints_of(first);
  const std::string yaml = to_yaml({Kind::kServer, "a"}, own_fields(first, 0));
  const LoadedSpecs second = load_text(rest + "---\n" + yaml);
  ASSERT_TRUE(second.ok()) << yaml << complaints_of(second);
  EXPECT_EQ(first.fleet.servers[0].digest, second.fleet.servers[0].digest) << yaml;
}

}  // namespace
}  // namespace switchyard
