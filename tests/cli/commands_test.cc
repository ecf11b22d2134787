#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "providers/agent/authority.h"
#include "tests/cli/small_fleet.h"
#include "tests/support/command.h"

namespace switchyard {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Commands, version_is_said_in_text_and_json) {
  const Workplace work;
  EXPECT_THAT(work.run({"version"}).out, HasSubstr("switchyard 0."));
  EXPECT_EQ(work.run({"version", "--json"}).json().integer_or("formatVersion", 0), 1);
}

// A full disk is no reader that went away: whoever reads the file later must not take half of it for the whole.
TEST(Commands, a_result_that_a_full_disk_cuts_short_is_an_error) {
  const std::string full = std::string(SWITCHYARD_PROGRAM) + " explain Server > /dev/full 2> /dev/null";
  EXPECT_EQ(WEXITSTATUS(std::system(full.c_str())), 1);
  const std::string gone =
      std::string(SWITCHYARD_PROGRAM) + " explain Server 2>&1 | head -c 1 > /dev/null; echo ${PIPESTATUS[0]}";
  const std::string closed = "bash -c '" + gone + "' | grep -qx 0";
  EXPECT_EQ(WEXITSTATUS(std::system(closed.c_str())), 0) << "a closed pipe is none";
}

TEST(Completion, is_a_script_that_bash_reads) {
  const Workplace work;
  const auto ran = work.run({"completion", "bash"});
  ASSERT_EQ(ran.exit_code, 0);
  work.write("switchyard.bash", ran.out);
  const std::string check = "bash -n " + (work.folder() / "switchyard.bash").string();
  EXPECT_EQ(WEXITSTATUS(std::system(check.c_str())), 0);
  const std::string use =
      "bash -c 'set -e; . " + (work.folder() / "switchyard.bash").string() + "; complete -p switchyard > /dev/null'";
  EXPECT_EQ(WEXITSTATUS(std::system(use.c_str())), 0) << "it completes nothing";
}

TEST(Apply, whose_reader_has_gone_is_carried_out_to_its_end) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server_set(3));
  const std::string command = "cd " + work.folder().string() + " && bash -c '" + std::string(SWITCHYARD_PROGRAM) +
                              " apply fleet.yaml --auto-approve 2>&1 | head -1 > /dev/null; exit ${PIPESTATUS[0]}'";
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 0);
  const auto plan = work.run({"plan", "fleet.yaml", "--detailed-exitcode"});
  EXPECT_EQ(plan.exit_code, 0) << plan.out << plan.err;
}

TEST(Commands, a_usage_error_exits_with_1_and_a_suggestion) {
  const Workplace work;
  const auto ran = work.run({"plam", "fleet"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, HasSubstr("did you mean \"plan\"?"));
}

// Whoever asked for JSON need not read anything else, whatever is wrong.
TEST(Commands, a_usage_error_is_one_object_where_json_is_asked_for) {
  const Workplace work;
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"plam", "fleet", "--json"}, {"--json", "plan"}, {"version", "--json", "-C", "nowhere"}}) {
    const auto ran = work.run(words);
    EXPECT_EQ(ran.exit_code, 1);
    EXPECT_EQ(ran.json().integer_or("formatVersion", 0), 1) << ran.out;
    ASSERT_NE(ran.json().find("error"), nullptr) << ran.out;
    EXPECT_THAT(ran.err, HasSubstr(ran.json().find("error")->string_or("message", "?")));
  }
}

TEST(Commands, without_words_help_is_shown) {
  const Workplace work;
  const auto ran = work.run({});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_THAT(ran.out, HasSubstr("Usage: switchyard"));
}

TEST(Validate, says_that_sound_specs_are_valid) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a"));
  const auto ran = work.run({"validate", "fleet.yaml"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.out, "Valid: 3 resources in 1 file.\n");
}

TEST(Validate, reports_everything_at_its_place) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a", "channles: 500") + server("b", "cps: many"));
  const auto ran = work.run({"validate", "fleet.yaml"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("fleet.yaml:14:"));
  EXPECT_THAT(ran.err, HasSubstr("did you mean \"channels\"?"));
  EXPECT_THAT(ran.err, HasSubstr("fleet.yaml:19:"));
  const auto json = work.run({"validate", "fleet.yaml", "--json"});
  EXPECT_EQ(json.exit_code, 1);
  EXPECT_FALSE(json.json().boolean_or("valid", true));
  EXPECT_GE(json.json().find("diagnostics")->array()->size(), 2U);
}

