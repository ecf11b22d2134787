#include "tests/simulation/universe.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/reconciler/call_text.h"
#include "tests/simulation/violation.h"

namespace switchyard::simulation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// The words of an answer that a trace needs.
std::string outcome_of(const Result<Answer>& answer) {
  return answer.ok() ? "ok" : answer.error().message;
}

}  // namespace

Universe::Universe(const Schedule& schedule, Worlds& worlds, Laws& laws, Trace& trace)
    : schedule_(schedule),
      worlds_(worlds),
      laws_(laws),
      trace_(trace),
      network_(schedule.seed + 77),
      slowness_(schedule.seed + 78),
      beginning_(worlds.beginning()),
      now_(beginning_) {}

std::optional<Timestamp> Universe::next_incident() const {
  if (next_ >= schedule_.incidents.size()) return std::nullopt;
  return beginning_ + schedule_.incidents[next_].at;
}

void Universe::step(Timestamp limit) {
  Timestamp to = limit;
  if (const auto incident = next_incident()) to = std::min(to, *incident);
  if (!ends_.empty()) to = std::min(to, ends_.begin()->first);
  if (const auto packet = network_.next()) to = std::min(to, *packet);
  now_ = std::max(now_, to);
  worlds_.advance_to(now_);
  while (!ends_.empty() && ends_.begin()->first <= now_) {
    const auto end = ends_.extract(ends_.begin());
    end.mapped()();
  }
  while (next_ < schedule_.incidents.size() && beginning_ + schedule_.incidents[next_].at <= now_) {
    happen(schedule_.incidents[next_++]);
  }
  network_.pass(
      now_,
      [this](const Call& call) {
        SimReply reply = laws_.carries_out(call);
        if (changes_the_world(call)) {
          note(Trace::Line::kStory, fmt::format("  arrives: {}: {}{}", testing::to_text(call), outcome_of(reply.answer),
                                                reply.dropped ? "; the answer is lost" : ""));
        }
        return reply;
      },
      [this](const Call& call, const Result<Answer>& answer) {
        const bool told = changes_the_world(call) && !answer.ok();
        note(told ? Trace::Line::kStory : Trace::Line::kDetail,
             fmt::format("  answer: {}: {}", testing::to_text(call), outcome_of(answer)));
        laws_.told(call, answer);
      });
}

void Universe::pass_to(Timestamp time) {
  while (now_ < time) step(time);
}

void Universe::sync(Disk& disk) {
  if (slow_disks_ == 0 || syncing_ || !disk.committed()) return;
  syncing_ = true;
  pass_to(now_ + sync_takes());
  syncing_ = false;
}

void Universe::arm(Moment kind, std::int64_t moments) {
  kills_at_ = kind;
  lives_ = moments;
}

void Universe::moment(Moment kind) {
  if (lives_ < 0 || (kills_at_ == Moment::kChange && kind == Moment::kAny)) return;
  if (lives_-- == 0) throw Killed{};
}

Duration Universe::sync_takes() {
  return slowness_.below(3) == 0 ? Duration(seconds(slowness_.between(5, 70))) : Duration(slowness_.between(1, 3000));
}

void Universe::later(Duration after, std::function<void()> end) {
  ends_.emplace(now_ + after, std::move(end));
}

void Universe::happen(const Incident& incident) {
  last_incident_ = now_;
  ++happened[std::string(word_of(incident.what))];
  switch (incident.what) {
    case Incident::What::kEdit:
    case Incident::What::kAct:
    case Incident::What::kOverride:
    case Incident::What::kPart:
    case Incident::What::kLift:
    case Incident::What::kStop:
    case Incident::What::kIntruder:
    case Incident::What::kKill:
      if (operator_does_) operator_does_(incident);
      return;
    case Incident::What::kBalance:
    case Incident::What::kExpire:
    case Incident::What::kVanish:
    case Incident::What::kPower:
    case Incident::What::kDrift:
    case Incident::What::kRelease:
    case Incident::What::kCalls:
    case Incident::What::kFault:
      note(Trace::Line::kStory, to_text(incident) + ": " + happen_to_a_world(incident));
      return;
    case Incident::What::kClock: {
      Random random(incident.draw);
      const Duration by =
          random.below(2) == 0 ? Duration(seconds(random.between(1, 300))) : Duration(minutes(random.between(5, 600)));
      offset_ += random.below(2) == 0 ? by : -by;
      note(Trace::Line::kStory, fmt::format("{}: the machine's clock is off by {} s", to_text(incident),
                                            std::chrono::floor<seconds>(offset_).count()));
      return;
    }
    case Incident::What::kSlowDisk:
      ++slow_disks_;
      later(incident.lasts, [this] { --slow_disks_; });
      note(Trace::Line::kStory, to_text(incident) + " for " + to_string(incident.lasts));
      return;
    case Incident::What::kSlowNetwork:
      ++slow_networks_;
      network_.set_slow(true);
      later(incident.lasts, [this] { network_.set_slow(--slow_networks_ > 0); });
      note(Trace::Line::kStory, to_text(incident) + " for " + to_string(incident.lasts));
      return;
  }
}

