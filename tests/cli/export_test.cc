#include "reconciler/cli/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/cli/fleet_sample.h"

namespace switchyard {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

DesiredAccount account() {
  return {.name = "main",
          .provider = "sim",
          .fleet = "main",
          .endpoint = {},
          .token = SecretRef{.from = SecretRef::From::kEnvironment, .place = "SIM_TOKEN"},
          .currency = {},
          .deposit_base = sample::usd(2000),
          .deposit_per_server = sample::usd(2000),
          .reserve = sample::usd(0),
          .credit_line = {},
          .budget = {},
          .minimum_runway = std::chrono::hours(72),
          .concurrency = 16,
          .requests_per_minute = {},
          .max_destroy = {.number = 5, .percent = false},
          .sim_seed = 1,
          .sim_pace = 0,
          .source = {}};
}

ObservedAccount observed_with(std::string applied) {
  auto observed = sample::observed()[0];
  std::erase_if(observed.servers,
                [](const ObservedServer& server) { return server.id != "sim-1" && server.id != "sim-6"; });
  observed.servers[0].agent->applied = std::move(applied);
  return observed;
}

const ExportedDocument* find(const std::vector<ExportedDocument>& documents, const std::string& key) {
  const auto at = std::ranges::find_if(documents, [&](const auto& document) { return to_string(document.key) == key; });
  return at == documents.end() ? nullptr : &*at;
}

std::vector<std::string> names_of(const std::vector<ExportedDocument>& documents) {
  std::vector<std::string> names;
  for (const auto& document : documents) names.push_back(to_string(document.key));
  return names;
}

TEST(Export, gathers_zones_clusters_and_carriers_from_what_is_in_force) {
  const auto documents = export_account(
      account(), observed_with(R"({"carriers.acme.cps":50,"carriers.acme.destinations":[{"uri":"sip:a","weight":1}],)"
                               R"("cluster.limits.cps":200,"spec.channels":500,"spec.cluster":"core",)"
                               R"("spec.options.carriers":["acme"],"spec.region":"lon1","spec.zone":"london"})"));
  EXPECT_THAT(names_of(documents), ElementsAre("Account/main", "Zone/london", "Carrier/acme", "Cluster/core",
                                               "Server/lon-1", "Server/web-2j"));
  EXPECT_EQ(*find_field(find(documents, "Zone/london")->fields, "spec.region"), Json("lon1"));
  EXPECT_EQ(*find_field(find(documents, "Cluster/core")->fields, "spec.limits.cps"), Json(200));
  EXPECT_EQ(*find_field(find(documents, "Carrier/acme")->fields, "spec.cps"), Json(50));
  const auto& server = find(documents, "Server/lon-1")->fields;
  EXPECT_EQ(*find_field(server, "spec.channels"), Json(500));
  EXPECT_EQ(*find_field(server, "spec.zone"), Json("london"));
  EXPECT_EQ(find_field(server, "spec.region"), nullptr) << "the region is its zone's";
}

TEST(Export, puts_variables_in_the_place_of_secrets) {
  auto observed = observed_with("{}");
  observed.servers[0].agent->fingerprints = {{"carriers.acme.registration.password", "f1"},
                                             {"certificates.main.key", "f2"}};
  const auto documents = export_account(account(), observed);
  EXPECT_EQ(*find_field(find(documents, "Carrier/acme")->fields, "spec.registration.password"),
            Json(Json::Object{{"env", "CARRIERS_ACME_REGISTRATION_PASSWORD"}}));
  EXPECT_EQ(*find_field(find(documents, "Certificate/main")->fields, "spec.key"),
            Json(Json::Object{{"env", "CERTIFICATES_MAIN_KEY"}}));
  EXPECT_FALSE(find(documents, "Certificate/main")->notes.empty());
}

TEST(Export, says_how_an_unmarked_server_becomes_ours) {
  const auto documents = export_account(account(), observed_with("{}"));
  const auto* other = find(documents, "Server/web-2j");
  ASSERT_NE(other, nullptr);
  EXPECT_THAT(other->notes.front(), HasSubstr("switchyard import Server/web-2j --id sim-6"));
  EXPECT_EQ(*find_field(other->fields, "spec.zone"), Json("lon1"));
}

TEST(Export, gives_no_document_to_what_is_gone_or_of_another_fleet) {
  auto observed = observed_with("{}");
  observed.servers[0].mark->fleet = "other";
  observed.servers[1].missing_since = sample::now();
  EXPECT_THAT(names_of(export_account(account(), observed)), ElementsAre("Account/main"));
}

TEST(Export, keeps_a_stopped_server_stopped) {
  auto observed = observed_with("{}");
  observed.servers[0].phase = Phase::kStopped;
  EXPECT_EQ(*find_field(find(export_account(account(), observed), "Server/lon-1")->fields, "spec.power"),
            Json("stopped"));
}

}  // namespace
}  // namespace switchyard
