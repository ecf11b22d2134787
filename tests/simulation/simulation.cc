#include "tests/simulation/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "tests/simulation/folder.h"
#include "tests/simulation/process.h"

namespace switchyard::simulation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// Back-offs last up to 75 minutes, deliveries that fail 15, and some wait for one another.
constexpr hours kConvergesWithin{24};
constexpr minutes kCalmInterval{5};
constexpr minutes kAwake{15};
constexpr std::int64_t kAnyNumber = 1000;

// Whoever holds the lock is named with the process's number, which no seed decides.
std::string words_of(const Error& error) {
  if (error.code == ErrorCode::kLocked) return "the state is locked";
  if (error.code == ErrorCode::kFenced) return "the lock was taken over";
  return error.message;
}

// A fleet's life.
class Life {
 public:
  Life(const Schedule& schedule, Trace& trace)
      : schedule_(schedule),
        folder_(schedule.seed),
        worlds_(known(folder_, schedule.seed)),
        laws_(worlds_, disk_),
        universe_(schedule, worlds_, laws_, trace),
        pauses_(schedule.seed + 79) {
    universe_.on_operator([this](const Incident& incident) { happen(incident); });
    universe_.busy([this](const std::string& account, const Key& key) { return has_open_intent(account, key); });
  }

  void live();
  Figures figures();

 private:
  static Worlds known(const Folder& folder, std::uint64_t seed);
  void put_strangers();
  void happen(const Incident& incident);
  void trouble();
  void one_process(Timestamp end);
  Duration pause();
  void idle(Timestamp until);
  void do_by_hand();
  void part();
  void override_for(const Incident& incident);
  void intrude(bool lease_lapsed);
  void calm();
  void lift_overrides();
  std::optional<ApplyReport> command(const std::string& actor, LoadedSpecs specs,
                                     const std::function<Result<ApplyReport>(Process&)>& what);
  void kill(std::unique_ptr<Process> process);
  bool has_open_intent(const std::string& account, const Key& key);
  void story(std::string_view text) { universe_.note(Trace::Line::kStory, text); }
  void tell(int number, const Result<ApplyReport>& report);

  const Schedule& schedule_;
  Folder folder_;
  bool edited_ = false;
  Worlds worlds_;
  Disk disk_;
  Laws laws_;
  Universe universe_;
  Random pauses_;
  Figures figures_;
  int processes_ = 0;
  std::deque<Incident> deeds_;     // that wait for the loop to be idle
  Process* loop_ = nullptr;        // the loop's process
  std::vector<Process*> running_;  // those in a round now, the inner one last
  std::string last_told_;          // how a round ended
  Disk::Where dies_ = Disk::Where::kHere;
};

Worlds Life::known(const Folder& folder, std::uint64_t seed) {
  Worlds worlds(seed);
  worlds.know(folder.load().fleet);
  return worlds;
}

// Servers of somebody else in the same accounts: one under another fleet's mark, one without any.
void Life::put_strangers() {
  for (const std::string& account : worlds_.accounts()) {
    for (const char* name : {"theirs", "unmarked"}) {
      CreateRequest request{.mark = Mark{.fleet = "of-somebody-else", .key = Key{Kind::kServer, name}, .uid = name},
                            .role = Role::kSwitch,
                            .region = "sgp1",
                            .size = "s-1vcpu-2gb",
                            .fields = {},
                            .peers = {},
                            .secrets = {}};
      Call call{account, CallLimits{.timeout = seconds(30), .fence = 0}, CreateCall{std::move(request)}};
      (void)worlds_.call(call);
    }
    worlds_.by_hand(account, CtlSet{"unmarked", "mark", "none"});
  }
  universe_.pass_to(universe_.now() + minutes(5));
  laws_.note_strangers();
}

bool Life::has_open_intent(const std::string& account, const Key& key) {
  if (disk_.lock_row().fence == 0) return false;
  const std::vector<OpenIntent> open = disk_.onlooker().open_intents().value();
  return std::ranges::any_of(
      open, [&](const OpenIntent& one) { return one.intent.account == account && one.intent.resource == key; });
}