std::string Universe::happen_to_a_world(const Incident& incident) {
  Random random(incident.draw);
  const std::vector<std::string> accounts = worlds_.accounts();
  // Most of the fleet is in the first account.
  const std::string account = accounts[random.below(3) == 0 ? random.below(accounts.size()) : 0];
  if (incident.what == Incident::What::kBalance) {
    const std::int64_t minor = random.below(4) == 0 ? random.between(0, 8000) : random.between(15'000, 90'000);
    worlds_.by_hand(account, CtlBalance{to_string(Money{minor, Currency()})});
    return fmt::format("{} in account {}", to_string(Money{minor, Currency()}), account);
  }
  if (incident.what == Incident::What::kFault) return set_fault(incident, random, account);
  const Census census = worlds_.census(account);
  std::vector<Machine> ours;
  for (const Machine& machine : census.machines) {
    if (!machine.uid.empty() && machine.fleet != "of-somebody-else") ours.push_back(machine);
  }
  if (ours.empty()) return "nothing there";
  const Machine& machine = ours[random.below(ours.size())];
  const std::string who = fmt::format("{} ({} of {})", machine.id, machine.name, account);
  const auto say = [&](bool done, const std::string& what) { return (done ? "" : "could not: ") + what + who; };
  switch (incident.what) {
    case Incident::What::kExpire:
      return say(worlds_.by_hand(account, CtlExpire{machine.id}), "");
    case Incident::What::kVanish:
      return say(worlds_.by_hand(account, CtlVanish{machine.id}), "");
    case Incident::What::kPower: {
      const Power power = random.below(2) == 0 ? Power::kStopped : Power::kRunning;
      return say(worlds_.by_hand(account, CtlPower{machine.id, power}), power == Power::kRunning ? "on: " : "off: ");
    }
    case Incident::What::kDrift:
      switch (random.below(4)) {
        case 0:
          return say(worlds_.by_hand(account, CtlSet{machine.id, "cps", std::to_string(random.between(1, 99))}),
                     "cps of ");
        case 1:
          return say(worlds_.by_hand(account, CtlSet{machine.id, "size", "s-4vcpu-8gb"}), "size of ");
        case 2:
          return say(worlds_.by_hand(account, CtlSet{machine.id, "region", "sgp1"}), "region of ");
        default:
          return say(
              worlds_.by_hand(account, CtlSet{machine.id, "tlsInternals", random.below(2) == 0 ? "true" : "false"}),
              "tlsInternals of ");
      }
    case Incident::What::kRelease:
      return say(worlds_.by_hand(account, CtlSet{machine.id, "pendingRelease", "2.1"}), "for ");
    default:
      return put_calls(incident, random, account, machine);
  }
}

std::string Universe::set_fault(const Incident& incident, Random& random, const std::string& account) {
  const auto kind = static_cast<FaultKind>(random.below(kFaultKinds));
  Fault fault{.kind = kind, .rate_ppm = random.between(1, 10) * 100'000, .times = random.between(1, 8)};
  const bool endless = random.below(3) == 0 && kind != FaultKind::kNeverFinish && kind != FaultKind::kLoseCreate;
  if (endless) fault.times.reset();
  worlds_.by_hand(account, CtlFault{fault});
  later(incident.lasts,
        [this, account, kind] { worlds_.by_hand(account, CtlFault{Fault{.kind = kind, .rate_ppm = 0, .times = 0}}); });
  return fmt::format("{} in account {}, {}%, {} times, for {}", to_string(kind), account, fault.rate_ppm / 10'000,
                     fault.times ? std::to_string(*fault.times) : "any", to_string(incident.lasts));
}

std::string Universe::put_calls(const Incident& incident, Random& random, const std::string& account,
                                const Machine& machine) {
  // A drained server takes no new calls. On one without a peer a call can begin between the last reading and the
  // change; nothing but the server itself could refuse it, so that here nobody calls while it is being worked on.
  const bool busy =
      machine.drained || network_.concerns(account, machine.id) || (is_busy_ && is_busy_(account, machine.key));
  if (busy) return "nobody calls " + machine.name + ": it is being worked on";
  const std::int64_t number = random.between(1, 120);
  const bool rings = worlds_.by_hand(account, CtlCalls{machine.id, number, incident.lasts});
  return fmt::format("{}{} on {} ({} of {}) for {}", rings ? "" : "could not: ", number, machine.id, machine.name,
                     account, to_string(incident.lasts));
}

void Universe::calm() {
  next_ = schedule_.incidents.size();
  while (!ends_.empty()) {
    const auto end = ends_.extract(ends_.begin());
    end.mapped()();
  }
  lives_ = -1;
  for (const std::string& account : worlds_.accounts()) {
    for (std::size_t i = 0; i < kFaultKinds; ++i) {
      worlds_.by_hand(account, CtlFault{Fault{.kind = static_cast<FaultKind>(i), .rate_ppm = 0, .times = 0}});
    }
    worlds_.by_hand(account, CtlBalance{"90000.00"});
    for (const Machine& machine : worlds_.census(account).machines) {
      if (machine.channels > 0) worlds_.by_hand(account, CtlCalls{machine.id, 0, std::nullopt});
    }
  }
  note(Trace::Line::kStory, "calm: nothing goes wrong any more");
}

}  // namespace switchyard::simulation
