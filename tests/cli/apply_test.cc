#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/cli/small_fleet.h"
#include "tests/support/command.h"
#include "tests/support/source_folder.h"

namespace switchyard {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string quickstart() {
  std::ifstream file(source_folder() / "examples/quickstart/fleet.yaml");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(Apply, without_a_terminal_or_a_flag_does_nothing) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a"));
  const auto ran = work.run({"apply", "fleet.yaml"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("--auto-approve"));
  EXPECT_EQ(work.run({"plan", "fleet.yaml", "--detailed-exitcode"}).exit_code, 2);
}

TEST(Apply, always_looks_first_and_says_so) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a"));
  for (const char* command : {"apply", "destroy"}) {
    const auto ran = work.run({command, "fleet.yaml", "--refresh=false", "--auto-approve"});
    EXPECT_EQ(ran.exit_code, 1);
    EXPECT_THAT(ran.err, HasSubstr("there is no option \"--refresh\" here: what changes the world looks at it first"));
  }
}

TEST(Apply, converges_and_the_next_plan_is_empty) {
  const Workplace work;
  work.write("fleet.yaml", quickstart());
  const auto ran = work.run({"apply", "fleet.yaml", "--auto-approve"});
  ASSERT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("create Server/core-1 done"));
  EXPECT_THAT(ran.out, HasSubstr("done.\n"));
  const auto plan = work.run({"plan", "fleet.yaml", "--detailed-exitcode"});
  EXPECT_EQ(plan.exit_code, 0) << plan.out;
  EXPECT_THAT(plan.out, HasSubstr("No changes."));
  EXPECT_EQ(work.run({"drift", "fleet.yaml"}).exit_code, 0);
  const auto again = work.run({"apply", "fleet.yaml", "--json"});
  EXPECT_EQ(again.exit_code, 0) << "nothing to ask about: " << again.err;
  EXPECT_EQ(again.json().find("result")->integer_or("changesDone", -1), 0);
}

TEST(Apply, deploys_what_the_balance_carries_and_holds_the_rest) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server_set(5));
  ASSERT_EQ(work.run({"apply", "fleet.yaml", "--auto-approve"}).exit_code, 0);
  ASSERT_EQ(work.run({"sim", "ctl", "--world", kWorld, "balance", "177.40"}).exit_code, 0);
  work.write("fleet.yaml", account_and_zone() + server_set(9));
  const auto plan = work.run({"plan", "fleet.yaml"});
  EXPECT_THAT(plan.out, HasSubstr("create Server/lon-9 needs 180.00 USD, 2.60 USD short"));
  const auto ran = work.run({"apply", "fleet.yaml", "--auto-approve", "--json"});
  EXPECT_EQ(ran.exit_code, 3) << ran.err;
  EXPECT_EQ(ran.json().find("result")->integer_or("changesDone", 0), 3);
  const auto why = work.run({"why", "Server/lon-9"});
  EXPECT_THAT(why.out, HasSubstr("gate \"balance\""));
  EXPECT_EQ(work.run({"plan", "fleet.yaml", "--detailed-exitcode"}).exit_code, 3);
}

TEST(Apply, spends_no_money_that_is_only_supposed) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server_set(2));
  ASSERT_EQ(work.run({"sim", "ctl", "--world", kWorld, "balance", "25.00"}).exit_code, 0);
  const auto more = work.run({"apply", "fleet.yaml", "--auto-approve", "--what-if-balance", "500.00"});
  EXPECT_EQ(more.exit_code, 1);
  EXPECT_THAT(more.err, HasSubstr("25.00 USD available"));
  EXPECT_EQ(work.run({"get", "servers", "--json"}).json().find("items")->array()->size(), 0U);
}

TEST(Apply, carries_out_a_plan_file) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a"));
  ASSERT_EQ(work.run({"plan", "fleet.yaml", "--out", "a.plan"}).exit_code, 0);
  const auto ran = work.run({"apply", "a.plan", "--auto-approve"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(work.run({"plan", "fleet.yaml", "--detailed-exitcode"}).exit_code, 0);
}

TEST(Apply, of_a_plan_file_whose_specs_changed_is_stale) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a"));
  ASSERT_EQ(work.run({"plan", "fleet.yaml", "--out", "a.plan"}).exit_code, 0);
  work.write("fleet.yaml", account_and_zone() + server("a", "channels: 400"));
  const auto ran = work.run({"apply", "a.plan", "--auto-approve"});
  EXPECT_EQ(ran.exit_code, 5);
  EXPECT_THAT(ran.err, HasSubstr("plan again"));
}