void Life::happen(const Incident& incident) {
  const std::string what = to_text(incident);
  switch (incident.what) {
    case Incident::What::kEdit:
      story(what + ":" + folder_.edit(incident.draw));
      edited_ = true;
      return;
    case Incident::What::kAct:
    case Incident::What::kPart:
    case Incident::What::kLift:
      story(what + ", once the loop is idle");
      deeds_.push_back(incident);
      return;
    case Incident::What::kOverride:
      override_for(incident);
      return;
    case Incident::What::kStop:
      story(what + (running_.empty() ? ": nothing runs" : ""));
      if (!running_.empty()) running_.back()->wire().stop();
      return;
    case Incident::What::kKill: {
      Random random(incident.draw);
      const bool at_a_change = random.below(3) != 0;
      const std::int64_t moments = random.between(0, at_a_change ? 8 : 60);
      dies_ = random.below(4) == 0 ? Disk::Where::kElsewhere : Disk::Where::kHere;
      story(fmt::format("{} in {} moments{}{}", what, moments, at_a_change ? " of change" : "",
                        dies_ == Disk::Where::kHere ? "" : ", on another host"));
      universe_.arm(at_a_change ? Universe::Moment::kChange : Universe::Moment::kAny, moments);
      return;
    }
    case Incident::What::kIntruder:
      story(what);
      intrude((incident.draw & 1U) != 0);
      return;
    default:
      return;
  }
}

void Life::override_for(const Incident& incident) {
  Random random(incident.draw);
  const LockRow row = disk_.lock_row();
  const LoadedSpecs specs = folder_.load();
  Batch batch;
  Override said{.what = Override::What::kFrozen,
                .resource = Key{Kind::kAccount, specs.fleet.accounts[random.below(specs.fleet.accounts.size())].name},
                .who = "ann@desk",
                .why = "looking into it",
                .since = universe_.machine_now(),
                .until = universe_.machine_now() + incident.lasts};
  if (random.below(3) != 0) {
    said.what = Override::What::kSuspended;
    said.resource = specs.fleet.servers[random.below(specs.fleet.servers.size())].key;
  }
  batch.overrides.push_back(said);
  story(fmt::format("{}: {} {} for {}", to_text(incident), to_string(said.what), to_string(said.resource),
                    to_string(incident.lasts)));
  // As `switchyard suspend` does: beside the holder of the lock, under its number.
  if (row.fence == 0 || universe_.syncing()) return;
  const auto store = disk_.open_store().value();
  store->set_fence(row.fence);
  if (!store->commit(batch, Durability::kSynced).ok()) std::abort();
}

void Life::kill(std::unique_ptr<Process> process) {
  ++figures_.kills;
  story(fmt::format("killed{}", dies_ == Disk::Where::kHere ? "" : " on another host"));
  Process::die(std::move(process), disk_, dies_);
}

void Life::tell(int number, const Result<ApplyReport>& report) {
  if (!report.ok()) {
    story(fmt::format("  {} ends with an error: {}", number, words_of(report.error())));
    return;
  }
  std::string text = fmt::format(" exits {}, {} done", report->exit_code(), report->changes_done);
  for (const std::string& failure : report->failures) text += "; " + failure;
  for (const Hold& hold : report->holds) {
    text += fmt::format("; held: {} {} ({})", to_string(hold.action), to_string(hold.resource), to_string(hold.gate));
  }
  const bool news = std::exchange(last_told_, text) != text;
  universe_.note(news ? Trace::Line::kStory : Trace::Line::kDetail, fmt::format("  {}{}", number, text));
}

// A command of its own; nothing: it was refused, failed, or was killed.
std::optional<ApplyReport> Life::command(const std::string& actor, LoadedSpecs specs,
                                         const std::function<Result<ApplyReport>(Process&)>& what) {
  const int number = ++processes_;
  Result<std::unique_ptr<Process>> begun = Process::begin(universe_, disk_, std::move(specs), number, actor);
  if (!begun.ok()) {
    story(fmt::format("  {} ({}) does not begin: {}", number, actor, words_of(begun.error())));
    return std::nullopt;
  }
  std::unique_ptr<Process> process = std::move(*begun);
  running_.push_back(process.get());
  std::optional<ApplyReport> done;
  try {
    const Result<ApplyReport> report = what(*process);
    tell(number, report);
    if (report.ok()) done = *report;
    running_.pop_back();
  } catch (const Killed&) {
    running_.pop_back();
    kill(std::move(process));
  }
  return done;
}

