#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/small_fleet.h"
#include "tests/support/command.h"

namespace switchyard {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A fleet of two that has converged.
class ByHand : public ::testing::Test {
 protected:
  ByHand() {
    work_.write("fleet.yaml", account_and_zone() + server("a") + server("b"));
    const auto ran = work_.run({"apply", "fleet.yaml", "--auto-approve"});
    EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  }
  Ran ctl(std::vector<std::string> words) const {
    std::vector<std::string> all{"sim", "ctl", "--world", kWorld};
    all.insert(all.end(), words.begin(), words.end());
    return work_.run(all);
  }
  Workplace work_;
};

TEST_F(ByHand, get_shows_servers_and_one_of_them) {
  const auto all = work_.run({"get", "servers"});
  EXPECT_EQ(all.exit_code, 0);
  EXPECT_THAT(all.out, HasSubstr("NAME  IP"));
  EXPECT_THAT(all.out, HasSubstr("active"));
  const auto one = work_.run({"get", "Server", "a", "--json"}).json();
  ASSERT_EQ(one.find("items")->array()->size(), 1U);
  EXPECT_EQ(one.find("items")->array()->at(0).find("channels")->integer_or("allowed", 0), 500);
  const auto wrong = work_.run({"get", "server", "c"});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.err, HasSubstr("there is no Server \"c\""));
  EXPECT_THAT(work_.run({"get", "zones"}).out, HasSubstr("london"));
  EXPECT_THAT(work_.run({"get", "accounts"}).out, HasSubstr("USD"));
}

