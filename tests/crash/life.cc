#include "tests/crash/life.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "specs/base/json.h"
#include "specs/base/random.h"
#include "tests/crash/fleet.h"
#include "tests/support/command.h"

namespace switchyard {
namespace {

using std::chrono::milliseconds;

// At this speed a delivery takes 0.1 to 0.4 s, the settling time 0.07 s.
constexpr const char* kSpeed = "600";
constexpr const char* kFaults = R"([{"kind": "drop-after-commit", "rate": "0.2"},
 {"kind": "drop-before-commit", "rate": "0.05"}, {"kind": "lag-list", "rate": "0.2"}, {"kind": "delay", "rate": "0.1"}])";
// Runs that a round may need until nothing is left to do; each is bounded by --timeout.
constexpr int kMostRuns = 3;
constexpr milliseconds kLongestDelay{2500};

class Life {
 public:
  Life(std::uint64_t seed, int kills) : random_(seed), seed_(seed), kills_(kills) {}

  LifeStory run() {
    work_.write("faults.json", kFaults);
    auto served = work_.start({"sim", "--world", "world.db", "--listen", "127.0.0.1:0", "--speed", kSpeed, "--seed",
                               std::to_string(seed_), "--faults", "faults.json"});
    if (!served.wait_for("\n")) {
      wrong("the simulator does not start");
      return story_;
    }
    const auto at = served.said().find("http://");
    endpoint_ = served.said().substr(at, served.said().find('\n', at) - at);
    fleet_ = std::make_unique<CrashFleet>(random_, endpoint_);
    while (story_.kills < kills_ && story_.wrong.empty()) round();
    if (const Json dump = ctl({"dump"}); dump.find("faults") != nullptr && dump.find("faults")->object() != nullptr) {
      for (const auto& [kind, times] : *dump.find("faults")->object()) story_.faults[kind] = *times.integer();
    }
    served.signal(SIGTERM);
    if (served.end().exit_code != 0) wrong("the simulator does not end well");
    return story_;
  }

 private:
  void wrong(const std::string& what) {
    story_.wrong.push_back(fmt::format("seed {}, round {}: {}", seed_, story_.rounds, what));
  }

  Json ctl(std::vector<std::string> words) const {
    words.insert(words.begin(), {"sim", "ctl", "--endpoint", endpoint_});
    words.emplace_back("--json");
    return work_.run(words).json();
  }

  void round() {
    ++story_.rounds;
    ctl({"balance", "1000"});
    fleet_->begin_round();
    if (story_.rounds > 1) fleet_->change();
    if (story_.rounds > 1 && random_.below(3) == 0) {
      // Calls that last a while: nothing may cut them, crash or not.
      ctl({"calls", "core-1", "3", "--for", "2m"});
    }
    for (auto stops = random_.between(1, 4); stops > 0 && story_.wrong.empty(); --stops) {
      work_.write("fleet.yaml", fleet_->yaml());
      stop_one();
      if (random_.below(4) == 0) fleet_->change();
    }
    if (!story_.wrong.empty()) return;
    work_.write("fleet.yaml", fleet_->yaml());
    if (converge()) compare();
  }

  // Starts an apply and stops it: mostly the hard way, sometimes as a person or a supervisor would.
  void stop_one() {
    auto apply = work_.start({"apply", "fleet.yaml", "--auto-approve"});
    // The random moment is what this test is about; nothing is concluded from how long it took. Most of them lie behind
    // the first change: little can go wrong before.
    if (random_.below(4) != 0) apply.wait_for_talk(" started\n");
    std::this_thread::sleep_for(milliseconds(random_.between(0, typical_.count() * 3 / 4)));
    const auto way = random_.below(10);
    if (way < 7) {
      apply.signal(SIGKILL);
      const Ran ran = apply.end();
      if (ran.exit_code != -1) {
        check_exit(ran);
      } else if (ran.err.find(" started\n") != std::string::npos) {
        ++story_.kills;
      } else {
        ++story_.early_kills;
      }
      return;
    }
    apply.signal(way == 7 ? SIGTERM : SIGINT);
    if (way == 9) {
      std::this_thread::sleep_for(milliseconds(random_.between(0, 20)));
      apply.signal(SIGINT);
    }
    const Ran ran = apply.end();
    ++story_.interrupts;
    // Before it listens to signals it has done nothing that could be resumed.
    if (ran.exit_code == -1 && ran.out.empty()) return;
    if (ran.exit_code != 4) check_exit(ran);
  }

