#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/small_fleet.h"
#include "tests/support/command.h"

namespace switchyard {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kRemembered = "took a remembered plan";

class Memo : public ::testing::Test {
 protected:
  Memo() {
    write("channels: 500");
    EXPECT_EQ(work_.run({"apply", "fleet.yaml", "--auto-approve"}).exit_code, 0);
  }
  void write(const std::string& more) const { work_.write("fleet.yaml", account_and_zone() + server("a", more)); }
  Ran plan(std::vector<std::string> more = {}) const {
    std::vector<std::string> words{"plan", "fleet.yaml", "--refresh=false", "--log-level", "info"};
    words.insert(words.end(), more.begin(), more.end());
    return work_.run(words);
  }
  Workplace work_;
};

TEST_F(Memo, gives_the_same_plan_as_the_first_time) {
  const auto first = plan();
  const auto second = plan();
  EXPECT_THAT(first.err, Not(HasSubstr(kRemembered)));
  EXPECT_THAT(second.err, HasSubstr(kRemembered));
  EXPECT_EQ(second.out, first.out);
  EXPECT_EQ(plan({"--json"}).json(), work_.run({"plan", "fleet.yaml", "--json"}).json());
}

TEST_F(Memo, forgets_when_specs_options_or_state_change) {
  plan();
  write("channels: 400");
  const auto changed = plan();
  EXPECT_THAT(changed.err, Not(HasSubstr(kRemembered)));
  EXPECT_THAT(changed.out, HasSubstr("500 -> 400"));
  EXPECT_THAT(plan().err, HasSubstr(kRemembered));
  EXPECT_THAT(plan({"--exclude", "Server/a"}).err, Not(HasSubstr(kRemembered)));
  ASSERT_EQ(work_.run({"suspend", "Server/a"}).exit_code, 0);
  EXPECT_THAT(plan().err, Not(HasSubstr(kRemembered)));
}

TEST_F(Memo, forgets_when_the_world_moves) {
  plan();
  ASSERT_EQ(work_.run({"sim", "ctl", "--world", kWorld, "advance", "1h"}).exit_code, 0);
  EXPECT_THAT(plan().err, Not(HasSubstr(kRemembered)));
}

TEST_F(Memo, forgets_when_a_secret_reads_differently) {
  auto fleet = account_and_zone() + server("a");
  fleet.replace(fleet.find("provider: sim"), 13, "provider: sim, credentials: {token: {env: SIM_TOKEN}}");
  work_.write("fleet.yaml", fleet);
  work_.set_variable("SIM_TOKEN", "one");
  ASSERT_EQ(plan().exit_code, 0);
  EXPECT_THAT(plan().err, HasSubstr(kRemembered));
  work_.set_variable("SIM_TOKEN", "two");
  EXPECT_THAT(plan().err, Not(HasSubstr(kRemembered)));
}

TEST_F(Memo, shows_the_warnings_again) {
  write("channels: 900, cps: 90, options: {anyReg: true}");
  const auto first = plan();
  const auto second = plan();
  EXPECT_THAT(first.err, HasSubstr("warning"));
  EXPECT_THAT(second.err, HasSubstr(kRemembered));
  EXPECT_THAT(second.err, HasSubstr(first.err.substr(first.err.find("fleet.yaml:"))));
}

}  // namespace
}  // namespace switchyard
