#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/small_fleet.h"
#include "tests/support/command.h"

namespace switchyard {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Speech, result_and_talk_go_their_own_ways) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a"));
  const auto ran = work.run({"apply", "fleet.yaml", "--auto-approve", "--json"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.json().integer_or("formatVersion", 0), 1) << "stdout is one object: " << ran.out;
  EXPECT_THAT(ran.err, HasSubstr("create Server/a done"));
  EXPECT_THAT(ran.err, Not(HasSubstr("\x1b"))) << "no live progress and no colour without a terminal";
}

TEST(Speech, logs_are_lines_of_text_or_of_json) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a"));
  const auto text = work.run({"run", "fleet.yaml", "--once", "--log-level", "info"});
  EXPECT_THAT(text.err, HasSubstr("info progress action=\"create\" resource=\"Server/a\""));
  const auto json = work.run({"--log-format", "json", "--log-level", "info", "run", "fleet.yaml", "--once"});
  EXPECT_EQ(json.exit_code, 0);
  work.write("fleet.yaml", account_and_zone() + server("a") + server("b"));
  const auto more = work.run({"--log-format", "json", "--log-level", "info", "run", "fleet.yaml", "--once"});
  const auto line = parse_json(more.err.substr(0, more.err.find('\n')));
  ASSERT_TRUE(line) << more.err;
  EXPECT_EQ(line->string_or("level", ""), "info");
}

TEST(Speech, people_are_not_disturbed_by_default) {
  const Workplace work;
  work.write("fleet.yaml", account_and_zone() + server("a"));
  EXPECT_EQ(work.run({"plan", "fleet.yaml"}).err, "");
}

TEST(Speech, an_error_is_an_object_for_programs) {
  const Workplace work;
  const auto ran = work.run({"get", "server", "nobody", "--json"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.json().find("error")->string_or("code", ""), "not-found");
  EXPECT_THAT(ran.err, HasSubstr("error: there is no Server \"nobody\""));
}

}  // namespace
}  // namespace switchyard
