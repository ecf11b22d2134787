#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "specs/base/timestamp.h"
#include "tests/cli/small_fleet.h"
#include "tests/support/command.h"

namespace switchyard {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

// The endpoint that a served world announced on its first line.
std::string endpoint_of(const std::string& line) {
  const auto at = line.find("http://");
  return line.substr(at, line.find('\n', at) - at);
}

TEST(Sim, serves_a_world_that_apply_and_ctl_reach) {
  const Workplace work;
  auto served = work.start({"sim", "--world", "world.db", "--listen", "127.0.0.1:0", "--speed", "3600"});
  ASSERT_TRUE(served.wait_for("\n"));
  const auto endpoint = endpoint_of(served.said());
  auto fleet = account_and_zone() + server("a");
  fleet.replace(fleet.find("provider: sim"), 13, "provider: sim, endpoint: \"" + endpoint + "\"");
  work.write("fleet.yaml", fleet);
  const auto applied = work.run({"apply", "fleet.yaml", "--auto-approve"});
  EXPECT_EQ(applied.exit_code, 0) << applied.out << applied.err;
  const auto dump = work.run({"sim", "ctl", "--endpoint", endpoint, "dump", "--json"}).json();
  EXPECT_EQ(dump.find("servers")->array()->size(), 1U);
  // The world began on 2026-01-01, which is long ago here; what it reports is not.
  const std::vector<std::vector<std::string>> telling{{"plan", "fleet.yaml"},
                                                      {"plan", "fleet.yaml", "--refresh=false"},
                                                      {"get", "accounts"},
                                                      {"get", "servers"},
                                                      {"describe", "Server/a"},
                                                      {"describe", "Account/main"},
                                                      {"why", "Server/a", "--path", "fleet.yaml"}};
  for (const auto& command : telling) {
    const auto told = work.run(command);
    EXPECT_EQ(told.exit_code, 0) << command.front() << ": " << told.err;
    EXPECT_THAT(told.out, Not(ContainsRegex("[0-9][0-9][0-9]d "))) << command.front();
  }
  served.signal(SIGTERM);
  EXPECT_EQ(served.end().exit_code, 0);
}

TEST(Apply, that_is_interrupted_says_so_and_is_resumed) {
  const Workplace work;
  auto served = work.start({"sim", "--world", "world.db", "--listen", "127.0.0.1:0", "--speed", "1"});
  ASSERT_TRUE(served.wait_for("\n"));
  const auto endpoint = endpoint_of(served.said());
  auto fleet = account_and_zone() + server_set(3);
  fleet.replace(fleet.find("provider: sim"), 13, "provider: sim, endpoint: \"" + endpoint + "\"");
  work.write("fleet.yaml", fleet);
  auto apply = work.start({"apply", "fleet.yaml", "--auto-approve", "--json"});
  ASSERT_TRUE(apply.wait_for_talk("waits for delivery"));
  apply.signal(SIGINT);
  const auto ended = apply.end();
  EXPECT_EQ(ended.exit_code, 4) << ended.err;
  EXPECT_TRUE(ended.json().find("result")->boolean_or("interrupted", false));
  ASSERT_EQ(work.run({"sim", "ctl", "--endpoint", endpoint, "advance", "10m"}).exit_code, 0);
  const auto resumed = work.run({"apply", "fleet.yaml", "--auto-approve"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.out << resumed.err;
  const auto dump = work.run({"sim", "ctl", "--endpoint", endpoint, "dump", "--json"}).json();
  EXPECT_EQ(dump.find("servers")->array()->size(), 3U);
  EXPECT_EQ(work.run({"plan", "fleet.yaml", "--detailed-exitcode"}).exit_code, 0);
}

TEST(Apply, names_the_account_that_cannot_be_reached_and_goes_on_when_it_is_back) {
  const Workplace work;
  auto served = work.start({"sim", "--world", "world.db", "--listen", "127.0.0.1:0", "--speed", "1"});
  ASSERT_TRUE(served.wait_for("\n"));
  const auto endpoint = endpoint_of(served.said());
  auto fleet = account_and_zone() + server("a");
  fleet.replace(fleet.find("provider: sim"), 13, "provider: sim, endpoint: \"" + endpoint + "\"");
  work.write("fleet.yaml", fleet);
  auto apply = work.start({"apply", "fleet.yaml", "--auto-approve"});
  ASSERT_TRUE(apply.wait_for_talk("waits for delivery"));
  served.signal(SIGTERM);
  ASSERT_EQ(served.end().exit_code, 0);
  ASSERT_TRUE(apply.wait_for_talk("[0/1] account \"main\" cannot be seen: "));
  ASSERT_TRUE(apply.wait_for_talk("1 change waits for it, "));
  ASSERT_EQ(work.run({"sim", "ctl", "--world", "world.db", "advance", "10m"}).exit_code, 0);
  auto back = work.start({"sim", "--world", "world.db", "--listen", endpoint.substr(7), "--speed", "1"});
  ASSERT_TRUE(back.wait_for("\n"));
  const auto ended = apply.end();
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("account \"main\" answers again\n"));
  EXPECT_EQ(work.run({"plan", "fleet.yaml", "--detailed-exitcode"}).exit_code, 0);
}

TEST(Run, takes_up_changes_and_ends_well_at_a_signal) {
  const Workplace work;
  work.write("fleet/fleet.yaml", account_and_zone() + server("a"));
  auto loop = work.start({"run", "fleet", "--interval", "100ms", "--json"});
  ASSERT_TRUE(loop.wait_for("\"changesDone\":1"));
  work.write("fleet/more.yaml", server("b").substr(4));
  ASSERT_TRUE(loop.wait_for(
      "\"changesDone\":1,\"holds\":[],\"failures\":[],\"stale\":[],\"interrupted\":false,\"exitCode\":0}}\n{"));
  const auto other = work.run({"apply", "fleet", "--auto-approve"});
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.err, HasSubstr("locked by"));
  loop.signal(SIGINT);
  EXPECT_EQ(loop.end().exit_code, 0);
  EXPECT_EQ(work.run({"plan", "fleet", "--detailed-exitcode"}).exit_code, 0);
  const auto dump = work.run({"sim", "ctl", "--world", kWorld, "dump", "--json"}).json();
  const auto& servers = *dump.find("servers")->array();
  ASSERT_EQ(servers.size(), 2U);
  EXPECT_NE(servers[0].string_or("uid", ""), servers[1].string_or("uid", "")) << "each engine draws uids of its own";
}

TEST(Run, goes_on_after_unsound_specs) {
  const Workplace work;
  work.write("fleet/fleet.yaml", account_and_zone() + server("a"));
  auto loop = work.start({"run", "fleet", "--interval", "100ms"});
  ASSERT_TRUE(loop.wait_for("1 change done."));
  work.write("fleet/more.yaml", "kind: [");
  ASSERT_TRUE(loop.wait_for_talk("the specs are not sound"));
  work.write("fleet/more.yaml", server("b").substr(4));
  ASSERT_TRUE(loop.wait_for("1 to create, 1 unchanged."));
  loop.signal(SIGTERM);
  EXPECT_EQ(loop.end().exit_code, 0);
}

TEST(Run, begins_with_unsound_specs_and_takes_them_up_once_they_are_mended) {
  const Workplace work;
  work.write("fleet/fleet.yaml", "kind: [");
  auto loop = work.start({"run", "fleet", "--interval", "100ms"});
  ASSERT_TRUE(loop.wait_for_talk("the specs are not sound"));
  work.write("fleet/fleet.yaml", account_and_zone() + server("a"));
  ASSERT_TRUE(loop.wait_for("1 change done."));
  loop.signal(SIGTERM);
  EXPECT_EQ(loop.end().exit_code, 0);
}

TEST(Run, begins_with_an_account_that_cannot_be_connected) {
  Workplace work;
  work.set_variable("TOKEN", "t");
  const std::string sound = account_and_zone() + server("a");
  std::string other = sound;
  other.replace(other.find("provider: sim"), 13, "provider: hetzner, credentials: {token: {env: TOKEN}}");
  work.write("fleet/fleet.yaml", other);
  auto loop = work.start({"run", "fleet", "--interval", "100ms"});
  ASSERT_TRUE(loop.wait_for_talk("is not built into this version yet"));
  work.write("fleet/fleet.yaml", sound);
  ASSERT_TRUE(loop.wait_for("1 change done."));
  loop.signal(SIGTERM);
  EXPECT_EQ(loop.end().exit_code, 0);
}

TEST(Run, that_cannot_begin_ends_at_a_signal) {
  const Workplace work;
  work.write("fleet.yaml", "kind: [");
  auto loop = work.start({"run", "fleet.yaml"});
  ASSERT_TRUE(loop.wait_for_talk("the specs are not sound"));
  loop.signal(SIGTERM);
  EXPECT_EQ(loop.end().exit_code, 0);
}

TEST(Run, does_not_begin_without_its_state_or_beside_another_writer) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a"));
  auto loop = work.start({"run", "fleet.yaml", "--interval", "1h"});
  ASSERT_TRUE(loop.wait_for("1 change done."));
  const auto second = work.run({"run", "fleet.yaml"});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.err, HasSubstr("locked by"));
  loop.signal(SIGTERM);
  EXPECT_EQ(loop.end().exit_code, 0);
  work.write(".switchyard/state.db", std::string(8192, 'x'));
  const auto broken = work.run({"run", "fleet.yaml"});
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_THAT(broken.err, HasSubstr("state.db"));
}

