#include "reconciler/cli/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "reconciler/cli/commands/commands.h"
#include "reconciler/cli/completion.h"
#include "reconciler/cli/words.h"
#include "tests/support/golden.h"

namespace switchyard {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ParseTest : public ::testing::Test {
 protected:
  Invocation parse(const std::vector<std::string>& words) const {
    auto parsed = parse_command_line(program_, words);
    if (const auto* wrong = std::get_if<UsageError>(&parsed)) ADD_FAILURE() << wrong->message;
    return std::get<Invocation>(parsed);
  }
  std::string complaint(const std::vector<std::string>& words) const {
    const auto parsed = parse_command_line(program_, words);
    const auto* wrong = std::get_if<UsageError>(&parsed);
    return wrong == nullptr ? "no complaint" : wrong->message;
  }
  Command program_ = whole_program();
};

TEST_F(ParseTest, takes_one_command_and_what_follows_for_its_words) {
  // A folder may be called like a command.
  const auto invocation = parse({"plan", "sim", "fleet"});
  EXPECT_EQ(invocation.command->name, "plan");
  EXPECT_THAT(invocation.arguments.list("PATH"), ElementsAre("sim", "fleet"));
  const auto second = parse({"action", "restart", "plan"});
  EXPECT_EQ(second.command->name, "action");
  EXPECT_THAT(second.arguments.list("SERVER"), ElementsAre("plan"));
}

TEST_F(ParseTest, takes_an_empty_value_for_one_and_no_other_word_in_its_place) {
  const auto invocation = parse({"freeze", "--reason=", "--until=2h", "main"});
  EXPECT_EQ(invocation.arguments.text("reason"), "");
  EXPECT_EQ(invocation.arguments.text("until"), "2h");
  EXPECT_THAT(invocation.arguments.list("ACCOUNT"), ElementsAre("main"));
  EXPECT_THAT(parse({"plan", "--", "--target="}).arguments.list("PATH"), ElementsAre("--target="));
}

TEST_F(ParseTest, takes_options_before_and_behind_the_command) {
  for (const auto& words : {std::vector<std::string>{"--json", "-C", "/tmp", "plan", "fleet"},
                            std::vector<std::string>{"plan", "fleet", "--json", "-C", "/tmp"}}) {
    const auto invocation = parse(words);
    EXPECT_EQ(invocation.command->name, "plan");
    EXPECT_TRUE(invocation.arguments.flag("json"));
    EXPECT_EQ(invocation.arguments.text("directory"), "/tmp");
    EXPECT_THAT(invocation.arguments.list("PATH"), ElementsAre("fleet"));
  }
}

TEST_F(ParseTest, refresh_is_on_until_it_is_switched_off) {
  EXPECT_TRUE(parse({"plan", "fleet"}).arguments.flag("refresh"));
  EXPECT_TRUE(parse({"plan", "--refresh", "fleet"}).arguments.flag("refresh"));
  EXPECT_FALSE(parse({"plan", "fleet", "--refresh=false"}).arguments.flag("refresh"));
}

TEST_F(ParseTest, an_option_that_repeats_takes_one_word_each_time) {
  const auto invocation = parse({"plan", "--target", "Server/a", "fleet", "--target", "zone=london", "more"});
  EXPECT_THAT(invocation.arguments.list("target"), ElementsAre("Server/a", "zone=london"));
  EXPECT_THAT(invocation.arguments.list("PATH"), ElementsAre("fleet", "more"));
}

TEST_F(ParseTest, options_of_a_command_reach_the_commands_below_it) {
  const auto invocation = parse({"sim", "ctl", "--world", "w.db", "calls", "lon-1", "12", "--for", "3m"});
  EXPECT_EQ(invocation.command->name, "calls");
  EXPECT_EQ(invocation.arguments.text("world"), "w.db");
  EXPECT_EQ(invocation.arguments.integer("N"), 12);
  EXPECT_EQ(invocation.arguments.duration("for"), std::chrono::minutes(3));
}

TEST_F(ParseTest, says_what_was_meant) {
  EXPECT_EQ(complaint({"aply", "fleet"}),
            R"(there is no command "aply"; did you mean "apply"?; see "switchyard --help")");
  EXPECT_EQ(complaint({"plan", "fleet", "--targt", "x"}),
            R"(there is no option "--targt"; did you mean "--target"?; see "switchyard plan --help")");
  EXPECT_THAT(complaint({"get", "severs"}), HasSubstr(R"("severs" is not a kind; did you mean "Server"?)"));
  EXPECT_THAT(complaint({"action", "restrat", "a"}), HasSubstr(R"(did you mean "restart"?)"));
  EXPECT_THAT(complaint({"sim", "ctl", "--world", "w", "balanc", "1"}), HasSubstr(R"(did you mean "balance"?)"));
}

TEST_F(ParseTest, refuses_values_that_make_no_sense) {
  EXPECT_THAT(complaint({"plan", "fleet", "--timeout", "soon"}), HasSubstr("not a duration"));
  EXPECT_THAT(complaint({"plan", "fleet", "--parallelism", "-3"}), HasSubstr("--parallelism"));
  EXPECT_THAT(complaint({"plan", "fleet", "--parallelism", "0"}), HasSubstr("\"0\" is not at least 1"));
  EXPECT_THAT(complaint({"plan", "fleet", "--max-destroy", "many"}), HasSubstr("not a whole number"));
  EXPECT_THAT(complaint({"why", "lon-1"}), HasSubstr("write KIND/NAME"));
  EXPECT_THAT(complaint({"--log-level", "loud", "version"}), HasSubstr("none of debug, info"));
  EXPECT_THAT(complaint({"plan"}), HasSubstr("PATH"));
  EXPECT_THAT(complaint({"version", "now"}), HasSubstr("\"now\" is one argument too many"));
  EXPECT_THAT(complaint({"state"}), HasSubstr("needs one of: doctor, backup"));
}

TEST_F(ParseTest, gives_help_on_every_command_with_an_example) {
  const std::function<void(const Command&, std::vector<std::string>)> check = [&](const Command& command,
                                                                                  std::vector<std::string> path) {
    auto words = path;
    words.emplace_back("--help");
    const auto parsed = parse_command_line(program_, words);
    const auto* help = std::get_if<HelpText>(&parsed);
    ASSERT_NE(help, nullptr) << command.name;
    EXPECT_THAT(help->text, HasSubstr(command.sentence));
    EXPECT_THAT(help->text, HasSubstr("Example\n  switchyard ")) << command.name;
    EXPECT_TRUE(command.sentence.ends_with('.')) << command.sentence;
    for (const auto& child : command.commands) {
      auto below = path;
      below.push_back(child.name);
      check(child, below);
    }
  };
  check(program_, {});
}

TEST_F(ParseTest, help_reads_well) {
  expect_golden("help/plan.txt", help_of(program_, {&program_, &program_.commands[1]}));
}

TEST_F(ParseTest, help_of_the_program_lists_the_commands) {
  expect_golden("help/switchyard.txt", help_of(program_, {&program_}));
}

TEST(Words, take_kinds_as_people_type_them) {
  EXPECT_EQ(parse_kind_word("servers"), Kind::kServer);
  EXPECT_EQ(parse_kind_word("Server"), Kind::kServer);
  EXPECT_EQ(parse_kind_word("rtpserver"), Kind::kRtpServer);
  EXPECT_EQ(parse_kind_word("nothing"), std::nullopt);
}

TEST(Completion, knows_every_command_and_option_of_every_shell) {
  const auto program = whole_program();
  for (const auto* shell : {"bash", "zsh", "fish"}) {
    const auto script = completion_script(program, shell);
    for (const auto& command : program.commands) {
      EXPECT_THAT(script, HasSubstr(command.name)) << shell;
      for (const auto& option : command.options) EXPECT_THAT(script, HasSubstr(option.name)) << shell;
    }
    for (const auto& action : action_words()) EXPECT_THAT(script, HasSubstr(action)) << shell;
    for (const auto& kind : kind_words()) EXPECT_THAT(script, HasSubstr(kind)) << shell;
  }
}

}  // namespace
}  // namespace switchyard
