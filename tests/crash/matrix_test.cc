#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "tests/crash/asked.h"
#include "tests/crash/trial.h"

namespace switchyard::testing {
namespace {

// In `./dev test` every so many points; `./dev crash` visits all of them.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::int64_t kStride = 97;
#else
constexpr std::int64_t kStride = 7;
#endif

// A scenario is given up after so many failing points: more would say the same.
constexpr int kMostFailures = 3;

constexpr PowerLoss::Keeps kLosses[] = {PowerLoss::Keeps::kNothing, PowerLoss::Keeps::kAll, PowerLoss::Keeps::kSome,
                                        PowerLoss::Keeps::kTorn};

// What is tried at a point: one loss of the four in turn, every other call arriving late, every fifth life ending once
// more. With `every_loss`, all of it at each.
std::vector<Trial> trials_at(std::int64_t point, bool every_loss) {
  const auto seed = static_cast<std::uint64_t>(point);
  const auto late = static_cast<int>(point % 5);
  const std::int64_t again = 1 + point * 37 % 211;
  std::vector<Trial> all;
  if (!every_loss) {
    Trial one{.point = point, .loss = {.keeps = kLosses[point % 4], .seed = seed}};
    if (point / 4 % 2 == 0) one.late = late;
    if (point % 5 == 0) one.again = again;
    return {one};
  }
  for (const PowerLoss::Keeps keeps : kLosses) {
    for (std::uint64_t more = 0; more < (keeps == PowerLoss::Keeps::kTorn ? 2 : 1); ++more) {
      all.push_back({.point = point, .loss = {.keeps = keeps, .seed = seed + 100'000 * more}});
    }
  }
  all.push_back({.point = point, .loss = {.keeps = PowerLoss::Keeps::kAll}, .late = late});
  all.push_back({.point = point, .loss = {.keeps = PowerLoss::Keeps::kTorn, .seed = seed}, .again = again});
  return all;
}

std::optional<Trial> one_asked_for() {
  const auto point = asked_number("POINT");
  if (!point) return std::nullopt;
  Trial trial{.point = *point};
  const std::string loss = asked("LOSS").value_or("all");
  for (const PowerLoss::Keeps keeps : kLosses) {
    if (to_text(keeps) == loss) trial.loss.keeps = keeps;
  }
  trial.loss.seed = static_cast<std::uint64_t>(asked_number("SEED").value_or(0));
  if (const auto late = asked_number("LATE")) trial.late = static_cast<int>(*late);
  trial.again = asked_number("AGAIN");
  return trial;
}

class CrashMatrix : public ::testing::TestWithParam<std::size_t> {};

int failures() {
  return ::testing::UnitTest::GetInstance()->current_test_info()->result()->total_part_count();
}

struct Visited {
  std::int64_t points = 0;
  std::int64_t exist = 0;
  std::int64_t deaths = 0;
};

Visited visit(const Scenario& scenario, Ordeal& ordeal) {
  Visited visited{.exist = ordeal.points()};
  if (const auto one = one_asked_for()) {
    EXPECT_TRUE(ordeal.run(*one)) << "there is no point " << one->point << ", the last is " << ordeal.points();
    visited.points = visited.deaths = 1;
    return visited;
  }
  const std::int64_t stride = asked_number("STRIDE").value_or(asked("EVERY_POINT") ? 1 : kStride);
  int failing = 0;
  for (std::int64_t point = 1; point <= visited.exist && failing < kMostFailures;
       point += std::max<std::int64_t>(1, stride)) {
    const int before = failures();
    for (const Trial& trial : trials_at(point, asked("EVERY_LOSS").has_value())) {
      if (!ordeal.run(trial)) {
        EXPECT_TRUE(scenario.is_lease_short()) << "point " << point << " was there and is not: nothing repeats itself";
        visited.exist = point - 1;
        return visited;
      }
      ++visited.deaths;
    }
    ++visited.points;
    failing += failures() > before ? 1 : 0;
  }
  return visited;
}

// Law 3 and all others: dead at any point and started again, every scenario ends as if nobody had died.
TEST_P(CrashMatrix, AScenarioSurvivesDeathAtEachOfItsPoints) {
  const Scenario& scenario = scenarios()[GetParam()];
  const std::string folder = ::testing::TempDir() + fmt::format("crash-{}-{}", scenario.name, getpid());
  std::filesystem::create_directories(folder);
  const auto began = std::chrono::steady_clock::now();
  {
    Ordeal ordeal(scenario, folder);
    ASSERT_FALSE(HasFailure());
    ASSERT_GT(ordeal.points(), 10);
    const Visited visited = visit(scenario, ordeal);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    fmt::print("{}: {} of {} points visited, {} deaths, {:.0f} a second\n", scenario.name, visited.points,
               visited.exist, visited.deaths, static_cast<double>(visited.deaths) / took.count());
  }
  std::filesystem::remove_all(folder);
}

std::string name_of(const ::testing::TestParamInfo<std::size_t>& parameter) {
  std::string name = scenarios()[parameter.param].name;
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Of, CrashMatrix, ::testing::Range(std::size_t{0}, scenarios().size()), name_of);

}  // namespace
}  // namespace switchyard::testing
