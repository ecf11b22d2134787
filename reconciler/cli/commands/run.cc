#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <chrono>

#include "reconciler/cli/commands/commands.h"
#include "reconciler/cli/context.h"
#include "reconciler/cli/loading.h"
#include "reconciler/cli/log.h"
#include "reconciler/cli/plan_options.h"
#include "reconciler/cli/planning.h"
#include "reconciler/cli/report.h"
#include "reconciler/render/diagnostic_text.h"
#include "reconciler/render/plan_text.h"

namespace switchyard {
namespace {

using Steady = std::chrono::steady_clock;

// Coarser than any file system's clock.
constexpr auto kSettled = std::chrono::seconds(2);
// What lies outside the files (certificates that run out) is looked at again after this, though no file changed.
constexpr auto kReloadAfter = std::chrono::hours(1);
// Well below a lease, so that the lock is renewed in time while nothing else happens.
constexpr Duration kSlice = std::chrono::seconds(10);

// What a lock or a state file ends on; anything else that a session does not open for is an account's.
bool of_the_state(ErrorCode code) {
  return code == ErrorCode::kLocked || code == ErrorCode::kStorage || code == ErrorCode::kTooNew ||
         code == ErrorCode::kUnreadable || code == ErrorCode::kCancelled;
}

// The same engine, repeated: looks, plans, acts, waits; takes up a changed folder, and goes on after every error that
// does not mean that somebody else is the writer now. It begins with specs or accounts that are unsound as it goes on
// with them: whoever mends them finds it at work. Without its state, or with words that mean nothing, it does not
// begin.
class Loop {
 public:
  Loop(Context& context, const Arguments& arguments)
      : context_(context),
        arguments_(arguments),
        paths_(arguments.list("PATH")),
        interval_(arguments.duration("interval").value_or(std::chrono::seconds(60))) {}

  int run() {
    auto recorder = open_record(context_, arguments_);
    if (!recorder) return context_.fail(recorder.error());
    recorder_ = *std::move(recorder);
    for (;;) {
      const auto trouble = round();
      if (signals_received() > 0) break;
      if (trouble) {
        if (ends_the_loop(*trouble) || (!session_ && arguments_.flag("once"))) return context_.fail(*trouble);
        if (trouble->code == ErrorCode::kCancelled) return could_not_look(context_, *trouble);
        complain(trouble->message);
      } else {
        last_complaint_.clear();
      }
      if (arguments_.flag("once")) return trouble ? 1 : exit_code_;
      wait();
      if (signals_received() > 0) break;
    }
    context_.say("Stopped.");
    return 0;
  }

 private:
  bool ends_the_loop(const Error& trouble) const {
    return trouble.code == ErrorCode::kFenced || (!session_ && !begins_later_);
  }

  // One look at specs and world, and what follows from it.
  std::optional<Error> round() {
    begins_later_ = false;
    if (auto trouble = take_up_specs()) return trouble;
    if (auto trouble = recall_if_changed()) return trouble;
    auto& engine = session_->engine();
    if (auto done = engine.settle(); !done) return done.error();
    if (auto done = engine.observe(); !done) return done.error();
    for (const auto& account : engine.view().accounts) {
      if (account.trouble) complain(fmt::format("account \"{}\": {}", account.name, account.trouble->message));
    }
    if (is_at_rest()) {
      remember_generation();
      return std::nullopt;
    }
    const auto plan = engine.plan(options_);
    const auto report = engine.apply(plan, options_, Engine::Scope::kFollowUp, [](const Progress& progress) {
      log_info("progress", {{"action", std::string(progress.action ? to_string(*progress.action) : "")},
                            {"resource", to_string(progress.resource)},
                            {"text", progress.text}});
    });
    remember_generation();
    if (recorder_ && !recorder_->state()) complain(recorder_->state().error().message);
    if (!report) return report.error();
    exit_code_ = report->exit_code();
    at_rest_.reset();
    if (plan.empty() && plan.under_way.empty() && plan.adopted.empty() && exit_code_ == 0) {
      at_rest_ = AtRest{.version = engine.version(), .until = plan.valid_until};
    }
    tell(plan, *report);
    for (const auto& failure : report->failures) complain(failure);
    return std::nullopt;
  }

  // Whether all is as it was when nothing was to be done: then the plan is empty again. What only time brings about (a
  // late delivery, the end of an override) is under way or has a time until which the plan holds.
  bool is_at_rest() const {
    const auto& engine = session_->engine();
    return at_rest_ && at_rest_->version == engine.version() && (!at_rest_->until || engine.now() < *at_rest_->until);
  }