TEST(Plan, shows_what_would_change_and_leaves_no_trace) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a"));
  const auto ran = work.run({"plan", "fleet.yaml"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("Zone london\n  +   Server/a  create"));
  EXPECT_THAT(ran.out, HasSubstr("fleet.yaml:"));
  EXPECT_THAT(ran.out, HasSubstr("Plan: 1 to create, 0 unchanged."));
  EXPECT_FALSE(std::filesystem::exists(work.folder() / ".switchyard"));
  EXPECT_EQ(work.run({"plan", "fleet.yaml", "--detailed-exitcode"}).exit_code, 2);
}

TEST(Plan, in_json_has_the_form_of_the_design) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a"));
  const auto json = work.run({"plan", "fleet.yaml", "--json"}).json();
  EXPECT_EQ(json.integer_or("formatVersion", 0), 1);
  EXPECT_THAT(json.string_or("desiredDigest", ""), ::testing::StartsWith("sha256:"));
  const auto& change = json.find("changes")->array()->at(0);
  EXPECT_EQ(change.string_or("resource", ""), "Server/a");
  EXPECT_EQ(change.find("source")->integer_or("line", 0), 11);
  EXPECT_EQ(json.find("summary")->integer_or("create", 0), 1);
}

TEST(Plan, of_unsound_specs_fails_with_all_complaints) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a", "nonsense: 1"));
  const auto ran = work.run({"plan", "fleet.yaml", "--json"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.json().find("error")->string_or("code", ""), "invalid");
  EXPECT_EQ(ran.json().find("diagnostics")->array()->size(), 1U);
}

TEST(Plan, of_nothing_at_all_is_an_error) {
  const Workplace work;
  work.write("empty/readme.txt", "no specs here");
  EXPECT_EQ(work.run({"plan", "empty"}).exit_code, 1);
  EXPECT_EQ(work.run({"plan", "missing"}).exit_code, 1);
}

TEST(Plan, refuses_options_that_make_no_sense) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a"));
  EXPECT_THAT(work.run({"plan", "fleet.yaml", "--target", "a"}).err, HasSubstr("KIND/NAME"));
  EXPECT_THAT(work.run({"plan", "fleet.yaml", "--what-if-balance", "lots"}).err, HasSubstr("--what-if-balance"));
  EXPECT_THAT(work.run({"plan", "fleet.yaml", "--allow-disruption", "Server/a"}).err, HasSubstr("--reason"));
}

TEST(Plan, shows_what_a_balance_would_carry) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server_set(3));
  const auto json = work.run({"plan", "fleet.yaml", "--what-if-balance", "45.00", "--json"}).json();
  EXPECT_EQ(json.find("changes")->array()->size(), 2U);
  const auto& hold = json.find("holds")->array()->at(0);
  EXPECT_EQ(hold.string_or("gate", ""), "balance");
  EXPECT_EQ(hold.string_or("needs", ""), "60.00");
  EXPECT_EQ(hold.string_or("short", ""), "15.00");
}

TEST(State, lies_in_the_nearest_folder_upwards) {
  const Workplace work;
  work.write("fleet/fleet.yaml", account_and_zone() + server("a"));
  std::filesystem::create_directory(work.folder() / ".switchyard");
  ASSERT_EQ(work.run({"-C", "fleet", "apply", "fleet.yaml", "--auto-approve"}).exit_code, 0);
  EXPECT_TRUE(std::filesystem::exists(work.folder() / ".switchyard/state.db"));
  EXPECT_FALSE(std::filesystem::exists(work.folder() / "fleet/.switchyard"));
}

TEST(State, lies_where_it_is_told_to) {
  Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a"));
  ASSERT_EQ(work.run({"apply", "fleet.yaml", "--auto-approve", "--state", "kept/one.db"}).exit_code, 0);
  EXPECT_TRUE(std::filesystem::exists(work.folder() / "kept/one.db"));
  EXPECT_TRUE(std::filesystem::exists(work.folder() / "kept/sim-main.db"));
  work.set_variable("SWITCHYARD_STATE", "kept/one.db");
  EXPECT_EQ(work.run({"plan", "fleet.yaml", "--detailed-exitcode"}).exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(work.folder() / ".switchyard"));
}

TEST(State, that_is_not_there_has_no_doctor) {
  const Workplace work;
  const auto ran = work.run({"state", "doctor"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("there is no state at"));
}

TEST(State, is_examined_and_copied) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a"));
  ASSERT_EQ(work.run({"apply", "fleet.yaml", "--auto-approve"}).exit_code, 0);
  const auto doctor = work.run({"state", "doctor", "--json"});
  EXPECT_EQ(doctor.exit_code, 0);
  EXPECT_TRUE(doctor.json().boolean_or("healthy", false));
  ASSERT_EQ(work.run({"state", "backup", "copy.db"}).exit_code, 0);
  EXPECT_EQ(work.run({"state", "backup", "copy.db"}).exit_code, 1) << "nothing is overwritten";
  EXPECT_EQ(work.run({"--state", "copy.db", "get", "servers", "--json"}).json().find("items")->array()->size(), 1U);
}

