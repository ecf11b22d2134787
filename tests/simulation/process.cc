#include "tests/simulation/process.h"

#include <fmt/format.h>

#include "tests/reconciler/call_text.h"
#include "tests/simulation/violation.h"

namespace switchyard::simulation {
namespace {

// As the program has it (Session::kLease).
constexpr std::chrono::seconds kLease{60};

// Far more than any round of such a fleet needs.
constexpr std::int64_t kCallsOfARound = 60'000;
constexpr std::chrono::hours kLongestRound{48};

// The laws know which command runs for as long as it does.
class UnderLaws {
 public:
  UnderLaws(Laws& laws, Laws::Command command) : laws_(laws) { laws_.begins(std::move(command)); }
  ~UnderLaws() { laws_.ends(); }
  UnderLaws(const UnderLaws&) = delete;
  UnderLaws& operator=(const UnderLaws&) = delete;

 private:
  Laws& laws_;
};

}  // namespace

void Wire::begin_round() {
  stops_ = 0;
  calls_left_ = kCallsOfARound;
  must_end_ = universe_.now() + kLongestRound;
}

void Wire::start(CallId id, Call call) {
  const bool changes = changes_the_world(call);
  universe_.note(changes ? Trace::Line::kStory : Trace::Line::kDetail,
                 fmt::format("  {} sends: {} in {}", number_, testing::to_text(call), call.account));
  ++universe_.calls_sent;
  if (--calls_left_ < 0 || universe_.now() > must_end_) {
    universe_.laws().never_ends("a round goes on and on; it was about to send " + testing::to_text(call));
  }
  if (changes) {
    ++changes_sent;
    universe_.laws().sends(call, now());
    universe_.moment(Universe::Moment::kChange);
    universe_.sync(disk_);
    universe_.laws().leaves(call, lock_, now());
  }
  universe_.network().send(number_, id, std::move(call), universe_.now());
  if (changes) universe_.moment(Universe::Moment::kChange);
}

std::vector<Completion> Wire::wait(Timestamp due) {
  universe_.moment(Universe::Moment::kAny);
  universe_.sync(disk_);
  const int stops_before = stops_;
  for (;;) {
    std::vector<Completion> ended = universe_.network().take(number_);
    if (!ended.empty() || now() >= due || stops_ != stops_before) return ended;
    universe_.step(universe_.now() + (due - now()));
  }
}

Result<std::unique_ptr<Process>> Process::begin(Universe& universe, Disk& disk, LoadedSpecs specs, int number,
                                                std::string actor) {
  std::unique_ptr<Process> process(new Process(universe, disk, number, std::move(actor)));
  Result<std::unique_ptr<Lock>> lock =
      Lock::acquire(disk.path(), process->actor_, kLease, Duration{}, universe.clock());
  if (!lock.ok()) return lock.error();
  process->lock_ = std::move(*lock);
  Result<std::unique_ptr<Store>> store = disk.open_store();
  if (!store.ok()) return store.error();
  process->store_ = std::move(*store);
  process->wire_ = std::make_unique<Wire>(universe, disk, *process->lock_, number);
  if (Result<Done> taken = process->take_up(std::move(specs)); !taken.ok()) return taken.error();
  return process;
}

Result<Done> Process::take_up(LoadedSpecs specs) {
  engine_.reset();
  specs_ = std::move(specs);
  return make_engine();
}

Result<Done> Process::make_engine() {
  engine_ = std::make_unique<Engine>(
      *store_, lock_.get(), *wire_,
      EngineOptions{.actor = actor_,
                    .reason = {},
                    .parallelism = {},
                    .timeout = {},
                    .seed = static_cast<std::uint64_t>(number_) * 1000U + static_cast<std::uint64_t>(++engines_),
                    .machine_clock = universe_.clock_beside(disk_)});
  if (Result<Done> wanted = engine_->want(specs_); !wanted.ok()) return wanted;
  return engine_->recall();
}

Result<ApplyReport> Process::round(std::optional<std::int64_t> max_destroy) {
  const UnderLaws laws(universe_.laws(),
                       Laws::Command{.fleet = &specs_.fleet, .max_destroy = max_destroy, .may_cut = {}});
  wire_->begin_round();
  // Somebody may have suspended or frozen something since the last round.
  if (Result<Done> recalled = engine_->recall(); !recalled.ok()) return recalled.error();
  if (Result<Done> settled = engine_->settle(); !settled.ok()) return settled.error();
  if (Result<Done> observed = engine_->observe(); !observed.ok()) return observed.error();
  PlanOptions options;
  options.max_destroy = max_destroy;
  const Plan plan = engine_->plan(options);
  for (const Change& change : plan.changes) {
    universe_.note(Trace::Line::kStory, fmt::format("  {} plans: {} {}: {}", number_, to_string(change.action),
                                                    to_string(change.resource), change.reason));
  }
  Result<ApplyReport> report =
      engine_->apply(plan, options, Engine::Scope::kFollowUp, [this](const Progress& progress) {
        const bool news = progress.what != Progress::What::kStep && progress.what != Progress::What::kStarted;
        universe_.note(news ? Trace::Line::kStory : Trace::Line::kDetail,
                       fmt::format("  {} {} {}: {}", number_, progress.action ? to_string(*progress.action) : "of",
                                   to_string(progress.resource), progress.text.empty() ? "done" : progress.text));
      });
  if (!report.ok()) return report;
  last_plan_ = engine_->plan(options);
  universe_.laws().applied(plan, *report, last_plan_);
  return report;
}

Result<ApplyReport> Process::act(Action action, const Key& key, const PlanOptions& options) {
  const UnderLaws laws(universe_.laws(),
                       Laws::Command{.fleet = &specs_.fleet,
                                     .max_destroy = {},
                                     .may_cut = {options.allow_disruption.begin(), options.allow_disruption.end()},
                                     .by_hand = true});
  wire_->begin_round();
  if (Result<Done> settled = engine_->settle(); !settled.ok()) return settled.error();
  if (Result<Done> observed = engine_->observe(); !observed.ok()) return observed.error();
  return engine_->act(action, {key}, Json(Json::Object{}), options, [](const Progress&) {});
}

void Process::die(std::unique_ptr<Process> process, Disk& disk, Disk::Where where) {
  const LockRow row = disk.lock_row();
  const bool held = row.fence == process->lock_->fence();
  process.reset();
  if (held) disk.leave_behind(row, where);
  disk.died();
}

}  // namespace switchyard::simulation
