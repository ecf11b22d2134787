#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "tests/crash/life.h"

namespace switchyard {
namespace {

constexpr int kLives = 8;
constexpr int kKillsEach = 25;

// SWITCHYARD_CRASH_SEED=7 runs the life of seed 7 alone, SWITCHYARD_CRASH_SEED=100-107 those of a range.
std::vector<std::uint64_t> seeds() {
  std::uint64_t first = 1;
  std::uint64_t last = kLives;
  if (const char* asked = std::getenv("SWITCHYARD_CRASH_SEED")) {  // NOLINT(concurrency-mt-unsafe): no thread yet
    const std::string text(asked);
    const auto dash = text.find('-');
    first = std::stoull(text);
    last = dash == std::string::npos ? first : std::stoull(text.substr(dash + 1));
  }
  std::vector<std::uint64_t> all;
  for (auto seed = first; seed <= last; ++seed) all.push_back(seed);
  return all;
}

// Law 3: killed at any point and started again, a fleet converges with no server twice, none lost, none paid for
// without an owner, and no person asked.
TEST(Crash, a_fleet_survives_200_kills_at_random_moments) {
  const auto chosen = seeds();
  std::vector<LifeStory> stories(chosen.size());
  {
    // The lives share nothing; each mostly waits for its world.
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      threads.emplace_back([&story = stories[i], seed = chosen[i]] { story = live(seed, kKillsEach); });
    }
  }
  LifeStory sum;
  for (const auto& story : stories) {
    sum.rounds += story.rounds;
    sum.kills += story.kills;
    sum.early_kills += story.early_kills;
    sum.interrupts += story.interrupts;
    sum.extra_runs += story.extra_runs;
    for (const auto& [kind, times] : story.faults) sum.faults[kind] += times;
    for (const auto& what : story.wrong) ADD_FAILURE() << what;
  }
  fmt::print(
      "seeds {} to {}: {} rounds, {} kills of an apply that had begun a change, {} before it had, {} interrupts, {} "
      "runs more than one a round\n",
      chosen.front(), chosen.back(), sum.rounds, sum.kills, sum.early_kills, sum.interrupts, sum.extra_runs);
  for (const auto& [kind, times] : sum.faults) fmt::print("  {} struck {} times\n", kind, times);
  EXPECT_GT(sum.faults["drop-after-commit"], 0);
  if (!HasFailure()) {
    EXPECT_GE(sum.kills, kKillsEach * static_cast<int>(chosen.size()));
  }
}

}  // namespace
}  // namespace switchyard
