#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "specs/kinds/tables.h"
#include "tests/support/source_folder.h"

// The table of the folder's README is whole.
namespace switchyard {
namespace {

TEST(OptionTable, HasALineForEveryOptionWithItsMechanismEffectAndTest) {
  std::ifstream file(source_folder() / "providers/agent/kamailio/README.md");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  ASSERT_FALSE(text.empty());
  std::vector<std::string> paths;
  for (const FieldRow& row : options()) paths.emplace_back(row.path);
  for (const FieldRow& row : cluster_rows()) {
    const std::string path(row.path.substr(5));
    if (path.starts_with("limits") || path.starts_with("share")) paths.push_back("cluster." + path);
  }
  for (const FieldRow& row : carrier_rows()) paths.push_back("carrier." + std::string(row.path.substr(5)));
  for (const char* path : {"channels", "cps", "cluster", "weight", "balancer.algorithm", "balancer.cluster"}) {
    paths.emplace_back(path);
  }
  for (const std::string& path : paths) {
    const std::size_t at = text.find(fmt::format("\n| {} | ", path));
    ASSERT_NE(at, std::string::npos) << path << " is not in the table";
    const std::string line = text.substr(at + 1, text.find('\n', at + 1) - at - 1);
    EXPECT_EQ(std::count(line.begin(), line.end(), '|'), 5) << line;
    const bool effect = line.find("| hot |") != std::string::npos || line.find("| reload |") != std::string::npos ||
                        line.find("| restart |") != std::string::npos || line.find("| none |") != std::string::npos;
    EXPECT_TRUE(effect) << line;
  }
}

}  // namespace
}  // namespace switchyard
