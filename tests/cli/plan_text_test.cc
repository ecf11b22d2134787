#include "reconciler/render/plan_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/fleet_sample.h"
#include "tests/support/golden.h"

namespace switchyard {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(PlanText, shows_every_symbol_holds_money_and_safety) {
  expect_golden("plan/everything.txt", render_plan(sample::plan(), sample::now(), Colour::kOff));
}

TEST(PlanText, is_the_same_in_colour) {
  expect_golden("plan/everything-in-colour.txt", render_plan(sample::plan(), sample::now(), Colour::kOn));
}

TEST(PlanText, measures_the_age_of_a_listing_on_the_clock_that_was_there_to_see_it) {
  auto view = sample::plan();
  view.plan.observed_at = sample::before(std::chrono::hours(326 * 24));
  view.plan.looked_at = sample::before(std::chrono::seconds(12));
  EXPECT_THAT(render_plan(view, sample::now(), Colour::kOff), HasSubstr("Observed 2026-01-01T18:34:45Z (12s ago)."));
}

TEST(PlanText, says_in_one_line_that_nothing_changes) {
  PlanView view;
  view.plan.summary.unchanged = 46;
  EXPECT_EQ(render_plan(view, sample::now(), Colour::kOff), "No changes. 46 resources as the specs say.\n");
}

TEST(PlanText, shows_the_money_that_is_short) {
  auto view = sample::plan();
  view.plan.changes.clear();
  std::erase_if(view.plan.holds, [](const Hold& hold) { return hold.gate != Gate::kBalance; });
  view.plan.summary = {.held = 1, .unchanged = 8};
  expect_golden("plan/short-of-money.txt", render_plan(view, sample::now(), Colour::kOff));
}

TEST(PlanText, says_when_the_balance_and_the_prices_are_unknown) {
  auto view = sample::plan();
  view.plan.balances[0].available.reset();
  EXPECT_THAT(render_plan(view, sample::now(), Colour::kOff), HasSubstr("main: balance unknown, 5 servers"));
  view = sample::plan();
  view.plan.balances[0].burn.reset();
  EXPECT_THAT(render_plan(view, sample::now(), Colour::kOff), HasSubstr("a price is missing"));
}

TEST(PlanText, lets_no_foreign_name_move_the_cursor) {
  EXPECT_THAT(render_plan(sample::plan(), sample::now(), Colour::kOff), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace switchyard