// A second engine on the same state.
void Life::intrude(bool lease_lapsed) {
  if (universe_.syncing() || running_.size() > 1) return;
  std::optional<Timestamp> other;
  if (loop_ != nullptr) {
    // Between rounds the loop renews its lease all the time, unless its machine was asleep.
    if (running_.empty() && !lease_lapsed && !loop_->renew().ok()) story("  the loop was fenced");
    if (disk_.lock_row().fence == loop_->lock().fence()) other = loop_->lock().expires();
  }
  const int before = processes_;
  bool began = false;
  (void)command("intruder", folder_.load(), [&](Process& process) -> Result<ApplyReport> {
    began = true;
    laws_.locked(other, universe_.machine_now());
    return process.round(std::nullopt);
  });
  if (before == processes_) return;
  ++(began ? figures_.takeovers : figures_.intruders_refused);
}

void Life::do_by_hand() {
  while (!deeds_.empty()) {
    const Incident deed = deeds_.front();
    deeds_.pop_front();
    if (deed.what == Incident::What::kPart) {
      (void)command("part", folder_.load_part(), [](Process& process) { return process.round(std::nullopt); });
      continue;
    }
    if (deed.what == Incident::What::kLift) {
      (void)command("lift", folder_.load(), [](Process& process) { return process.round(kAnyNumber); });
      continue;
    }
    constexpr std::array kActions = {Action::kInstall,    Action::kStart,      Action::kStop,    Action::kRestart,
                                     Action::kOsCycle,    Action::kPowerCycle, Action::kFlush,   Action::kUpgrade,
                                     Action::kReactivate, Action::kDrain,      Action::kUndrain, Action::kRestart};
    Random random(deed.draw);
    LoadedSpecs specs = folder_.load();
    const Action action = kActions[random.below(kActions.size())];
    const Key key = specs.fleet.servers[random.below(specs.fleet.servers.size())].key;
    story(fmt::format("{} by hand: {} {}", to_text(deed), to_string(action), to_string(key)));
    (void)command("hand", std::move(specs), [&](Process& process) { return process.act(action, key, {}); });
  }
}

// The program looks once a minute. Of the looks at a fleet to which nothing has happened for a while most are left out,
// so that a month takes seconds.
Duration Life::pause() {
  if (universe_.now() - universe_.last_incident() > kAwake) return schedule_.interval;
  return seconds(pauses_.between(5, 400));
}

// Until the next round, or until something happens.
void Life::idle(Timestamp until) {
  const Timestamp before = universe_.last_incident();
  while (universe_.now() < until && deeds_.empty()) {
    universe_.step(until);
    if (universe_.last_incident() != before) until = std::min(until, universe_.now() + seconds(pauses_.between(1, 60)));
  }
}

void Life::one_process(Timestamp end) {
  const int number = ++processes_;
  Result<std::unique_ptr<Process>> begun = Process::begin(universe_, disk_, folder_.load(), number, "loop");
  edited_ = false;
  if (!begun.ok()) {
    story(fmt::format("  {} does not begin: {}", number, words_of(begun.error())));
    universe_.pass_to(universe_.now() + seconds(20));
    return;
  }
  ++figures_.processes;
  std::unique_ptr<Process> process = std::move(*begun);
  loop_ = process.get();
  try {
    for (int round = 0; round < schedule_.rounds && universe_.now() < end && deeds_.empty(); ++round) {
      if (std::exchange(edited_, false)) {
        if (Result<Done> taken = process->take_up(folder_.load()); !taken.ok()) break;
      }
      running_.push_back(loop_);
      const Result<ApplyReport> report = process->round(std::nullopt);
      running_.pop_back();
      ++figures_.rounds;
      tell(number, report);
      if (!report.ok() && report.error().code == ErrorCode::kFenced) break;
      idle(std::min(end, universe_.now() + pause()));
    }
    loop_ = nullptr;
  } catch (const Killed&) {
    loop_ = nullptr;
    running_.clear();
    kill(std::move(process));
  }
}

void Life::trouble() {
  const Timestamp end = universe_.now() + schedule_.length;
  while (universe_.now() < end) {
    one_process(end);
    do_by_hand();
  }
}

