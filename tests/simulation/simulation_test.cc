#include "tests/simulation/simulation.h"

#include <gtest/gtest.h>

namespace switchyard::simulation {
namespace {

constexpr std::chrono::hours kDays{24 * 4};

TEST(Simulation, Law2TheSameSeedGivesTheSameTraceByteForByte) {
  for (const std::uint64_t seed : {11U, 12U}) {
    const Schedule schedule = draw_schedule(seed, kDays);
    const Verdict first = simulate(schedule, Trace::Keep::kEverything);
    const Verdict again = simulate(schedule, Trace::Keep::kEverything);
    ASSERT_GT(first.trace.size(), 1000U);
    EXPECT_EQ(again.trace, first.trace) << "seed " << seed;
    EXPECT_EQ(again.hash, first.hash) << "seed " << seed;
    EXPECT_NE(simulate(draw_schedule(seed + 100, kDays), Trace::Keep::kNothing).hash, first.hash);
  }
}

TEST(Simulation, WhatIsKeptOfATraceChangesNothing) {
  const Schedule schedule = draw_schedule(13, kDays);
  EXPECT_EQ(simulate(schedule, Trace::Keep::kNothing).hash, simulate(schedule, Trace::Keep::kStory).hash);
}

TEST(Simulation, AFleetToWhichNothingHappensConvergesInItsFirstRoundAndIsLeftAlone) {
  const Verdict verdict = simulate(only(draw_schedule(14, kDays), {}), Trace::Keep::kStory);
  ASSERT_FALSE(verdict.violation) << verdict.violation->law << ": " << verdict.violation->what;
  EXPECT_EQ(verdict.figures.kills, 0);
  EXPECT_GT(verdict.figures.asserted.at("law 7: a converged fleet is left alone"), 0);
}

TEST(Simulation, EveryKindOfTroubleHappensAndEveryLawIsAsserted) {
  Figures figures;
  for (std::uint64_t seed = 21; seed < 25; ++seed) {
    const Verdict verdict = simulate(draw_schedule(seed, 2 * kDays), Trace::Keep::kNothing);
    ASSERT_FALSE(verdict.violation) << "seed " << seed << ": " << verdict.violation->law << ": "
                                    << verdict.violation->what;
    figures.add(verdict.figures);
  }
  EXPECT_EQ(figures.happened.size(), kIncidentKinds);
  EXPECT_GT(figures.kills, 0);
  EXPECT_GT(figures.intruders_refused, 0);
  EXPECT_GT(figures.takeovers, 0);
  EXPECT_EQ(figures.asserted.size(), 21U);
}

}  // namespace
}  // namespace switchyard::simulation
