#include "tests/simulation/shrink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace switchyard::simulation {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<int> numbers_of(const Schedule& schedule) {
  std::vector<int> numbers;
  for (const Incident& incident : schedule.incidents) numbers.push_back(incident.number);
  return numbers;
}

bool has(const Schedule& schedule, int number) {
  return std::ranges::find(schedule.incidents, number, &Incident::number) != schedule.incidents.end();
}

const Schedule& month() {
  static const Schedule schedule = draw_schedule(3, std::chrono::hours(24 * 30));
  return schedule;
}

TEST(Shrink, LeavesJustTheIncidentsThatAreNeeded) {
  ASSERT_GT(month().incidents.size(), 100U);
  const Shrunk shrunk = shrink(
      month(), [](const Schedule& part) { return has(part, 3) && has(part, 17) && has(part, 90); }, 10'000);
  EXPECT_THAT(numbers_of(shrunk.schedule), ElementsAre(3, 17, 90));
}

TEST(Shrink, LeavesNothingWhereNothingIsNeeded) {
  EXPECT_THAT(numbers_of(shrink(
                             month(), [](const Schedule&) { return true; }, 1000)
                             .schedule),
              IsEmpty());
}

TEST(Shrink, EndsAfterSoManyTriesWithSomethingThatStillFails) {
  const auto fails = [](const Schedule& part) { return has(part, 3) && has(part, 90); };
  const Shrunk shrunk = shrink(month(), fails, 7);
  EXPECT_EQ(shrunk.runs, 7);
  EXPECT_TRUE(fails(shrunk.schedule));
}

TEST(Schedule, APartOfItMeansTheSameAsInTheWhole) {
  const Schedule part = only(month(), {5, 17});
  ASSERT_EQ(part.incidents.size(), 2U);
  EXPECT_EQ(part.incidents[0], month().incidents[5]);
  EXPECT_EQ(part.incidents[1], month().incidents[17]);
}

}  // namespace
}  // namespace switchyard::simulation
