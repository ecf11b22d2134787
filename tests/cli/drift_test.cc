#include "reconciler/cli/drift.h"

#include <gtest/gtest.h>

#include "tests/cli/fleet_sample.h"
#include "tests/support/golden.h"

namespace switchyard {
namespace {

using Entries = std::vector<std::pair<Intent, std::optional<Outcome>>>;

std::pair<Intent, std::optional<Outcome>> entry(Action action, std::string digest, Outcome::Kind kind) {
  Intent intent{.id = 1,
                .resource = sample::server_key("lon-1"),
                .account = "main",
                .action = action,
                .origin = Intent::Origin::kPlanned,
                .uid = {},
                .provider_id = {},
                .written = sample::now(),
                .provider_now = {},
                .source_path = {},
                .request = Json::Object{},
                .proof_before = {},
                .actor = {},
                .reason = {}};
  if (!digest.empty()) intent.request.set("digest", digest);
  return {intent, Outcome{.intent = 1, .kind = kind, .provider_id = {}, .message = {}, .at = sample::now()}};
}

class DriftTest : public ::testing::Test {
 protected:
  // The drift in one change of lon-1.
  Drift drift(Action action) {
    Plan plan;
    for (const auto& change : sample::plan().plan.changes) {
      if (change.resource != sample::server_key("lon-1")) continue;
      plan.changes.push_back(change);
      plan.changes.back().action = action;
    }
    const Journal journal = [this](const Key&) { return entries_; };
    return drift_of({.plan = plan, .desired = fleet_, .declarations = declarations_, .journal = journal});
  }

  DesiredFleet fleet_ = sample::fleet();
  std::vector<Declaration> declarations_;
  Entries entries_;
};

TEST_F(DriftTest, is_a_difference_from_the_configuration_that_was_sent) {
  entries_ = {entry(Action::kUpdate, "d1", Outcome::Kind::kDone), entry(Action::kCreate, "d0", Outcome::Kind::kDone)};
  EXPECT_EQ(drift(Action::kUpdate).changes.size(), 1U);
}

TEST_F(DriftTest, is_none_when_the_specs_changed_since) {
  entries_ = {entry(Action::kUpdate, "d0", Outcome::Kind::kDone)};
  const auto found = drift(Action::kUpdate);
  EXPECT_TRUE(found.empty());
  EXPECT_EQ(found.from_specs, 1);
}

TEST_F(DriftTest, looks_at_what_went_well_only) {
  entries_ = {entry(Action::kUpdate, "d1", Outcome::Kind::kFailed), entry(Action::kCreate, "d0", Outcome::Kind::kDone)};
  EXPECT_TRUE(drift(Action::kUpdate).empty());
}

TEST_F(DriftTest, is_a_server_that_was_there_and_is_gone) {
  EXPECT_TRUE(drift(Action::kCreate).empty());
  declarations_ = {{.resource = sample::server_key("lon-1"),
                    .account = "main",
                    .uid = "u-1",
                    .source_path = "/fleet.yaml",
                    .protect = false}};
  EXPECT_EQ(drift(Action::kCreate).changes.size(), 1U);
}

TEST_F(DriftTest, is_power_that_somebody_else_switched) {
  entries_ = {entry(Action::kCreate, "d1", Outcome::Kind::kDone)};
  EXPECT_EQ(drift(Action::kStart).changes.size(), 1U) << "it was created running";
  entries_ = {entry(Action::kStop, "", Outcome::Kind::kDone), entry(Action::kCreate, "d1", Outcome::Kind::kDone)};
  EXPECT_TRUE(drift(Action::kStart).empty()) << "it was stopped from here, so the specs want it back";
}

TEST_F(DriftTest, is_an_expiry_but_no_removal_and_no_release) {
  EXPECT_EQ(drift(Action::kReactivate).changes.size(), 1U);
  EXPECT_TRUE(drift(Action::kDelete).empty());
  EXPECT_TRUE(drift(Action::kUpgrade).empty());
}

TEST_F(DriftTest, shows_observed_and_desired_side_by_side) {
  const auto view = sample::plan();
  const Journal journal = [](const Key&) { return Entries(); };
  const auto found = drift_of({.plan = view.plan, .desired = fleet_, .declarations = {}, .journal = journal});
  expect_golden("drift/drift.txt", render_drift(found, view, Colour::kOff));
}

}  // namespace
}  // namespace switchyard
