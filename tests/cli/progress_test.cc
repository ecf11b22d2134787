#include "reconciler/cli/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/cli/report.h"
#include "tests/cli/fleet_sample.h"
#include "tests/support/golden.h"

namespace switchyard {
namespace {

using ::testing::EndsWith;
using ::testing::StartsWith;

Progress progress(Progress::What what, int change, int ended, std::string text, Duration after) {
  return {.what = what,
          .change_id = change,
          .action = Action::kCreate,
          .resource = sample::server_key("lon-" + std::to_string(change)),
          .text = std::move(text),
          .ended = ended,
          .total = 3,
          .at = sample::now() + after};
}

TEST(ProgressText, is_plain_lines_where_there_is_no_terminal) {
  ProgressText text(ProgressText::Mode::kLines, Colour::kOff);
  std::string all;
  all += text.take(progress(Progress::What::kStarted, 1, 0, "", {}), 80);
  all += text.take(progress(Progress::What::kStep, 1, 0, "waits for delivery", std::chrono::seconds(5)), 80);
  all += text.take(progress(Progress::What::kStep, 1, 0, "waits for delivery", std::chrono::seconds(9)), 80);
  all += text.take(progress(Progress::What::kDone, 1, 1, "", std::chrono::minutes(2)), 80);
  all += text.take(progress(Progress::What::kFailed, 2, 2, "refused", std::chrono::minutes(2)), 80);
  all += text.finish();
  EXPECT_EQ(all,
            "[0/3] create Server/lon-1 started\n"
            "[0/3] create Server/lon-1: waits for delivery\n"
            "[1/3] create Server/lon-1 done\n"
            "[2/3] create Server/lon-2 failed: refused\n");
}

TEST(ProgressText, redraws_one_line_on_a_terminal_and_takes_it_away) {
  ProgressText text(ProgressText::Mode::kLive, Colour::kOff);
  EXPECT_EQ(text.take(progress(Progress::What::kStarted, 1, 0, "", {}), 80), "[0/3] create Server/lon-1");
  text.take(progress(Progress::What::kStarted, 2, 0, "", {}), 80);
  const auto done = text.take(progress(Progress::What::kDone, 1, 1, "", std::chrono::minutes(2)), 80);
  EXPECT_THAT(done, StartsWith("\r\x1b[2K[1/3] create Server/lon-1 done\n"));
  EXPECT_THAT(done, EndsWith("[1/3] create Server/lon-2; about 4m left"));
  EXPECT_EQ(text.finish(), "\r\x1b[2K");
  EXPECT_EQ(text.finish(), "");
}

TEST(ProgressText, never_wraps_its_live_line) {
  ProgressText text(ProgressText::Mode::kLive, Colour::kOff);
  const auto line = text.take(progress(Progress::What::kStep, 1, 0, std::string(200, 'x'), {}), 40);
  EXPECT_EQ(display_width(line), 39U);
}

Progress account_waits(std::string why, Duration after, std::optional<Duration> next) {
  return {.what = Progress::What::kAccountWaits,
          .change_id = 0,
          .action = std::nullopt,
          .resource = {Kind::kAccount, "main"},
          .text = std::move(why),
          .ended = 1,
          .total = 3,
          .at = sample::now() + after,
          .waiting = 2,
          .next_try = next ? std::optional(sample::now() + after + *next) : std::nullopt};
}

Progress account_answers(Duration after) {
  Progress progress = account_waits({}, after, {});
  progress.what = Progress::What::kAccountAnswers;
  return progress;
}

// A provider goes away while servers are delivered, comes back, and goes away for another reason.
std::string provider_comes_and_goes(ProgressText::Mode mode) {
  using std::chrono::minutes;
  using std::chrono::seconds;
  const std::string refused = "cannot be seen: could not connect to http://127.0.0.1:9180: connection refused";
  ProgressText text(mode, Colour::kOff);
  std::string all;
  all += text.take(progress(Progress::What::kStarted, 1, 0, "", {}), 100);
  all += text.take(progress(Progress::What::kStep, 1, 0, "waits for delivery", seconds(1)), 100);
  all += text.take(progress(Progress::What::kStarted, 2, 0, "", seconds(1)), 100);
  all += text.take(progress(Progress::What::kDone, 2, 1, "delivered", seconds(90)), 100);
  all += text.take(account_waits(refused, seconds(100), {}), 100);
  all += text.take(account_waits(refused, seconds(101), seconds(5)), 100);
  all += text.take(account_waits(refused, seconds(106), seconds(5)), 100);
  all += text.take(account_waits(refused, seconds(161), seconds(5)), 100);
  all += text.take(account_waits("takes no more calls for now: its rate limit is reached", seconds(166), seconds(40)),
                   100);
  all += text.take(account_answers(seconds(206)), 100);
  all += text.take(progress(Progress::What::kDone, 1, 2, "delivered", minutes(4)), 100);
  return all + text.finish();
}

// The bytes that a terminal obeys, so that a person can read the file.
std::string visible(std::string text) {
  for (std::size_t at = 0; (at = text.find("\r\x1b[2K", at)) != std::string::npos;) text.replace(at, 5, "\n<redrawn> ");
  return text + "\n";
}

TEST(ProgressText, names_the_account_that_keeps_changes_waiting) {
  expect_golden("apply/account_waits.txt", provider_comes_and_goes(ProgressText::Mode::kLines));
}

TEST(ProgressText, names_the_account_that_keeps_changes_waiting_on_a_terminal) {
  expect_golden("apply/account_waits_live.txt", visible(provider_comes_and_goes(ProgressText::Mode::kLive)));
}

TEST(Report, names_failures_stale_changes_and_holds) {
  ApplyReport report;
  report.changes_done = 3;
  report.holds = {sample::plan().plan.holds[0]};
  report.failures = {"create Server/lon-4: refused"};
  report.stale = {"update Server/lon-5: the server is another one now"};
  report.interrupted = true;
  expect_golden("apply/report.txt", render_report(report, Colour::kOff));
  EXPECT_EQ(to_json(report).find("holds")->array()->front().string_or("short", ""), "2.60");
}

}  // namespace
}  // namespace switchyard
