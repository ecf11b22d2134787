#include "reconciler/cli/plan_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/cli/fleet_sample.h"

namespace switchyard {
namespace {

class PlanFileTest : public ::testing::Test {
 protected:
  PlanFileTest() {
    std::string name = (std::filesystem::temp_directory_path() / "plan-file-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
  }
  ~PlanFileTest() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  std::string read(const std::string& name) const {
    std::ifstream file(path(name));
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  static PlanFile sample_file() {
    PlanFile file{.program = "0.1.0",
                  .written = sample::now(),
                  .state = "/fleet/.switchyard/state.db",
                  .scope = {"/fleet"},
                  .options = {},
                  .reason = "monday",
                  .plan = sample::plan().plan};
    file.options.target = {{.resource = sample::server_key("lon-1"), .label = {}, .value = {}},
                           {.resource = {}, .label = "tier", .value = "t1"}};
    file.options.what_if_balance = sample::usd(12345);
    file.options.allow_disruption = {sample::server_key("lon-2")};
    file.options.max_destroy = 7;
    return file;
  }

  std::filesystem::path folder_;
};

TEST_F(PlanFileTest, survives_being_written_and_read) {
  const auto file = sample_file();
  ASSERT_TRUE(write_plan_file(path("a.plan"), file));
  const auto back = read_plan_file(path("a.plan"));
  ASSERT_TRUE(back) << back.error().message;
  ASSERT_TRUE(back->has_value());
  EXPECT_EQ(**back, file);
}

TEST_F(PlanFileTest, is_for_its_owner_only) {
  ASSERT_TRUE(write_plan_file(path("a.plan"), sample_file()));
  struct stat found {};
  ASSERT_EQ(::stat(path("a.plan").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
}

TEST_F(PlanFileTest, replaces_an_older_one_whole) {
  write("a.plan", "something longer than any plan could ever be, or so one would think");
  ASSERT_TRUE(write_plan_file(path("a.plan"), sample_file()));
  EXPECT_TRUE(read_plan_file(path("a.plan"))->has_value());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(PlanFileTest, says_so_where_it_cannot_be_written) {
  const auto done = write_plan_file(path("nowhere/a.plan"), sample_file());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kStorage);
}

TEST_F(PlanFileTest, takes_no_yaml_and_no_folder_for_a_plan) {
  write("fleet.yaml", R"({"switchyardPlan": 1})");
  write("notes.txt", "{not json");
  write("other.json", R"({"formatVersion": 1})");
  for (const auto* name : {"fleet.yaml", "notes.txt", "other.json", "", "missing"}) {
    const auto read = read_plan_file(path(name));
    ASSERT_TRUE(read) << name;
    EXPECT_FALSE(read->has_value()) << name;
  }
}

TEST_F(PlanFileTest, of_a_newer_program_is_refused_by_name) {
  ASSERT_TRUE(write_plan_file(path("a.plan"), sample_file()));
  auto text = read("a.plan");
  text.replace(text.find("\"switchyardPlan\": 1"), 19, "\"switchyardPlan\": 2");
  write("a.plan", text);
  const auto file = read_plan_file(path("a.plan"));
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::kTooNew);
}

// A number that was cut to 32 bits would name another change; one beyond all time ended the program.
TEST_F(PlanFileTest, with_numbers_beyond_all_bounds_is_refused_with_their_name) {
  struct Wrong {
    const char* before;
    const char* after;
    const char* named;
  };
  ASSERT_TRUE(write_plan_file(path("a.plan"), sample_file()));
  const std::string whole = read("a.plan");
  for (const Wrong& wrong :
       {Wrong{"\"id\": 1,", "\"id\": 4294967297,", "\"id\" is wrong"},
        Wrong{"\"runwaySeconds\": ", "\"runwaySeconds\": 9223372036854775807, \"x\": ", "\"runwaySeconds\" is wrong"},
        Wrong{"\"runwaySeconds\": ", "\"runwaySeconds\": -1, \"x\": ", "\"runwaySeconds\" is wrong"}}) {
    std::string text = whole;
    ASSERT_NE(text.find(wrong.before), std::string::npos) << wrong.before << "\n" << text;
    text.replace(text.find(wrong.before), std::string(wrong.before).size(), wrong.after);
    write("a.plan", text);
    const auto file = read_plan_file(path("a.plan"));
    ASSERT_FALSE(file) << wrong.after;
    EXPECT_EQ(file.error().code, ErrorCode::kUnreadable);
    EXPECT_THAT(file.error().message, ::testing::HasSubstr(wrong.named));
  }
}

TEST_F(PlanFileTest, that_was_cut_short_is_refused) {
  ASSERT_TRUE(write_plan_file(path("a.plan"), sample_file()));
  auto json = *parse_json(read("a.plan"));
  std::erase_if(*json.object(), [](const Json::Member& member) { return member.first == "plan"; });
  write("a.plan", to_string(json));
  const auto file = read_plan_file(path("a.plan"));
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::kUnreadable);
}

}  // namespace
}  // namespace switchyard