  std::optional<Error> take_up_specs() {
    const auto before = machine_now();
    const auto stamp = stamp_of_source(paths_);
    if (session_ && stamp.hash == stamp_ && Steady::now() - loaded_ < kReloadAfter) return std::nullopt;
    auto source = read_source(paths_);
    const auto hash = source.hash;
    // What was changed a moment ago may be changed again without a trace in its times.
    const auto read = stamp.newest + kSettled < before ? stamp.hash : "";
    stamp_.clear();
    if (session_ && hash == hash_ && Steady::now() - loaded_ < kReloadAfter) {
      stamp_ = read;
      return std::nullopt;
    }
    const auto cache = open_cache(context_);
    if (recorder_) recorder_->remember(source, machine_now());
    auto specs = load(
        std::move(source),
        {.cache = cache.get(), .threads = 1, .now = machine_now(), .missing_secret = LoadOptions::Missing::kError});
    if (cache) cache->flush();
    if (!specs.ok()) {
      if (last_diagnostics_ != specs.diagnostics) context_.show(specs.diagnostics);
      last_diagnostics_ = specs.diagnostics;
      begins_later_ = true;
      return Error{ErrorCode::kInvalid, "the specs are not sound: " + count_diagnostics(specs.diagnostics)};
    }
    last_diagnostics_.clear();
    const auto options = parse_plan_options(arguments_, specs.fleet);
    if (!options) return options.error();
    options_ = *options;
    if (!session_) {
      auto opened = Session::open(context_, std::move(specs),
                                  {.access = Session::Access::kReadWrite,
                                   .engine = engine_options(context_, arguments_),
                                   .recorder = recorder_});
      if (!opened) {
        begins_later_ = !of_the_state(opened.error().code);
        return opened.error();
      }
      session_ = *std::move(opened);
    } else {
      if (auto done = session_->take_up(context_, std::move(specs)); !done) {
        hash_.clear();  // once more at the next round
        return done.error();
      }
      log_info("took up changed specs", {{"digest", session_->fleet().digest}});
    }
    if (const auto made = open_cache(context_)) remember_paths(*made, session_->fleet().scope);
    hash_ = hash;
    stamp_ = read;
    loaded_ = Steady::now();
    return std::nullopt;
  }

  // Somebody may have suspended or frozen something since the last round.
  std::optional<Error> recall_if_changed() {
    const auto generation = session_->store().generation();
    if (!generation) return generation.error();
    if (*generation == generation_) return std::nullopt;
    if (auto done = session_->recall(context_); !done) {
      hash_.clear();  // all is taken up anew at the next round
      stamp_.clear();
      return done.error();
    }
    return std::nullopt;
  }

  void remember_generation() {
    const auto generation = session_->store().generation();
    generation_ = generation ? *generation : -1;
  }

  // A line for each round that did something or found something new to hold.
  void tell(const Plan& plan, const ApplyReport& report) {
    const bool news = report.changes_done > 0 || !report.failures.empty() || report.holds != last_holds_;
    last_holds_ = report.holds;
    if (!news) return;
    const auto now = session_->engine().now();
    if (context_.json()) {
      const Json line = Json::Object{{"formatVersion", 1}, {"at", to_string(now)}, {"result", to_json(report)}};
      context_.result(to_string(line) + "\n");
    } else {
      context_.result(fmt::format("{} {}\n{}", to_string(now), render_summary(plan),
                                  render_report(report, context_.out().result_colour())));
    }
  }

  void complain(const std::string& message) {
    if (message == last_complaint_) return;
    last_complaint_ = message;
    log_warning("a round did not go well", {{"error", message}});
  }

  // Waits for the next round. An embedded world that walks (pace) takes the interval at its own speed; one that jumps
  // is moved on by as much as passes here, so that a loop over it neither spins nor stands still.
  void wait() {
    const bool jumps = session_ && session_->embedded() && session_->pace() == 0;
    if (session_ && !jumps) {
      auto& runner = session_->runner();
      const auto due = runner.now() + interval_;
      while (signals_received() == 0 && runner.now() < due) {
        runner.wait(std::min(due, runner.now() + kSlice));
        if (!renew()) return;
      }
      return;
    }
    const auto due = Steady::now() + interval_;
    while (signals_received() == 0 && Steady::now() < due) {
      const auto left = std::chrono::ceil<Duration>(due - Steady::now());
      ::poll(nullptr, 0, static_cast<int>(std::clamp<std::int64_t>(left.count(), 1, 500)));
      if (!renew()) return;
    }
    if (jumps && signals_received() == 0) session_->runner().wait(session_->runner().now() + interval_);
  }

  bool renew() {
    auto* lock = session_ ? session_->lock() : nullptr;
    if (lock == nullptr || lock->expires() - machine_now() > Session::kLease - kSlice) return true;
    if (auto done = lock->renew(); !done) {
      complain(done.error().message);  // the next round ends on it
      return false;
    }
    return true;
  }

  Context& context_;
  const Arguments& arguments_;
  std::vector<std::string> paths_;
  Duration interval_;
  PlanOptions options_;
  std::shared_ptr<Recorder> recorder_;
  std::unique_ptr<Session> session_;
  std::string hash_;
  Steady::time_point loaded_{};
  std::string stamp_;  // of the files as they were read last; empty: they are to be read again
  std::int64_t generation_ = -1;
  struct AtRest {
    std::int64_t version;  // the engine's
    std::optional<Timestamp> until;
  };
  std::optional<AtRest> at_rest_;
  std::vector<Hold> last_holds_;
  Diagnostics last_diagnostics_;
  std::string last_complaint_;
  bool begins_later_ = false;  // what the last round stumbled over may be mended while this waits
  int exit_code_ = 0;
};

int run_run(Context& context, const Arguments& arguments) {
  if (const auto interval = arguments.duration("interval"); interval && interval->count() <= 0) {
    return context.fail(
        {ErrorCode::kInvalid, "--interval: no time between two looks would leave none for anybody else"});
  }
  install_signal_handlers();
  return Loop(context, arguments).run();
}

}  // namespace

Command run_command() {
  auto options = plan_option_table();
  options.push_back(
      {.name = "interval", .help = "time between two looks (60s)", .takes = Takes::kDuration, .value = "DURATION"});
  options.push_back(record_option());
  options.push_back({.name = "once", .help = "one round, then exit as apply does"});
  return {
      .name = "run",
      .sentence =
          "Keeps the fleet as its specs say: takes up changes, corrects drift, goes on after errors, until stopped.",
      .example = "switchyard run fleet/ --interval 60s",
      .arguments = {paths_argument()},
      .options = std::move(options),
      .run = run_run};
}

}  // namespace switchyard
