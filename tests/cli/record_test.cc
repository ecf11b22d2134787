#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include "tests/cli/small_fleet.h"
#include "tests/support/command.h"

namespace switchyard {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kCanary = "canary-7f3a91";

std::string with_a_secret() {
  auto fleet = account_and_zone() + server("a") + server("b");
  fleet +=
      "---\napiVersion: switchyard/v1\nkind: Carrier\nmetadata: {name: acme}\n"
      "spec: {destinations: [{uri: \"sip:gw.example\"}], "
      "registration: {registrar: r.example, username: u, password: {env: SIP_PASSWORD}}}\n";
  const auto at = fleet.find("channels: 500, cps: 50");
  fleet.insert(at, "options: {carriers: [acme]}, ");
  return fleet;
}

class Record : public ::testing::Test {
 protected:
  Record() { work_.set_variable("SIP_PASSWORD", kCanary); }
  Ran apply(std::vector<std::string> more = {}) const {
    std::vector<std::string> words{"apply", "fleet.yaml", "--auto-approve", "--record", "it.record"};
    words.insert(words.end(), more.begin(), more.end());
    return work_.run(words);
  }
  // On a machine that has nothing but the record.
  static Ran replayed(const std::string& record) {
    const Workplace elsewhere;
    elsewhere.write("it.record", record);
    return elsewhere.run({"replay", "it.record", "--json"});
  }
  Workplace work_;
};

TEST_F(Record, is_replayed_elsewhere_with_the_same_decisions) {
  work_.write("fleet.yaml", with_a_secret());
  ASSERT_EQ(apply().exit_code, 0);
  const auto json = replayed(work_.read("it.record")).json();
  EXPECT_TRUE(json.boolean_or("same", false)) << to_string(json);
  EXPECT_GE(json.integer_or("plans", 0), 2);
  EXPECT_GE(json.integer_or("calls", 0), 8);
  EXPECT_FALSE(json.boolean_or("cutShort", true));
}

TEST_F(Record, of_a_second_apply_begins_with_the_state_it_found) {
  work_.write("fleet.yaml", with_a_secret());
  ASSERT_EQ(work_.run({"apply", "fleet.yaml", "--auto-approve"}).exit_code, 0);
  auto fleet = with_a_secret();
  fleet.replace(fleet.find("channels: 500"), 13, "channels: 400");
  work_.write("fleet.yaml", fleet);
  ASSERT_EQ(apply().exit_code, 0);
  const auto ran = replayed(work_.read("it.record"));
  EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
}

TEST_F(Record, holds_no_secret_and_is_for_its_owner_only) {
  work_.write("fleet.yaml", with_a_secret());
  ASSERT_EQ(apply().exit_code, 0);
  ASSERT_EQ(work_.run({"apply", "fleet.yaml", "--auto-approve", "--record", "second.record"}).exit_code, 0);
  for (const char* name : {"it.record", "second.record"}) {
    EXPECT_THAT(work_.read(name), Not(HasSubstr(kCanary)));
    struct stat found {};
    ASSERT_EQ(::stat((work_.folder() / name).c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0600U);
  }
  EXPECT_THAT(work_.read("second.record"), HasSubstr("fingerprint 1"));
}

TEST_F(Record, of_faults_and_the_way_around_them_is_replayed) {
  work_.write("fleet.yaml", with_a_secret());
  for (const char* kind : {"drop-after-commit", "drop-before-commit", "refuse", "fail-action"}) {
    ASSERT_EQ(work_.run({"sim", "ctl", "--world", kWorld, "fault", kind, "--times", "1"}).exit_code, 0);
  }
  apply();
  const auto ran = replayed(work_.read("it.record"));
  EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  EXPECT_THAT(work_.read("it.record"), HasSubstr("outcome-unknown"));
}

TEST_F(Record, over_http_is_replayed) {
  auto served = work_.start({"sim", "--world", "world.db", "--listen", "127.0.0.1:0", "--speed", "3600"});
  ASSERT_TRUE(served.wait_for("\n"));
  const auto at = served.said().find("http://");
  const auto endpoint = served.said().substr(at, served.said().find('\n', at) - at);
  auto fleet = with_a_secret();
  fleet.replace(fleet.find("provider: sim"), 13, "provider: sim, endpoint: \"" + endpoint + "\"");
  work_.write("fleet.yaml", fleet);
  ASSERT_EQ(apply().exit_code, 0);
  const auto ran = replayed(work_.read("it.record"));
  EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
}

TEST_F(Record, of_the_loop_is_replayed_over_changed_specs_and_a_persons_word) {
  work_.write("fleet/fleet.yaml", account_and_zone() + server("a"));
  auto loop = work_.start({"run", "fleet", "--interval", "100ms", "--record", "loop.record"});
  ASSERT_TRUE(loop.wait_for("1 change done."));
  ASSERT_EQ(work_.run({"suspend", "Server/b", "--reason", "not yet"}).exit_code, 0);
  work_.write("fleet/more.yaml", server("b").substr(4));
  ASSERT_TRUE(loop.wait_for("1 held"));
  ASSERT_EQ(work_.run({"resume", "Server/b"}).exit_code, 0);
  ASSERT_TRUE(loop.wait_for("1 to create, 1 unchanged."));
  loop.signal(SIGTERM);
  ASSERT_EQ(loop.end().exit_code, 0);
  const auto json = replayed(work_.read("loop.record")).json();
  EXPECT_TRUE(json.boolean_or("same", false)) << to_string(json);
  EXPECT_GE(json.integer_or("parts", 0), 3);
}

TEST_F(Record, says_where_the_program_decides_differently) {
  work_.write("fleet.yaml", with_a_secret());
  ASSERT_EQ(apply().exit_code, 0);
  // As if the program that recorded had created b before a.
  auto record = work_.read("it.record");
  const auto decided = record.find("{\"decided\"");
  const auto change = record.find("\"resource\":\"Server/a\"", decided);
  ASSERT_NE(change, std::string::npos);
  record.replace(change, 21, "\"resource\":\"Server/z\"");
  const auto ran = replayed(record);
  EXPECT_EQ(ran.exit_code, 2);
  const auto json = ran.json();
  ASSERT_NE(json.find("parting"), nullptr);
  EXPECT_EQ(json.find("parting")->string_or("path", ""), "changes[0].resource");
  EXPECT_EQ(json.find("parting")->string_or("recorded", ""), "Server/z");
  EXPECT_EQ(json.find("parting")->string_or("now", ""), "Server/a");
}

TEST_F(Record, that_a_crash_cut_short_is_replayed_as_far_as_it_goes) {
  work_.write("fleet.yaml", with_a_secret());
  ASSERT_EQ(apply().exit_code, 0);
  const auto record = work_.read("it.record");
  const auto json = replayed(record.substr(0, record.size() - 20)).json();
  EXPECT_TRUE(json.boolean_or("same", false)) << to_string(json);
  EXPECT_TRUE(json.boolean_or("cutShort", false));
  for (std::size_t size = record.size() / 8; size < record.size(); size += record.size() / 8) {
    const auto ran = replayed(record.substr(0, size));
    EXPECT_TRUE(ran.exit_code == 0 || ran.exit_code == 1) << ran.out << ran.err;
  }
}

TEST_F(Record, is_never_written_over_a_file_and_a_stranger_is_refused) {
  work_.write("fleet.yaml", account_and_zone() + server("a"));
  work_.write("it.record", "mine");
  const auto ran = apply();
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("is there already"));
  EXPECT_EQ(work_.read("it.record"), "mine");
  EXPECT_EQ(replayed("mine\n").exit_code, 1);
  const auto newer = replayed("{\"switchyardRecord\":2,\"program\":\"9.0\"}\n");
  EXPECT_EQ(newer.exit_code, 1);
  EXPECT_THAT(newer.err, HasSubstr("newer version (9.0)"));
}

}  // namespace
}  // namespace switchyard
