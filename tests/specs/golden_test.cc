// Every complaint about specs, as people see it: tests/golden/diagnostics/NAME.yaml (or a folder of that name) gives
// NAME.expected.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "specs/load.h"
#include "tests/support/golden.h"
#include "tests/support/source_folder.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = source_folder() / "tests/golden/diagnostics";

std::vector<std::string> golden_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().filename());
    if (entry.is_directory() && entry.path().filename() != "certs") names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  return names;
}

class GoldenDiagnostics : public testing::TestWithParam<std::string> {};

TEST_P(GoldenDiagnostics, AreAsPeopleSeeThem) {
  fs::current_path(kFolder);
  ASSERT_EQ(setenv("SWITCHYARD_GOLDEN_KEY", "a key", 1), 0);
  ASSERT_EQ(setenv("SWITCHYARD_GOLDEN_EMPTY", "", 1), 0);
  ASSERT_EQ(unsetenv("SWITCHYARD_GOLDEN_UNSET"), 0);
  // git knows no more of a file's mode than whether it is a program.
  fs::permissions("certs/readable.txt", fs::perms(0644));
  const LoadOptions options{.now = *parse_timestamp("2026-11-23T00:00:00Z")};

  const LoadedSpecs loaded = load(read_source({GetParam()}), options);
  std::string seen;
  for (const Diagnostic& diagnostic : loaded.diagnostics) seen += to_string(diagnostic);

  EXPECT_FALSE(loaded.diagnostics.empty()) << "a golden file shows at least one complaint";
  expect_golden("diagnostics/" + fs::path(GetParam()).replace_extension(".expected").string(), seen);
}

INSTANTIATE_TEST_SUITE_P(Specs, GoldenDiagnostics, testing::ValuesIn(golden_names()), [](const auto& golden) {
  std::string name = golden.param;
  std::ranges::replace_if(
      name, [](char c) { return c == '-' || c == '.'; }, '_');
  return name;
});

}  // namespace
}  // namespace switchyard