TEST(Apply, of_a_plan_file_that_the_world_left_behind_is_stale) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a"));
  ASSERT_EQ(work.run({"plan", "fleet.yaml", "--out", "a.plan"}).exit_code, 0);
  ASSERT_EQ(work.run({"apply", "fleet.yaml", "--auto-approve"}).exit_code, 0);
  EXPECT_EQ(work.run({"apply", "a.plan", "--auto-approve"}).exit_code, 5);
}

TEST(Apply, of_a_plan_file_for_another_state_is_refused) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a"));
  ASSERT_EQ(work.run({"plan", "fleet.yaml", "--out", "a.plan"}).exit_code, 0);
  EXPECT_EQ(work.run({"apply", "a.plan", "--auto-approve", "--state", "other.db"}).exit_code, 1);
  EXPECT_EQ(work.run({"apply", "a.plan", "--auto-approve", "--max-destroy", "9"}).exit_code, 1);
}

TEST(Apply, with_a_lost_state_adopts_and_buys_nothing) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server_set(3));
  ASSERT_EQ(work.run({"apply", "fleet.yaml", "--auto-approve"}).exit_code, 0);
  for (const auto* name : {"state.db", "state.db-wal", "state.db-shm", "state.db.cache"}) {
    std::filesystem::remove(work.folder() / ".switchyard" / name);
  }
  const auto plan = work.run({"plan", "fleet.yaml", "--detailed-exitcode"});
  EXPECT_EQ(plan.exit_code, 0) << plan.out;
  EXPECT_THAT(plan.out, HasSubstr("Adopted\n  3 servers carrying this fleet's mark"));
  EXPECT_EQ(work.run({"apply", "fleet.yaml", "--auto-approve"}).exit_code, 0);
  const auto dump = work.run({"sim", "ctl", "--world", kWorld, "dump", "--json"}).json();
  EXPECT_EQ(dump.find("servers")->array()->size(), 3U);
}

TEST(Destroy, removes_what_was_declared_and_keeps_what_is_protected) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a") + server("b", "protect: true"));
  ASSERT_EQ(work.run({"apply", "fleet.yaml", "--auto-approve"}).exit_code, 0);
  EXPECT_EQ(work.run({"destroy", "fleet.yaml"}).exit_code, 1) << "it asks, and there is no terminal";
  const auto ran = work.run({"destroy", "fleet.yaml", "--auto-approve"});
  EXPECT_EQ(ran.exit_code, 3) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("protection"));
  const auto dump = work.run({"sim", "ctl", "--world", kWorld, "dump", "--json"}).json();
  ASSERT_EQ(dump.find("servers")->array()->size(), 1U);
  EXPECT_EQ(dump.find("servers")->array()->at(0).string_or("name", ""), "b");
}

TEST(Drift, is_what_somebody_changed_behind_our_back) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a") + server("b"));
  ASSERT_EQ(work.run({"apply", "fleet.yaml", "--auto-approve"}).exit_code, 0);
  ASSERT_EQ(work.run({"sim", "ctl", "--world", kWorld, "power", "a", "off"}).exit_code, 0);
  work.write("fleet.yaml", account_and_zone() + server("a") + server("b", "channels: 400, cps: 50"));
  const auto drift = work.run({"drift", "fleet.yaml"});
  EXPECT_EQ(drift.exit_code, 2) << drift.out << drift.err;
  EXPECT_THAT(drift.out, HasSubstr("Server/a"));
  EXPECT_THAT(drift.out, Not(HasSubstr("Server/b")));
  EXPECT_THAT(drift.out, HasSubstr("1 difference comes from changed specs"));
  ASSERT_EQ(work.run({"apply", "fleet.yaml", "--auto-approve"}).exit_code, 0);
  EXPECT_EQ(work.run({"drift", "fleet.yaml"}).exit_code, 0);
}

}  // namespace
}  // namespace switchyard