TEST_F(ByHand, describe_knows_specs_world_and_history) {
  const auto ran = work_.run({"describe", "server/a"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("fleet.yaml:11"));
  EXPECT_THAT(ran.out, HasSubstr("Provider, seen"));
  EXPECT_THAT(ran.out, HasSubstr("spec.channels"));
  EXPECT_THAT(ran.out, HasSubstr("Last events"));
  EXPECT_EQ(work_.run({"describe", "Server/nobody"}).exit_code, 1);
  EXPECT_EQ(work_.run({"describe", "Server/a", "--json"}).json().string_or("resource", ""), "Server/a");
}

TEST_F(ByHand, why_says_why_nothing_happens) {
  const auto ran = work_.run({"why", "Server/a"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("Nothing happens to Server/a: it is as the specs say."));
  EXPECT_THAT(ran.out, HasSubstr("fleet.yaml:11"));
  EXPECT_EQ(work_.run({"why", "Server/nobody"}).exit_code, 1);
}

TEST_F(ByHand, why_names_the_line_that_a_change_comes_from) {
  work_.write("fleet.yaml", account_and_zone() + server("a", "channels: 400, cps: 50") + server("b"));
  const auto ran = work_.run({"why", "Server/a"});
  EXPECT_THAT(ran.out, HasSubstr("\"spec.channels\": the specs say 400 (fleet.yaml:14); in force is 500"));
}

TEST_F(ByHand, events_tell_who_did_what) {
  const auto all = work_.run({"events", "--resource", "Server/a"});
  EXPECT_EQ(all.exit_code, 0);
  EXPECT_THAT(all.out, HasSubstr("Server/a"));
  EXPECT_THAT(all.out, Not(HasSubstr("Server/b")));
  EXPECT_THAT(work_.run({"events", "--actor", "nobody"}).err, HasSubstr("No events."));
  const auto json = work_.run({"events", "--json", "--limit", "1"}).json();
  EXPECT_EQ(json.find("events")->array()->size(), 1U);
  EXPECT_EQ(work_.run({"events", "--since", "whenever"}).exit_code, 1);
}

TEST_F(ByHand, a_suspended_server_is_left_alone_until_it_is_resumed) {
  work_.set_variable("SWITCHYARD_ACTOR", "ben@desk");
  const auto ran = work_.run({"suspend", "Server/a", "--reason", "the carrier is testing", "--until", "2h"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("Server/a is suspended until "));
  ASSERT_EQ(ctl({"power", "a", "off"}).exit_code, 0);
  const auto plan = work_.run({"plan", "fleet.yaml"});
  EXPECT_THAT(plan.out, HasSubstr("suspended by ben@desk"));
  EXPECT_EQ(work_.run({"plan", "fleet.yaml", "--json"}).json().find("changes")->array()->size(), 0U);
  EXPECT_THAT(work_.run({"events", "--actor", "ben@desk"}).out, HasSubstr("the carrier is testing"));
  ASSERT_EQ(work_.run({"resume", "Server/a"}).exit_code, 0);
  EXPECT_EQ(work_.run({"plan", "fleet.yaml", "--detailed-exitcode"}).exit_code, 2);
  EXPECT_THAT(work_.run({"resume", "Server/a"}).err, HasSubstr("Nothing to do"));
}

TEST_F(ByHand, a_suspension_ends_by_itself_on_the_worlds_clock) {
  ASSERT_EQ(work_.run({"suspend", "Server/a", "--until", "1h"}).exit_code, 0);
  ASSERT_EQ(ctl({"power", "a", "off"}).exit_code, 0);
  EXPECT_EQ(work_.run({"plan", "fleet.yaml", "--json"}).json().find("changes")->array()->size(), 0U);
  ASSERT_EQ(ctl({"advance", "61m"}).exit_code, 0);
  EXPECT_EQ(work_.run({"plan", "fleet.yaml", "--json"}).json().find("changes")->array()->size(), 1U);
}

TEST_F(ByHand, a_suspension_of_a_misspelt_name_warns) {
  const auto ran = work_.run({"suspend", "Server/aa"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_THAT(ran.err, HasSubstr("knows no Server/aa"));
  EXPECT_EQ(work_.run({"suspend", "Server/a", "--until", "2020-01-01T00:00:00Z"}).exit_code, 1);
}

TEST_F(ByHand, a_suspended_zone_is_all_that_stands_in_it) {
  work_.set_variable("SWITCHYARD_ACTOR", "ben@desk");
  const auto ran = work_.run({"suspend", "Zone/london", "--reason", "works in the building"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.err, Not(HasSubstr("knows no"))) << "the specs know it";
  work_.write("more.yaml", server("z").substr(4));
  const auto plan = work_.run({"plan", "fleet.yaml", "more.yaml"});
  EXPECT_THAT(plan.out, HasSubstr("Zone/london was suspended by ben@desk: works in the building"));
  EXPECT_EQ(work_.run({"resume", "Zone/london"}).exit_code, 0);
  EXPECT_THAT(work_.run({"plan", "fleet.yaml", "more.yaml"}).out, HasSubstr("1 to create"));
  EXPECT_EQ(work_.run({"suspend", "Carrier/acme"}).exit_code, 1) << "nothing would come of it";
}

TEST_F(ByHand, why_says_who_suspended_what_a_server_belongs_to) {
  work_.set_variable("SWITCHYARD_ACTOR", "ben@desk");
  work_.write("fleet.yaml", account_and_zone() +
                                "---\napiVersion: switchyard/v1\nkind: Cluster\nmetadata: {name: core}\nspec: {}\n" +
                                server("a", "cluster: core, channels: 500, cps: 50") + server("b") + server_set(1));
  ASSERT_EQ(work_.run({"apply", "fleet.yaml", "--auto-approve"}).exit_code, 0);
  const std::vector<std::pair<std::string, std::string>> cases{
      {"Zone/london", "Server/b"}, {"Cluster/core", "Server/a"}, {"ServerSet/lon", "Server/lon-1"}};
  for (const auto& [whole, part] : cases) {
    ASSERT_EQ(work_.run({"suspend", whole, "--reason", "works in the building"}).exit_code, 0);
    const auto ran = work_.run({"why", part});
    EXPECT_THAT(ran.out, HasSubstr("a person's word is respected")) << whole;
    EXPECT_THAT(ran.out, HasSubstr(whole + " is suspended by ben@desk")) << whole;
    EXPECT_THAT(work_.run({"why", whole}).out, HasSubstr(whole + " is suspended by ben@desk")) << whole;
    ASSERT_EQ(work_.run({"resume", whole}).exit_code, 0);
    EXPECT_THAT(work_.run({"why", part}).out, Not(HasSubstr("suspended")));
  }
}

TEST_F(ByHand, why_names_the_servers_that_change_with_a_document) {
  work_.write("fleet.yaml", account_and_zone() + server("a", "options: {carriers: [acme]}") + server("b") +
                                server_set(7) +
                                "---\napiVersion: switchyard/v1\nkind: Carrier\nmetadata: {name: acme}\n"
                                "spec: {destinations: [{uri: \"sip:gw.example\"}]}\n");
  EXPECT_THAT(work_.run({"why", "Carrier/acme"}).out,
              HasSubstr("1 declared server uses it (Server/a); the plan has 1 change for them."));
  EXPECT_THAT(work_.run({"why", "ServerSet/lon"}).out,
              HasSubstr("7 declared servers in it (Server/lon-1, Server/lon-2, Server/lon-3, Server/lon-4, "
                        "Server/lon-5 and 2 more); the plan has 7 changes for them."));
  EXPECT_THAT(work_.run({"why", "Account/main"}).out, HasSubstr("9 declared servers in it"));
}

TEST_F(ByHand, a_frozen_account_changes_nothing) {
  ASSERT_EQ(work_.run({"freeze", "--reason", "billing is wrong"}).exit_code, 0);
  work_.write("fleet.yaml", account_and_zone() + server("a") + server("b") + server("c"));
  EXPECT_EQ(work_.run({"apply", "fleet.yaml", "--auto-approve"}).exit_code, 3);
  EXPECT_EQ(work_.run({"get", "servers", "--json"}).json().find("items")->array()->size(), 2U);
  ASSERT_EQ(work_.run({"unfreeze", "main"}).exit_code, 0);
  EXPECT_EQ(work_.run({"apply", "fleet.yaml", "--auto-approve"}).exit_code, 0);
}

TEST_F(ByHand, a_server_that_was_stopped_by_hand_stays_stopped) {
  const auto stopped = work_.run({"action", "stop", "a", "--reason", "new disk"});
  ASSERT_EQ(stopped.exit_code, 0) << stopped.out << stopped.err;
  const auto plan = work_.run({"plan", "fleet.yaml"});
  EXPECT_THAT(plan.out, HasSubstr("stopped by "));
  ASSERT_EQ(work_.run({"action", "start", "Server/a"}).exit_code, 0);
  EXPECT_EQ(work_.run({"plan", "fleet.yaml", "--detailed-exitcode"}).exit_code, 0);
}

TEST_F(ByHand, an_action_wants_a_server_that_there_is) {
  const auto ran = work_.run({"action", "restart", "aa"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("there is no server \"aa\""));
  EXPECT_EQ(work_.run({"action", "resize", "a"}).exit_code, 1) << "without --size";
  EXPECT_EQ(work_.run({"action", "restart", "a", "--allow-disruption", "Server/a"}).exit_code, 1) << "without --reason";
}

TEST_F(ByHand, an_account_is_exported_as_yaml_whose_plan_is_empty) {
  work_.write(
      "fleet.yaml",
      account_and_zone() +
          "---\n"
          "apiVersion: switchyard/v1\n"
          "kind: Cluster\n"
          "metadata: {name: core}\n"
          "spec: {limits: {cps: 200}, share: {dialogs: false}}\n"
          "---\n"
          "apiVersion: switchyard/v1\n"
          "kind: RtpServer\n"
          "metadata: {name: media, labels: {tier: t1}}\n"
          "spec: {zone: london, size: s-4vcpu-8gb, aliases: [voice]}\n" +
          server("a", "channels: 400, cluster: core, alias: Ben, options: {ports: {udp: [5080]}, anyReg: true}") +
          server("b", "channels: 300, power: stopped") +
          server("c", "channels: 300, cluster: core, options: {capacityFailover: a}"));
  ASSERT_EQ(work_.run({"apply", "fleet.yaml", "--auto-approve"}).exit_code, 0);
  const auto exported = work_.run({"export", "main"});
  ASSERT_EQ(exported.exit_code, 0) << exported.err;
  work_.write("exported/fleet.yaml", exported.out);
  const auto plan = work_.run({"plan", "exported", "--detailed-exitcode"});
  EXPECT_EQ(plan.exit_code, 0) << exported.out << plan.out << plan.err;
  EXPECT_EQ(work_.run({"export", "nobody"}).exit_code, 1);
}

TEST_F(ByHand, an_account_is_exported_without_any_specs) {
  const auto exported = work_.run({"export", "main", "--path", ".switchyard", "--provider", "sim"});
  ASSERT_EQ(exported.exit_code, 0) << exported.err;
  EXPECT_THAT(exported.out, HasSubstr("name: a"));
}

TEST_F(ByHand, a_foreign_server_is_imported_once_it_is_named) {
  ASSERT_EQ(ctl({"set", "b", "mark", "none"}).exit_code, 0);
  work_.write("fleet.yaml", account_and_zone() + server("a"));
  const auto id = ctl({"dump", "--json"}).json().find("servers")->array()->at(1).string_or("id", "");
  const auto undeclared = work_.run({"import", "Server/b", "--id", id});
  EXPECT_EQ(undeclared.exit_code, 1);
  EXPECT_THAT(undeclared.out, HasSubstr("kind: Server"));
  work_.write("fleet.yaml", account_and_zone() + server("a") + "---\n" + undeclared.out);
  const auto imported = work_.run({"import", "Server/b", "--id", id});
  EXPECT_EQ(imported.exit_code, 0) << imported.out << imported.err;
  const auto plan = work_.run({"plan", "fleet.yaml", "--detailed-exitcode"});
  EXPECT_EQ(plan.exit_code, 0) << plan.out << plan.err;
  EXPECT_EQ(work_.run({"import", "Zone/b", "--id", id}).exit_code, 1);
  EXPECT_EQ(work_.run({"import", "Server/b"}).exit_code, 1);
}

}  // namespace
}  // namespace switchyard
