#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "tests/specs/sample.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

// A folder of its own, made the current one, so that shown paths are short.
class SourceTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "sourceXXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    fs::current_path(folder_);
  }
  void TearDown() override {
    fs::current_path("/");
    fs::remove_all(folder_);
  }
  void write(const fs::path& path, std::string_view bytes = kBase) {
    if (path.has_parent_path()) fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
  }
  static std::vector<std::string> shown(const SpecSource& source) {
    std::vector<std::string> names;
    for (const SpecFile& file : source.files) names.push_back(file.shown);
    return names;
  }
  static std::string complaints(const SpecSource& source) {
    std::string text;
    for (const Diagnostic& diagnostic : source.diagnostics) text += to_string(diagnostic);
    return text;
  }
  fs::path folder_;
};

TEST_F(SourceTest, AStampStaysWhileNothingIsTouchedAndChangesWithEverythingThatIs) {
  write("fleet/a.yaml");
  write("fleet/sub/c.yaml");
  std::string last = stamp_of_source({"fleet"}).hash;
  EXPECT_EQ(stamp_of_source({"fleet"}).hash, last);
  EXPECT_GT(stamp_of_source({"fleet"}).newest, Timestamp{});
  const auto other = [&last] { return std::exchange(last, stamp_of_source({"fleet"}).hash) != last; };
  write("fleet/a.yaml", std::string(kBase) + "# longer\n");
  EXPECT_TRUE(other()) << "a file that grew";
  fs::last_write_time("fleet/sub/c.yaml", fs::last_write_time("fleet/sub/c.yaml") + std::chrono::seconds(1));
  EXPECT_TRUE(other()) << "a file of the same size";
  write("fleet/sub/d.yaml");
  EXPECT_TRUE(other()) << "a file more";
  fs::rename("fleet/sub/d.yaml", "fleet/sub/e.yaml");
  EXPECT_TRUE(other()) << "another name";
  fs::remove("fleet/sub/e.yaml");
  EXPECT_TRUE(other()) << "a file less";
  EXPECT_FALSE(other());
}

TEST_F(SourceTest, TakesYamlBelowAFolderInTheOrderOfPaths) {
  write("fleet/b.yaml");
  write("fleet/a.yml");
  write("fleet/sub/c.yaml");
  write("fleet/notes.txt", "no");
  write("fleet/.git/config.yaml");
  write("fleet/.hidden.yaml");
  const SpecSource source = read_source({"fleet"});
  EXPECT_THAT(shown(source), ElementsAre("fleet/a.yml", "fleet/b.yaml", "fleet/sub/c.yaml"));
  EXPECT_THAT(source.scope, ElementsAre((folder_ / "fleet").native()));
  EXPECT_EQ(source.files[0].bytes, kBase);
  EXPECT_EQ(source.files[0].absolute, (folder_ / "fleet/a.yml").native());
  EXPECT_EQ(complaints(source), "");
}

TEST_F(SourceTest, TakesEachFileOnceHoweverItIsNamed) {
  write("fleet/a.yaml");
  fs::create_symlink("a.yaml", "fleet/b.yaml");
  fs::create_symlink("fleet", "link");
  const SpecSource source = read_source({"link", "fleet", "fleet/a.yaml", "./fleet/"});
  EXPECT_EQ(source.files.size(), 1U);
  EXPECT_EQ(source.scope.size(), 2U);
}

TEST_F(SourceTest, DoesNotDependOnTheOrderOfPaths) {
  write("a/x.yaml");
  write("b/y.yaml");
  EXPECT_EQ(shown(read_source({"a", "b"})), shown(read_source({"b", "a"})));
  EXPECT_EQ(read_source({"a", "b"}).hash, read_source({"b", "a"}).hash);
}

TEST_F(SourceTest, TheHashChangesWithAByteAndWithAName) {
  write("fleet/a.yaml");
  const std::string before = read_source({"fleet"}).hash;
  EXPECT_EQ(read_source({"fleet"}).hash, before);
  write("fleet/a.yaml", std::string(kBase) + "\n");
  const std::string longer = read_source({"fleet"}).hash;
  EXPECT_NE(longer, before);
  fs::rename("fleet/a.yaml", "fleet/b.yaml");
  EXPECT_NE(read_source({"fleet"}).hash, longer);
}

TEST_F(SourceTest, ALoopOfSymbolicLinksIsReadOnceAndSaid) {
  write("fleet/a.yaml");
  fs::create_directory("fleet/sub");
  fs::create_directory_symlink("..", "fleet/sub/loop");
  const SpecSource source = read_source({"fleet"});
  EXPECT_THAT(shown(source), ElementsAre("fleet/a.yaml"));
  EXPECT_THAT(complaints(source), HasSubstr("fleet/sub/loop:1:1: warning: a loop of symbolic links"));
}

TEST_F(SourceTest, ALinkToNowhereOrToItselfIsAnError) {
  write("fleet/a.yaml");
  fs::create_symlink("self.yaml", "fleet/self.yaml");
  fs::create_symlink("gone", "fleet/dangling.yaml");
  const SpecSource source = read_source({"fleet"});
  EXPECT_THAT(complaints(source), HasSubstr("fleet/self.yaml:1:1: error: cannot be read"));
  EXPECT_THAT(complaints(source), HasSubstr("fleet/dangling.yaml:1:1: error: cannot be read"));
}

