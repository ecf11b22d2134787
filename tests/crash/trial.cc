#include "tests/crash/trial.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace switchyard::testing {
namespace {

std::string lines(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& one : all) text += "\n    " + one;
  return text.empty() ? "\n    nothing" : text;
}

std::string picture_text(const Rig::Picture& picture) {
  return fmt::format("{}\n  overrides:{}\n  holds:{}", lines(picture.servers), lines(picture.overrides),
                     lines(picture.holds));
}

bool same(const Rig::Picture& a, const Rig::Picture& b) {
  return a.servers == b.servers && a.overrides == b.overrides && a.holds == b.holds;
}

}  // namespace

std::string to_text(const Trial& trial) {
  std::string text = fmt::format("--point {} --loss {}", trial.point, to_text(trial.loss.keeps));
  if (trial.loss.seed != 0) text += fmt::format(" --seed {}", trial.loss.seed);
  if (trial.late) text += fmt::format(" --late {}", *trial.late);
  if (trial.again) text += fmt::format(" --again {}", *trial.again);
  return text;
}

Ordeal::Ordeal(const Scenario& scenario, std::string folder) : scenario_(scenario), folder_(std::move(folder)) {
  {
    Rig rig(folder_, rig_options());
    prepare(rig);
    ids_before_ = rig.picture(scenario_.options).ids;
  }
  {
    Rig rig(folder_, rig_options());
    prepare(rig);
    rig.count_points(std::nullopt);
    give_command(rig);
    points_ = rig.points().passed;
    as_commanded_ = finish(rig);
  }
  if (scenario_.all_or_nothing) {
    Rig untouched(folder_, rig_options());
    prepare(untouched);
    as_if_nothing_ = finish(untouched);
  }
}

void Ordeal::prepare(Rig& rig) {
  if (!scenario_.before.empty()) {
    rig.want(scenario_.before);
    rig.converge();
  }
  if (!scenario_.after.empty()) rig.want(scenario_.after);
  if (scenario_.meanwhile) scenario_.meanwhile(rig);
}

void Ordeal::give_command(Rig& rig) const {
  if (scenario_.command) {
    scenario_.command(rig);
  } else {
    rig.apply(scenario_.options);
  }
}

Ordeal::End Ordeal::finish(Rig& rig) const {
  rig.converge(scenario_.options);
  rig.end_faults();
  const int exit_code = rig.converge(scenario_.options).exit_code();
  return {.picture = rig.picture(scenario_.options), .deeds = rig.deeds(), .exit_code = exit_code};
}

bool Ordeal::run(const Trial& trial) {
  Rig rig(folder_, rig_options());
  prepare(rig);
  rig.count_points(trial.point);
  std::string died_at;
  try {
    give_command(rig);
    return false;
  } catch (const Died&) {
    died_at = rig.points().died_at;
  }
  const ::testing::ScopedTrace trace(__FILE__, __LINE__,
                                     fmt::format("dies at point {} of {}: {}\n  again: ./dev crash {} {}", trial.point,
                                                 points_, died_at, scenario_.name, to_text(trial)));
  rig.start_again(trial.loss, trial.late);
  if (trial.again) {
    rig.count_points(*trial.again);
    try {
      if (scenario_.then == Scenario::Then::kRepeat) give_command(rig);
      rig.converge(scenario_.options);
      rig.count_points(std::nullopt);
    } catch (const Died&) {
      rig.start_again({trial.loss.keeps, trial.loss.seed + 1}, std::nullopt);
    }
  }
  if (scenario_.then == Scenario::Then::kRepeat) give_command(rig);
  compare(rig, finish(rig), trial);
  return true;
}

void Ordeal::compare(Rig& rig, const End& end, const Trial& trial) const {
  const Rig::Picture& picture = end.picture;
  const End* like = &as_commanded_;
  if (as_if_nothing_ && !same(picture, as_commanded_.picture)) like = &*as_if_nothing_;
  const auto failures = [] {
    return ::testing::UnitTest::GetInstance()->current_test_info()->result()->total_part_count();
  };
  const int failures_before = failures();

  EXPECT_TRUE(same(picture, like->picture))
      << "it is" << picture_text(picture) << "\n  and should be" << picture_text(as_commanded_.picture)
      << (as_if_nothing_ ? "\n  or" + picture_text(as_if_nothing_->picture) : "");
  EXPECT_EQ(end.exit_code, like->exit_code) << "the last apply";
  EXPECT_EQ(picture.changes, like->picture.changes) << "law 7: the next plan";
  EXPECT_EQ(picture.open_intents, like->picture.open_intents);
  EXPECT_TRUE(picture.complaints.empty()) << "state doctor:" << lines(picture.complaints);
  EXPECT_TRUE(end.deeds.without_proof.empty()) << "law 3, no intent for:" << lines(end.deeds.without_proof);
  EXPECT_LE(picture.calls_cut, as_commanded_.picture.calls_cut) << "law 6: calls were cut";
  if (as_commanded_.picture.refused_for_money == 0) {
    EXPECT_EQ(picture.refused_for_money, 0) << "law 5: refused for money";
  }
  // One that arrives late is known by its mark and swept; any other is never ordered twice.
  EXPECT_LE(picture.created, as_commanded_.picture.created + (trial.late ? 1 : 0)) << "servers ordered";
  for (const auto& [name, id] : as_commanded_.picture.ids) {
    const bool kept =
        std::ranges::any_of(ids_before_, [&, wanted = id](const auto& one) { return one.second == wanted; });
    const auto now = picture.ids.find(name);
    if (kept && now != picture.ids.end()) {
      EXPECT_EQ(now->second, id) << name << " is another machine now";
    }
  }
  for (const auto& [what, times] : end.deeds.actions) {
    const auto expected = as_commanded_.deeds.actions.find(what);
    EXPECT_LE(times, (expected == as_commanded_.deeds.actions.end() ? 0 : expected->second) + (trial.late ? 1 : 0))
        << "an action was repeated: " << what;
  }
  if (failures() > failures_before) ADD_FAILURE() << "the audit trail:" << rig.trail(25);
}

}  // namespace switchyard::testing