TEST(State, is_copied_with_the_authority_that_agents_obey_and_restored_by_copying_back) {
  namespace fs = std::filesystem;
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a"));
  ASSERT_EQ(work.run({"apply", "fleet.yaml", "--auto-approve"}).exit_code, 0);
  const fs::path state = work.folder() / ".switchyard";
  const auto now = std::chrono::floor<Duration>(std::chrono::system_clock::now());
  const auto authority = Authority::open_or_make(state.string(), now);
  ASSERT_TRUE(authority.ok()) << authority.error().message;
  const auto backup = work.run({"state", "backup", "copy.db", "--json"});
  ASSERT_EQ(backup.exit_code, 0) << backup.err;
  EXPECT_EQ(backup.json().find("authority")->array()->size(), 2U);
  fs::remove_all(state);
  fs::create_directory(state);
  fs::copy_file(work.folder() / "copy.db", state / "state.db");
  fs::copy_file(work.folder() / "copy.db.ca.key", state / "ca.key");
  fs::copy_file(work.folder() / "copy.db.ca.pem", state / "ca.pem");
  EXPECT_EQ(work.run({"plan", "fleet.yaml", "--detailed-exitcode"}).exit_code, 0);
  EXPECT_EQ(Authority::open(state.string())->enrolment_token("u1"), authority->enrolment_token("u1"));
  fs::remove(work.folder() / "copy.db");
  const auto again = work.run({"state", "backup", "copy.db"});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.err, HasSubstr("copy.db.ca.key"));
}

TEST(Secrets, that_are_missing_are_a_warning_of_validate_and_an_error_of_plan) {
  Workplace work;
  work.write("fleet.yaml",
             account_and_zone() + server("a", "options: {carriers: [acme]}") +
                 "---\n"
                 "apiVersion: switchyard/v1\n"
                 "kind: Carrier\n"
                 "metadata: {name: acme}\n"
                 "spec:\n"
                 "  destinations: [{uri: \"sip:gw1.carrier.example\"}]\n"
                 "  registration: {registrar: sip.carrier.example, username: u, password: {env: CARRIER_PW}}\n");
  const auto validated = work.run({"validate", "fleet.yaml"});
  EXPECT_EQ(validated.exit_code, 0) << validated.err;
  EXPECT_THAT(validated.err, HasSubstr("CARRIER_PW"));
  EXPECT_EQ(work.run({"plan", "fleet.yaml"}).exit_code, 1);
  work.set_variable("CARRIER_PW", "correct horse battery staple");
  const auto planned = work.run({"plan", "fleet.yaml", "--out", "a.plan", "--log-level", "debug"});
  EXPECT_EQ(planned.exit_code, 0) << planned.err;
  ASSERT_EQ(work.run({"apply", "a.plan", "--auto-approve"}).exit_code, 0);
  work.set_variable("CARRIER_PW", "another one");
  const auto changed = work.run({"plan", "fleet.yaml"});
  EXPECT_THAT(changed.out, HasSubstr("carriers.acme.registration.password"));
  std::string everything = planned.out + planned.err + changed.out + changed.err + work.read("a.plan");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(work.folder() / ".switchyard")) {
    everything += work.read(std::filesystem::relative(entry.path(), work.folder()).string());
  }
  EXPECT_THAT(everything, Not(HasSubstr("battery staple")));
}

TEST(Explain, tells_the_meaning_of_a_field) {
  const Workplace work;
  const auto ran = work.run({"explain", "Server.options.uacPing"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_THAT(ran.out, HasSubstr("uacPing"));
  EXPECT_EQ(work.run({"explain", "Server", "--json"}).json().integer_or("formatVersion", 0), 1);
  const auto wrong = work.run({"explain", "Sever"});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.err, HasSubstr("Server"));
}

TEST(Schema, is_json_that_names_every_kind) {
  const Workplace work;
  const auto ran = work.run({"schema"});
  EXPECT_FALSE(ran.json().is_null());
  for (const auto* kind :
       {"Account", "Zone", "Cluster", "Server", "ServerSet", "RtpServer", "Carrier", "Certificate"}) {
    EXPECT_THAT(ran.out, HasSubstr("\"" + std::string(kind) + "\""));
  }
}

}  // namespace
}  // namespace switchyard
