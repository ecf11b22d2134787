#include "reconciler/render/why.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/fleet_sample.h"
#include "tests/support/golden.h"

namespace switchyard {
namespace {

using ::testing::HasSubstr;

class WhyTest : public ::testing::Test {
 protected:
  Why ask(const Key& key) const {
    return why({.view = view_,
                .desired = fleet_,
                .observed = observed_,
                .open_intents = {},
                .attempts = attempts_,
                .overrides = view_.plan.overrides,
                .declarations = declarations_,
                .now = sample::now()},
               key);
  }
  std::string text(const std::string& name) const { return render_why(ask(sample::server_key(name)), Colour::kOff); }

  PlanView view_ = sample::plan();
  DesiredFleet fleet_ = sample::fleet();
  std::vector<ObservedAccount> observed_ = sample::observed();
  std::vector<Attempts> attempts_;
  std::vector<Declaration> declarations_;
};

TEST_F(WhyTest, a_change_is_down_to_a_line_and_an_observation) {
  expect_golden("why/change.txt", text("lon-1"));
}

TEST_F(WhyTest, ages_are_measured_on_the_clock_of_the_provider_that_reported) {
  observed_ = sample::observed_on_another_clock();
  EXPECT_THAT(text("lon-1"), HasSubstr("seen 12s ago (2026-01-"));
  EXPECT_THAT(text("lon-3"), HasSubstr("(12s ago)"));
  for (const auto* name : {"lon-1", "lon-2", "lon-3"}) EXPECT_THAT(text(name), ::testing::Not(HasSubstr("326d")));
}

TEST_F(WhyTest, a_change_that_waits_says_for_what) {
  expect_golden("why/waiting.txt", text("front-1"));
}

TEST_F(WhyTest, a_create_says_that_no_listing_shows_it) {
  expect_golden("why/create.txt", text("lon-3"));
}

TEST_F(WhyTest, a_hold_says_what_would_lift_it) {
  expect_golden("why/hold.txt", text("lon-9"));
}

TEST_F(WhyTest, nothing_happens_to_what_is_as_the_specs_say) {
  std::erase_if(view_.plan.changes, [](const Change& change) { return change.resource.name == "lon-1"; });
  attempts_ = {{.resource = sample::server_key("lon-1"),
                .action = Action::kUpdate,
                .failures = 2,
                .last = sample::before(std::chrono::minutes(1)),
                .next_try = sample::now() + std::chrono::minutes(1),
                .message = "the agent did not answer"}};
  expect_golden("why/nothing.txt", text("lon-1"));
}

TEST_F(WhyTest, one_that_stands_still_is_told_with_what_waits_for_its_start) {
  std::erase_if(view_.plan.changes, [](const Change& change) { return change.resource.name == "lon-1"; });
  for (ObservedAccount& account : observed_) {
    for (ObservedServer& machine : account.servers) {
      if (machine.mark && machine.mark->key.name == "lon-1") machine.phase = Phase::kStopped;
    }
  }
  view_.plan.warnings = {"Server/lon-1 stands still and stays where it is: spec.region differs",
                         "Server/lon-12 is late"};
  EXPECT_THAT(text("lon-1"),
              HasSubstr("it stands still, as the specs say.\n  Server/lon-1 stands still and stays where "
                        "it is: spec.region differs.\n"));
  EXPECT_THAT(text("lon-1"), ::testing::Not(HasSubstr("lon-12")));
}

TEST_F(WhyTest, a_zone_is_no_change_by_itself) {
  expect_golden("why/zone.txt", render_why(ask({Kind::kZone, "london"}), Colour::kOff));
}

TEST_F(WhyTest, what_another_file_declared_is_left_alone) {
  std::erase_if(view_.plan.changes, [](const Change& change) { return change.resource.name == "old-1"; });
  declarations_ = {{.resource = sample::server_key("old-1"),
                    .account = "main",
                    .uid = "u-old-1",
                    .source_path = "/fleet/old.yaml",
                    .protect = false}};
  const auto answer = ask(sample::server_key("old-1"));
  EXPECT_EQ(answer.verdict, Why::Verdict::kNothing);
  EXPECT_THAT(render_why(answer, Colour::kOff), HasSubstr("last declared by /fleet/old.yaml"));
}

TEST_F(WhyTest, a_name_that_nobody_knows_is_unknown) {
  EXPECT_EQ(ask(sample::server_key("lon-77")).verdict, Why::Verdict::kUnknown);
}

TEST_F(WhyTest, json_names_the_verdict) {
  const auto key = sample::server_key("lon-9");
  const auto json = to_json(ask(key), key);
  EXPECT_EQ(json.string_or("verdict", ""), "hold");
  EXPECT_EQ(json.string_or("resource", ""), "Server/lon-9");
}

}  // namespace
}  // namespace switchyard
