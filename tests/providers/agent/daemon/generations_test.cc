#include "providers/agent/daemon/generations.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "providers/agent/daemon/durable_file.h"
#include "tests/providers/agent/daemon/small_server.h"

namespace switchyard::testing {
namespace {

using ::testing::ElementsAre;

class GenerationsTest : public ::testing::Test {
 protected:
  Rendered rendered(const std::string& text) {
    return {.files = {{"a.conf", text}, {"list", "1\n"}},
            .arguments = {"program", "-f", "a.conf"},
            .listens = {{.over = Listens::Over::kTcp, .address = "127.0.0.1", .port = 9901}},
            .restart_key = "key",
            .hot = Json::Object{{"limit", 5}}};
  }
  SmallClock clock_;
  SmallServer server_{clock_};
  Generations generations_{server_.folder()};
};

TEST_F(GenerationsTest, WhatWasWrittenReadsBackWhole) {
  const auto made = generations_.make(configured(5060, 7), rendered("text"));
  ASSERT_TRUE(made.ok());
  ASSERT_TRUE(generations_.make_current(made->number).ok());
  const auto read = Generations(server_.folder()).current();
  ASSERT_TRUE(read.ok());
  ASSERT_TRUE(*read);
  EXPECT_EQ((*read)->rendered, rendered("text"));
  EXPECT_EQ((*read)->wanted.fields, configured(5060, 7).fields);
  EXPECT_EQ((*read)->wanted.peers, configured(5060, 7).peers);
  EXPECT_EQ((*read)->wanted.secrets, configured(5060, 7).secrets);
}

TEST_F(GenerationsTest, OnlyItsOwnerReadsIt) {
  ASSERT_TRUE(generations_.make(configured(5060, 7), rendered("text")).ok());
  for (const auto& entry : std::filesystem::recursive_directory_iterator(server_.folder() + "/generations")) {
    struct stat facts {};
    ASSERT_EQ(::stat(entry.path().c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777U, entry.is_directory() ? 0700U : 0600U) << entry.path();
  }
}

TEST_F(GenerationsTest, ANewLinkNamesItWholeAndTheOldOneStays) {
  ASSERT_TRUE(generations_.make(configured(5060, 1), rendered("one")).ok());
  ASSERT_TRUE(generations_.make_current(1).ok());
  ASSERT_TRUE(generations_.mark_good(1).ok());
  ASSERT_TRUE(generations_.make(configured(5060, 2), rendered("two")).ok());
  EXPECT_EQ(*read_text(server_.folder() + "/current/a.conf"), "one");
  ASSERT_TRUE(generations_.make_current(2).ok());
  EXPECT_EQ(*read_text(server_.folder() + "/current/a.conf"), "two");
  EXPECT_EQ((*generations_.good())->number, 1);
}

TEST_F(GenerationsTest, WhatACrashLeftHalfWrittenGoes) {
  ASSERT_TRUE(generations_.make(configured(5060, 1), rendered("one")).ok());
  ASSERT_TRUE(generations_.make_current(1).ok());
  std::filesystem::create_directory(generations_.path(2));
  ASSERT_TRUE(write_durably(generations_.path(2) + "/a.conf", "half").ok());
  const auto made = generations_.make(configured(5060, 2), rendered("two"));
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->number, 3);
  EXPECT_THAT(generations_.numbers(), ElementsAre(1, 3));
}

TEST_F(GenerationsTest, TheOldestGoButNeverOneThatIsNamed) {
  for (int i = 1; i <= 8; ++i) ASSERT_TRUE(generations_.make(configured(5060, i), rendered("text")).ok());
  ASSERT_TRUE(generations_.make_current(2).ok());
  ASSERT_TRUE(generations_.mark_good(1).ok());
  EXPECT_THAT(generations_.numbers(), ElementsAre(1, 2, 6, 7, 8));
}

TEST_F(GenerationsTest, ADamagedOneIsAnErrorAndNotNothing) {
  ASSERT_TRUE(generations_.make(configured(5060, 1), rendered("one")).ok());
  ASSERT_TRUE(generations_.make_current(1).ok());
  ASSERT_TRUE(write_durably(generations_.path(1) + "/generation.json", "{").ok());
  EXPECT_FALSE(generations_.current().ok());
}

TEST_F(GenerationsTest, AFileStaysInItsFolder) {
  Rendered outside = rendered("one");
  outside.files = {{"../escaped", "text"}};
  EXPECT_FALSE(generations_.make(configured(5060, 1), outside).ok());
  EXPECT_FALSE(std::filesystem::exists(server_.folder() + "/generations/escaped"));
}

}  // namespace
}  // namespace switchyard::testing