TEST_F(SourceTest, AMissingPathIsAnError) {
  EXPECT_EQ(complaints(read_source({"nowhere"})),
            "nowhere:1:1: error: no such file or folder\n     | name a YAML file or a folder of them\n");
}

TEST_F(SourceTest, AFileThatIsTooLargeIsNotEvenOpened) {
  write("fleet/a.yaml");
  fs::resize_file("fleet/a.yaml", 1ULL << 30U);  // a hole: takes no space
  const SpecSource source = read_source({"fleet"});
  EXPECT_TRUE(source.files.empty());
  EXPECT_THAT(complaints(source), HasSubstr("fleet/a.yaml:1:1: error: file too large"));
}

TEST_F(SourceTest, WhatIsNoFileIsAnErrorAndNotWaitedFor) {
  fs::create_directory("fleet");
  ASSERT_EQ(mkfifo("fleet/pipe.yaml", 0600), 0);
  EXPECT_THAT(complaints(read_source({"fleet"})), HasSubstr("fleet/pipe.yaml:1:1: error: not a file"));
}

TEST_F(SourceTest, AnUnreadableFileIsAnError) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  write("fleet/a.yaml");
  ASSERT_EQ(chmod("fleet/a.yaml", 0), 0);
  EXPECT_THAT(complaints(read_source({"fleet"})), HasSubstr("fleet/a.yaml:1:1: error: cannot be read"));
}

TEST_F(SourceTest, AnEmptyFolderPlansNothing) {
  fs::create_directory("fleet");
  const LoadedSpecs loaded = load(read_source({"fleet"}), {});
  EXPECT_FALSE(loaded.ok());
  EXPECT_THAT(complaints_of(loaded), HasSubstr("error: no resource at all"));
}

TEST_F(SourceTest, TheUnreadableHalfOfASourceIsNotTakenForRemoved) {
  write("fleet/a.yaml", server("a"));
  fs::create_symlink("gone", "fleet/base.yaml");
  const LoadedSpecs loaded = load(read_source({"fleet"}), {});
  EXPECT_FALSE(loaded.ok());
  EXPECT_THAT(complaints_of(loaded), Not(HasSubstr("no such Zone")))
      << "it may be declared in the file that cannot be read";
}

TEST_F(SourceTest, PositionsInALargeSourceAreFoundByReadingAgain) {
  write("fleet/base.yaml");
  const std::string large = "# " + std::string(9U << 20U, 'x') + "\n";
  write("fleet/large.yaml", large);
  write("fleet/s.yaml", server("a", "  cluster: nope\n"));
  const LoadedSpecs loaded = load(read_source({"fleet"}), {.threads = 2});
  EXPECT_THAT(complaints_of(loaded), HasSubstr("fleet/s.yaml:8:12: error: no such Cluster\n   8 |   cluster: nope\n"));
}

TEST(ReadSecret, NamesThePlaceAndNeverTheValue) {
  ASSERT_EQ(setenv("SWITCHYARD_TEST_SECRET", "hunter2", 1), 0);
  EXPECT_EQ(read_secret({SecretRef::From::kEnvironment, "SWITCHYARD_TEST_SECRET"}).value(), "hunter2");
  ASSERT_EQ(unsetenv("SWITCHYARD_TEST_SECRET"), 0);
  const Result<std::string> missing = read_secret({SecretRef::From::kEnvironment, "SWITCHYARD_TEST_SECRET"});
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr("SWITCHYARD_TEST_SECRET"));
}

TEST(ReadSecret, AFilesLastLineBreakIsNoPartOfIt) {
  const std::string path = testing::TempDir() + "secret.txt";
  std::ofstream(path) << "hunter2\n";
  EXPECT_EQ(read_secret({SecretRef::From::kFile, path}).value(), "hunter2");
  std::ofstream(path, std::ios::trunc) << "\n";
  EXPECT_EQ(read_secret({SecretRef::From::kFile, path}).error().code, ErrorCode::kNotFound);
  fs::remove(path);
  EXPECT_EQ(read_secret({SecretRef::From::kFile, path}).error().code, ErrorCode::kNotFound);
}

TEST(MissingSecrets, AreAWarningOfValidateAndAnErrorOfPlan) {
  ASSERT_EQ(unsetenv("SWITCHYARD_TEST_UNSET"), 0);
  const std::string text =
      "apiVersion: switchyard/v1\nkind: Account\nmetadata: {name: main}\nspec: {provider: hetzner, credentials: "
      "{token: {env: SWITCHYARD_TEST_UNSET}}}\n";
  const LoadedSpecs validated = load_text(text, {.missing_secret = LoadOptions::Missing::kWarning});
  EXPECT_TRUE(validated.ok());
  EXPECT_THAT(complaints_of(validated), HasSubstr("warning: a secret that is not there"));
  EXPECT_FALSE(load_text(text, {.missing_secret = LoadOptions::Missing::kError}).ok());
}

}  // namespace
}  // namespace switchyard