  // An apply that was not interrupted ended with nothing left to do, or with a failure or hold that the next run lifts.
  void check_exit(const Ran& ran) {
    if (ran.exit_code != 0 && ran.exit_code != 1 && ran.exit_code != 3) {
      wrong(fmt::format("apply exits {}\n{}{}", ran.exit_code, ran.out, ran.err));
    }
  }

  bool converge() {
    Ran ran;
    for (int runs = 1; runs <= kMostRuns; ++runs) {
      const auto began = std::chrono::steady_clock::now();
      ran = work_.run({"apply", "fleet.yaml", "--auto-approve", "--timeout", "60s"});
      const auto took = std::chrono::steady_clock::now() - began;
      if (ran.exit_code == 0) {
        typical_ = std::clamp(std::chrono::duration_cast<milliseconds>(took), milliseconds(100), kLongestDelay);
        story_.extra_runs += runs - 1;
        return true;
      }
      // What waits for calls goes once they have ended: nobody reruns a held apply within a moment.
      if (ran.exit_code == 3) ctl({"advance", "2m"});
    }
    wrong(fmt::format("{} applies in a row do not converge, the last exits {}\n{}{}\n{}", kMostRuns, ran.exit_code,
                      ran.out, ran.err, trail()));
    return false;
  }

  std::string trail() const { return work_.run({"events", "--since", "5m"}).out + "\n" + fleet_->yaml(); }

  void compare() {
    const Json dump = ctl({"dump"});
    const Json* servers = dump.find("servers");
    if (servers == nullptr || servers->array() == nullptr) {
      wrong("the world cannot be read");
      return;
    }
    const auto before = story_.wrong.size();
    std::map<std::string, const Json*> there;
    for (const Json& server : *servers->array()) {
      const auto name = fmt::format("{}/{}", server.string_or("kind", ""), server.string_or("name", ""));
      if (!there.emplace(name, &server).second) wrong(name + " is there twice");
      if (server.boolean_or("drained", false)) wrong(name + " is left drained");
    }
    std::map<int, std::string> ids;
    for (const auto& wanted : fleet_->wanted()) {
      const auto name = wanted.kind + "/" + wanted.name;
      const auto found = there.find(name);
      if (found == there.end()) {
        wrong(name + " is not there");
        continue;
      }
      const Json& server = *found->second;
      const auto phase = server.string_or("phase", "");
      if (phase != (wanted.running ? "active" : "stopped")) wrong(fmt::format("{} is {}", name, phase));
      const auto known = ids_.find(wanted.place);
      if (known != ids_.end() && fleet_->unbroken(wanted.place) && known->second != server.string_or("id", "")) {
        wrong(fmt::format("{} was {} and is now {}: one was lost", name, known->second, server.string_or("id", "")));
      }
      ids.emplace(wanted.place, server.string_or("id", ""));
      there.erase(found);
    }
    for (const auto& [name, server] : there) wrong(name + " is paid for and not wanted");
    if (dump.integer_or("callsCut", -1) != 0) wrong(fmt::format("{} calls were cut", dump.integer_or("callsCut", -1)));
    ids_ = std::move(ids);
    check_state();
    if (story_.wrong.size() > before) wrong(trail());
  }

  void check_state() {
    const Ran plan = work_.run({"plan", "fleet.yaml", "--detailed-exitcode"});
    if (plan.exit_code != 0) wrong(fmt::format("the next plan exits {}\n{}{}", plan.exit_code, plan.out, plan.err));
    const Ran doctor = work_.run({"state", "doctor"});
    if (doctor.exit_code != 0 || doctor.out.find("no open intents") == std::string::npos) {
      wrong("the state is not sound\n" + doctor.out + doctor.err);
    }
    const Ran events = work_.run({"events"});
    if (events.exit_code != 0 || events.out.empty()) wrong("the audit trail cannot be read\n" + events.err);
    if (events.out.find("refuses for money") != std::string::npos) wrong("the provider refused for money");
  }

  Workplace work_;
  Random random_;
  std::uint64_t seed_;
  int kills_;
  std::string endpoint_;
  std::unique_ptr<CrashFleet> fleet_;
  milliseconds typical_{1000};      // how long an apply takes here
  std::map<int, std::string> ids_;  // place -> the provider's id after the round before
  LifeStory story_;
};

}  // namespace

LifeStory live(std::uint64_t seed, int kills) {
  return Life(seed, kills).run();
}

}  // namespace switchyard