// People take back what they said.
void Life::lift_overrides() {
  const std::vector<Override> said = disk_.onlooker().overrides(universe_.machine_now()).value();
  if (said.empty()) return;
  const auto lock = Lock::acquire(disk_.path(), "ann@desk", minutes(1), Duration{}, universe_.clock());
  if (!lock.ok()) return;
  const auto store = disk_.open_store().value();
  store->set_fence((*lock)->fence());
  Batch batch;
  for (const Override& one : said) batch.lifted.emplace_back(one.resource, one.what);
  if (!store->commit(batch, Durability::kSynced).ok()) std::abort();
}

void Life::calm() {
  universe_.calm();
  deeds_.clear();
  const LoadedSpecs wanted = folder_.load();
  const Timestamp end = universe_.now() + kConvergesWithin;
  std::set<Key> kept;
  for (bool converged = false; !converged;) {
    lift_overrides();
    std::vector<Key> hanging;
    const auto report = command("calm", folder_.load(), [](Process& process) { return process.round(kAnyNumber); });
    if (report) {
      kept.clear();
      bool only_protected = true;
      for (const Hold& hold : report->holds) {
        if (hold.gate == Gate::kProtection) kept.insert(hold.resource);
        if (hold.gate != Gate::kProtection) only_protected = false;
        // What hangs at its provider waits for a person, who does what the hold says.
        if (hold.reason.find("switchyard action power-cycle") != std::string::npos) hanging.push_back(hold.resource);
      }
      converged = report->failures.empty() && report->changes_done == 0 && only_protected && !report->interrupted;
    }
    for (const Key& key : hanging) {
      PlanOptions options;
      options.allow_disruption = {key};
      (void)command("hand", folder_.load(),
                    [&](Process& process) { return process.act(Action::kPowerCycle, key, options); });
    }
    if (!converged && universe_.now() > end) {
      std::string why = fmt::format("not converged within {}", to_string(Duration(kConvergesWithin)));
      if (report) {
        for (const std::string& failure : report->failures) why += "; " + failure;
        for (const Hold& hold : report->holds) why += "; " + to_string(hold.resource) + ": " + hold.reason;
      }
      laws_.never_ends(why);
    }
    universe_.pass_to(universe_.now() + kCalmInterval);
  }
  laws_.converged(wanted.fleet, kept);
  for (int hour = 0; hour < 24; ++hour) {
    std::int64_t changes = 0;
    const auto report = command("calm", folder_.load(), [&](Process& process) {
      const std::int64_t before = process.wire().changes_sent;
      Result<ApplyReport> done = process.round(kAnyNumber);
      changes = process.wire().changes_sent - before;
      return done;
    });
    laws_.stays(changes != 0, fmt::format("{} calls were sent in hour {} after it had converged", changes, hour));
    laws_.stays(!report || report->changes_done != 0, "a round on a converged fleet did something");
    universe_.pass_to(universe_.now() + hours(1));
  }
  laws_.converged(wanted.fleet, kept);
}

void Life::live() {
  put_strangers();
  trouble();
  calm();
}

Figures Life::figures() {
  figures_.simulated = universe_.now() - Timestamp(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1));
  figures_.calls = universe_.calls_sent;
  figures_.happened = universe_.happened;
  figures_.asserted = laws_.asserted();
  for (const std::string& account : worlds_.accounts()) {
    const Census census = worlds_.census(account);
    for (std::size_t i = 0; i < kFaultKinds; ++i) figures_.struck[i] += census.struck[i];
  }
  return figures_;
}

}  // namespace

void Figures::add(const Figures& other) {
  simulated += other.simulated;
  rounds += other.rounds;
  processes += other.processes;
  calls += other.calls;
  kills += other.kills;
  intruders_refused += other.intruders_refused;
  takeovers += other.takeovers;
  for (std::size_t i = 0; i < kFaultKinds; ++i) struck[i] += other.struck[i];
  for (const auto& [what, number] : other.happened) happened[what] += number;
  for (const auto& [law, number] : other.asserted) asserted[law] += number;
}

Verdict simulate(const Schedule& schedule, Trace::Keep keep) {
  Trace trace(keep);
  Verdict verdict{.violation = {}, .hash = 0, .trace = {}, .figures = {}};
  Life life(schedule, trace);
  try {
    life.live();
  } catch (const Violation& violation) {
    verdict.violation = violation;
  }
  verdict.figures = life.figures();
  verdict.hash = trace.hash();
  verdict.trace = trace.lines();
  return verdict;
}

}  // namespace switchyard::simulation
