#include "tests/support/golden.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/source_folder.h"

namespace switchyard {

void expect_golden(std::string_view name, const std::string& text) {
  const auto path = source_folder() / "tests" / "golden" / name;
  if (const char* update = std::getenv("SWITCHYARD_UPDATE_GOLDEN"); update != nullptr && *update == '1') {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    GTEST_SKIP() << "rewrote " << path;
  }
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file) << path << " is missing; SWITCHYARD_UPDATE_GOLDEN=1 writes it";
  const std::string wanted((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_EQ(text, wanted) << "differs from " << path;
}

}  // namespace switchyard
