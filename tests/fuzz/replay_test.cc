// Every input in the tree, and a bounded number of small changes to them, through the functions that libFuzzer calls.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>

#include "tests/fuzz/mutator.h"
#include "tests/fuzz/target.h"
#include "tests/support/source_folder.h"

namespace switchyard::fuzz {
namespace {

struct Target {
  std::string_view name;
  void (*run)(std::string_view bytes);
};

constexpr std::array<Target, 12> kTargets = {{{"agent_answers", agent_answers},
                                              {"command_line", command_line},
                                              {"fleet", fleet},
                                              {"plan_file", plan_file},
                                              {"provider_answers", provider_answers},
                                              {"record", record},
                                              {"requests", requests},
                                              {"state_file", state_file},
                                              {"state_rows", state_rows},
                                              {"values", values},
                                              {"world_seen", world_seen},
                                              {"yaml", yaml}}};
constexpr std::size_t kLongest = 16384;

// As many as take about a second; the campaigns of ./dev fuzz do millions.
constexpr int kFixedRounds = 300;
constexpr int kFreshRounds = 100;
constexpr std::uint64_t kFixedSeed = 1;

class FuzzTarget : public ::testing::TestWithParam<Target> {
 protected:
  FuzzTarget() : material_(material_of(source_folder(), GetParam().name)) {}

  // The bytes lie in a file while they are tried, so that a crash leaves them behind.
  void try_out(const std::string& bytes, const std::string& from) {
    const std::filesystem::path file =
        std::filesystem::path(::testing::TempDir()) / ("fuzz-" + std::string(GetParam().name) + ".input");
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
    const auto began = std::chrono::steady_clock::now();
    try {
      GetParam().run(bytes);
    } catch (const Broken& broken) {
      FAIL() << from << " breaks a promise: " << broken.promise << "\nrepeat it: ./dev fuzz " << GetParam().name << " "
             << file;
    }
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20))
        << from << ": a wall against what never ends, not a budget; ./dev fuzz " << GetParam().name << " " << file;
    std::filesystem::remove(file);
  }

  void mutate(std::uint64_t seed, int rounds) {
    Random random(seed);
    for (int i = 0; i < rounds && !HasFatalFailure(); ++i) {
      try_out(mutated(material_, kLongest, random), "round " + std::to_string(i) + " of seed " + std::to_string(seed));
    }
  }

  Material material_;
};

TEST_P(FuzzTarget, KeepsItsPromisesForEveryInputInTheTree) {
  ASSERT_GE(material_.inputs.size(), 3U) << "a target needs something to start from";
  ASSERT_GE(material_.words.size(), 5U) << "and a dictionary";
  for (const auto& [name, bytes] : material_.inputs) try_out(bytes, "corpus/" + name);
  try_out("", "no bytes at all");
}

TEST_P(FuzzTarget, KeepsItsPromisesForChangedInputs) {
  mutate(kFixedSeed, kFixedRounds);
}

TEST_P(FuzzTarget, KeepsItsPromisesForFreshInputs) {
  const char* given = std::getenv("SWITCHYARD_FUZZ_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::cout << "fresh inputs of " << GetParam().name << ": SWITCHYARD_FUZZ_SEED=" << seed << " repeats them\n";
  mutate(seed, kFreshRounds);
}

INSTANTIATE_TEST_SUITE_P(Of, FuzzTarget, ::testing::ValuesIn(kTargets),
                         [](const auto& target) { return std::string(target.param.name); });

}  // namespace
}  // namespace switchyard::fuzz
