#include "providers/agent/daemon/arguments.h"

#include <gmock/gmock.h>

namespace switchyard::testing {
namespace {

using ::testing::HasSubstr;

const std::vector<std::string> kWhole = {"--folder", "/srv/lon-1/", "--address", "127.66.0.1",
                                         "--role",   "media",       "--name",    "lon-rtp-1"};

std::vector<std::string> whole_and(std::vector<std::string> more) {
  std::vector<std::string> words = kWhole;
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

AgentAnswer answer_to(const std::vector<std::string>& words) {
  const auto read = read_arguments(words);
  const auto* answer = std::get_if<AgentAnswer>(&read);
  EXPECT_NE(answer, nullptr) << "it would have run";
  return answer == nullptr ? AgentAnswer{.text = {}, .exit_code = -1} : *answer;
}

TEST(AgentArguments, FourFactsAreEnough) {
  const auto read = read_arguments(kWhole);
  const auto* arguments = std::get_if<AgentArguments>(&read);
  ASSERT_NE(arguments, nullptr);
  EXPECT_EQ(arguments->place,
            (Place{.folder = "/srv/lon-1", .address = "127.66.0.1", .role = Role::kMedia, .name = "lon-rtp-1"}));
  EXPECT_EQ(arguments->port, std::nullopt);
  EXPECT_EQ(arguments->longest_call, std::chrono::hours(2));
}

TEST(AgentArguments, EachOfThemIsNeeded) {
  for (std::size_t at = 0; at < kWhole.size(); at += 2) {
    std::vector<std::string> words = kWhole;
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(at), words.begin() + static_cast<std::ptrdiff_t>(at) + 2);
    EXPECT_EQ(answer_to(words).exit_code, 1) << kWhole[at];
  }
}

TEST(AgentArguments, TheRestIsTakenAsSaid) {
  const auto read = read_arguments(whole_and({"--port", "7444", "--token-file", "t.json", "--longest-call", "30m"}));
  const auto* arguments = std::get_if<AgentArguments>(&read);
  ASSERT_NE(arguments, nullptr);
  EXPECT_EQ(arguments->port, 7444);
  EXPECT_EQ(arguments->token_file, "t.json");
  EXPECT_EQ(arguments->longest_call, std::chrono::minutes(30));
}

TEST(AgentArguments, WhatMakesNoSenseIsNamed) {
  EXPECT_THAT(answer_to(whole_and({"--role", "pbx"})).text, HasSubstr("no role \"pbx\""));
  EXPECT_THAT(answer_to(whole_and({"--port", "70000"})).text, HasSubstr("\"70000\" is no port"));
  EXPECT_THAT(answer_to(whole_and({"--colour", "red"})).text, HasSubstr("no option \"--colour\""));
  EXPECT_THAT(answer_to(whole_and({"--port"})).text, HasSubstr("needs a value"));
  EXPECT_THAT(answer_to(whole_and({"--longest-call", "soon"})).text, HasSubstr("soon"));
}

TEST(AgentArguments, HelpShowsAnExample) {
  const AgentAnswer help = answer_to({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.text, HasSubstr("switchyard-agent --folder /var/lib/switchyard-agent --address"));
}

}  // namespace
}  // namespace switchyard::testing