TEST(Run, once_with_unsound_specs_is_an_error) {
  const Workplace work;
  work.write("fleet.yaml", "kind: [");
  const auto ran = work.run({"run", "fleet.yaml", "--once"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("error: the specs are not sound"));
}

TEST(Run, goes_on_after_an_account_that_cannot_be_connected) {
  Workplace work;
  work.set_variable("TOKEN", "t");
  const std::string sound = account_and_zone() + server("a");
  work.write("fleet/fleet.yaml", sound);
  auto loop = work.start({"run", "fleet", "--interval", "100ms"});
  ASSERT_TRUE(loop.wait_for("1 change done."));
  std::string other = sound;
  other.replace(other.find("provider: sim"), 13, "provider: hetzner, credentials: {token: {env: TOKEN}}");
  work.write("fleet/fleet.yaml", other);
  ASSERT_TRUE(loop.wait_for_talk("is not built into this version yet"));
  work.write("fleet/fleet.yaml", sound + server("b"));
  ASSERT_TRUE(loop.wait_for("1 to create, 1 unchanged."));
  loop.signal(SIGTERM);
  EXPECT_EQ(loop.end().exit_code, 0);
}

TEST(Run, lets_a_person_freeze_the_account_it_works_on) {
  const Workplace work;
  work.write("fleet/fleet.yaml", account_and_zone() + server("a"));
  auto loop = work.start({"run", "fleet", "--interval", "100ms"});
  ASSERT_TRUE(loop.wait_for("1 change done."));
  const auto frozen = work.run({"freeze", "main", "--reason", "billing is wrong"});
  ASSERT_EQ(frozen.exit_code, 0) << frozen.err;
  work.write("fleet/more.yaml", server("b").substr(4));
  ASSERT_TRUE(loop.wait_for("1 held"));
  ASSERT_EQ(work.run({"unfreeze", "main"}).exit_code, 0);
  ASSERT_TRUE(loop.wait_for("1 to create, 1 unchanged."));
  loop.signal(SIGTERM);
  EXPECT_EQ(loop.end().exit_code, 0);
}

// Nothing is planned while nothing changes; whatever does is seen at the next look.
TEST(Run, that_is_at_rest_sees_what_happens_to_its_servers_specs_and_money) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a"));
  auto loop = work.start({"run", "fleet.yaml", "--interval", "100ms"});
  ASSERT_TRUE(loop.wait_for("1 change done."));
  const auto ctl = [&work](std::vector<std::string> words) {
    words.insert(words.begin(), {"sim", "ctl", "--world", kWorld});
    words.emplace_back("--json");
    return work.run(words).json();
  };
  // Each round moves the world on by as much as the loop waits.
  const auto rest = [&ctl] {
    const auto now = [&ctl] { return parse_timestamp(ctl({"dump"}).string_or("now", "")).value(); };
    const Timestamp later = now() + std::chrono::seconds(1);
    while (now() < later) continue;
  };
  rest();
  ctl({"set", "a", "cps", "7"});
  ASSERT_TRUE(loop.wait_for("1 to update, 0 unchanged."));
  rest();
  work.write("fleet.yaml", account_and_zone() + server("a", "channels: 500, cps: 51"));
  rest();
  EXPECT_EQ(work.run({"plan", "fleet.yaml", "--detailed-exitcode"}).exit_code, 0) << "a file of the same size";
  ctl({"power", "a", "off"});
  ASSERT_TRUE(loop.wait_for("1 action"));
  rest();
  ctl({"balance", "0.01"});
  ctl({"expire", "a"});
  ASSERT_TRUE(loop.wait_for("1 held"));
  ctl({"balance", "500"});
  rest();
  rest();
  EXPECT_EQ(work.run({"plan", "fleet.yaml", "--detailed-exitcode"}).exit_code, 0);
  loop.signal(SIGTERM);
  EXPECT_EQ(loop.end().exit_code, 0);
}

TEST(Run, leaves_time_between_two_looks) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a"));
  const auto ran = work.run({"run", "fleet.yaml", "--interval", "0s"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("--interval"));
}

TEST(Run, once_does_one_round) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a"));
  EXPECT_EQ(work.run({"run", "fleet.yaml", "--once"}).exit_code, 0);
  EXPECT_EQ(work.run({"plan", "fleet.yaml", "--detailed-exitcode"}).exit_code, 0);
}

TEST(Events, are_followed_as_they_come) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a"));
  ASSERT_EQ(work.run({"apply", "fleet.yaml", "--auto-approve"}).exit_code, 0);
  auto events = work.start({"events", "--follow", "--json"});
  ASSERT_TRUE(events.wait_for("\"formatVersion\":1"));
  ASSERT_EQ(work.run({"suspend", "Server/a", "--reason", "a word from elsewhere"}).exit_code, 0);
  ASSERT_TRUE(events.wait_for("a word from elsewhere"));
  events.signal(SIGINT);
  EXPECT_EQ(events.end().exit_code, 0);
}

}  // namespace
}  // namespace switchyard
