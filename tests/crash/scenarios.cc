#include "tests/crash/scenarios.h"

#include <utility>

namespace switchyard::testing {
namespace {

using std::chrono::minutes;

constexpr const char* kGround = R"(
Account main {provider: sim}
Zone london {account: main, region: lon1}
Zone frankfurt {account: main, region: fra1}
Cluster core {rollout: {drainTimeout: 10m}}
)";
constexpr const char* kFront =
    "Server front {zone: london, type: dispatcher, size: s-1vcpu-2gb, balancer: {cluster: core}}\n";
constexpr const char* kMedia = "RtpServer media {zone: london, size: s-1vcpu-2gb}\n";

std::string a_switch(const std::string& name, const std::string& more = "", const std::string& zone = "london",
                     const std::string& size = "s-1vcpu-2gb") {
  return "Server " + name + " {zone: " + zone + ", size: " + size + ", cluster: core, channels: 500" + more + "}\n";
}

// Switches a, b, ... of one cluster.
std::string switches(std::string_view names, const std::string& more = "") {
  std::string text = kGround;
  for (const char name : names) text += a_switch(std::string(1, name), more);
  return text;
}

std::string one(const std::string& spec) {
  return std::string(kGround) + "Server a {zone: london, size: s-1vcpu-2gb" + spec + "}\n";
}

PlanOptions cutting(const std::string& name) {
  PlanOptions options;
  options.allow_disruption = {server(name)};
  return options;
}

PlanOptions destroying() {
  PlanOptions options;
  options.destroy_all = true;
  return options;
}

std::function<void(Rig&)> faulty(FaultKind kind, std::int64_t times, std::int64_t rate_ppm = 1'000'000) {
  return [=](Rig& rig) { rig.fault(kind, times, rate_ppm); };
}

void converge(Rig& rig) {
  rig.converge();
}

void busy(Rig& rig) {
  rig.calls("a", 20, minutes(3));
  rig.calls("b", 7, minutes(2));
}

// Changes that follow from the YAML.
std::vector<Scenario> planned() {
  const std::string front_abc = switches("abc") + kFront;
  return {
      {.name = "create", .before = "", .after = switches("ab") + kFront + kMedia},
      {.name = "create-under-a-short-lease", .before = "", .after = one(""), .lease = std::chrono::seconds(49)},
      {.name = "create-stopped", .before = "", .after = one(", power: stopped")},
      {.name = "create-in-two-accounts",
       .before = "",
       .after = "Account main {provider: sim}\nAccount other {provider: sim, fleet: second}\n"
                "Zone london {account: main, region: lon1}\nZone paris {account: other, region: fra1}\n"
                "Server a {zone: london, size: s-1vcpu-2gb}\nServer b {zone: paris, size: s-1vcpu-2gb}\n"},
      {.name = "scale-a-set",
       .before = std::string(kGround) +
                 "ServerSet web {replicas: 3, zones: [london, frankfurt], template: {spec: "
                 "{type: switch, size: s-1vcpu-2gb, cluster: core}}}\n" +
                 kFront,
       .after = std::string(kGround) +
                "ServerSet web {replicas: 2, zones: [london, frankfurt], template: {spec: "
                "{type: switch, size: s-1vcpu-2gb, cluster: core}}}\n" +
                kFront},
      {.name = "update-live", .before = switches("ab"), .after = switches("ab", ", cps: 33"), .meanwhile = busy},
      {.name = "update-restart",
       .before = front_abc,
       .after = switches("abc", ", options: {tlsInternals: true}") + kFront,
       .meanwhile = busy},
      {.name = "resize",
       .before = front_abc,
       .after =
           std::string(kGround) + a_switch("a", "", "london", "s-2vcpu-4gb") + a_switch("b") + a_switch("c") + kFront,
       .meanwhile = busy},
      {.name = "replace",
       .before = switches("ab") + kFront,
       .after = std::string(kGround) + a_switch("a", "", "frankfurt") + a_switch("b") + kFront,
       .meanwhile = busy},
      {.name = "delete", .before = front_abc, .after = switches("ab") + kFront, .meanwhile = busy},
      {.name = "destroy",
       .before = switches("ab"),
       .command = [](Rig& rig) { rig.apply(destroying()); },
       .then = Scenario::Then::kRepeat,
       .options = destroying()},
      {.name = "rename",
       .before = switches("ab") + kFront,
       .after = switches("b") +
                "Server z {zone: london, size: s-1vcpu-2gb, cluster: core, channels: 500} | formerly: "
                "[a]\n" +
                kFront},
      {.name = "adopt",
       .before = switches("ab"),
       .after = switches("ab", ", cps: 33"),
       .meanwhile = [](Rig& rig) { rig.lose_state(); }},
      {.name = "stop",
       .before = switches("ab"),
       .after = std::string(kGround) + a_switch("a", ", power: stopped") + a_switch("b"),
       .meanwhile = busy},
      {.name = "start",
       .before = std::string(kGround) + a_switch("a", ", power: stopped") + a_switch("b"),
       .after = switches("ab")},
      {.name = "start-again",
       .before = switches("ab"),
       .meanwhile =
           [](Rig& rig) {
             rig.ctl(CtlPower{"a", Power::kStopped});
           }},
      {.name = "reactivate", .before = switches("ab"), .meanwhile = [](Rig& rig) { rig.ctl(CtlExpire{"a"}); }},
      {.name = "upgrade",
       .before = switches("ab", ", options: {autoUpgrade: true}") + kFront,
       .meanwhile = [](Rig& rig) { rig.set("a", "pendingRelease", "2.1"); }},
      {.name = "make-again-what-vanished",
       .before = switches("ab"),
       .meanwhile =
           [](Rig& rig) {
             rig.ctl(CtlVanish{"a"});
             rig.ctl(CtlAdvance{minutes(1)});
           }},
      {.name = "plan-file",
       .before = switches("ab"),
       .after = switches("bc", ", cps: 33"),
       .command = [](Rig& rig) { rig.apply_file(rig.plan()); }},
      {.name = "mixed",
       .before = front_abc,
       .after = std::string(kGround) + a_switch("a", "", "frankfurt") +
                a_switch("b", ", options: {tlsInternals: true}") + a_switch("d") + kFront,
       .meanwhile = busy,
       .command = converge},
  };
}

// What goes wrong at the provider and on the way there.
std::vector<Scenario> troubled() {
  const auto sweep = [](Rig& rig) {
    // A create that was lost is given up, and turns up after all.
    rig.fault(FaultKind::kDropBeforeCommit, 1);
    rig.want(switches("ab"));
    rig.converge();
    rig.want(switches("ab") + "Server late {zone: london, size: s-1vcpu-2gb}\n");
    rig.converge();
    const std::string lost = rig.given_up_uid();
    rig.set("late", "uid", lost);
  };
  return {
      {.name = "short-of-money",
       .before = switches("ab"),
       .after = switches("abcd"),
       .meanwhile = [](Rig& rig) { rig.ctl(CtlBalance{"70.00"}); }},
      {.name = "refused-for-money",
       .before = "",
       .after = switches("ab"),
       .meanwhile = [](Rig& rig) { rig.set("world", "depositPerServer", "900.00"); }},
      {.name = "short-of-runway",
       .before = switches("ab"),
       .after = switches("abc"),
       .meanwhile =
           [](Rig& rig) {
             rig.ctl(CtlExpire{"a"});
             rig.ctl(CtlBalance{"1.50"});
           }},
      {.name = "refused",
       .before = "",
       .after = switches("ab"),
       .meanwhile = faulty(FaultKind::kRefuse, 2),
       .command = converge},
      {.name = "drop-before-commit",
       .before = switches("ab"),
       .after = switches("bcd", ", cps: 33"),
       .meanwhile = faulty(FaultKind::kDropBeforeCommit, 3, 500'000),
       .command = converge},
      {.name = "drop-after-commit",
       .before = switches("ab"),
       .after = switches("bcd", ", cps: 33"),
       .meanwhile = faulty(FaultKind::kDropAfterCommit, 3, 500'000),
       .command = converge},
      {.name = "drop-after-commit-of-actions",
       .before = switches("ab") + kFront,
       .after = std::string(kGround) + a_switch("a", ", power: stopped") + a_switch("b") + kFront,
       .meanwhile = faulty(FaultKind::kDropAfterCommit, 3, 500'000),
       .command = converge},
      {.name = "lose-create",
       .before = "",
       .after = switches("ab"),
       .meanwhile = faulty(FaultKind::kLoseCreate, 1),
       .command = converge},
      {.name = "never-delivered",
       .before = "",
       .after = switches("ab"),
       .meanwhile = faulty(FaultKind::kNeverFinish, 1),
       .command = converge},
      {.name = "fail-action",
       .before = switches("ab"),
       .meanwhile =
           [](Rig& rig) {
             rig.ctl(CtlPower{"a", Power::kStopped});
             rig.fault(FaultKind::kFailAction, 2);
           },
       .command = converge},
      {.name = "reactivation-fails",
       .before = switches("ab"),
       .meanwhile =
           [](Rig& rig) {
             rig.ctl(CtlExpire{"a"});
             rig.fault(FaultKind::kFailAction, 2);
           },
       .command = converge},
      {.name = "rate-limit",
       .before = switches("ab"),
       .after = switches("bcd", ", cps: 33"),
       .meanwhile = [](Rig& rig) { rig.set("world", "requestsPerMinute", "6"); }},
      {.name = "lag-list",
       .before = switches("ab") + kFront,
       .after = std::string(kGround) + a_switch("a", "", "frankfurt") + a_switch("c") + kFront,
       .meanwhile = faulty(FaultKind::kLagList, 200, 700'000),
       .command = converge},
      {.name = "partial-list",
       .before = switches("ab"),
       .after = switches("bc"),
       .meanwhile = faulty(FaultKind::kPartialList, 6, 500'000),
       .command = converge},
      {.name = "slow-answers",
       .before = switches("ab"),
       .after = switches("bc", ", cps: 33"),
       .meanwhile = faulty(FaultKind::kDelay, 50, 500'000)},
      {.name = "sweep-what-turns-up-late", .before = switches("ab"), .after = switches("ab"), .meanwhile = sweep},
  };
}

Scenario by_hand(Action action, std::function<void(Rig&)> meanwhile = {}, const std::string& before = switches("ab")) {
  return {.name = std::string(to_string(action)) + "-by-hand",
          .before = before,
          .meanwhile = std::move(meanwhile),
          .command = [action](Rig& rig) { rig.act(action, server("a")); },
          .all_or_nothing = true};
}

// What people ask for.
std::vector<Scenario> asked_for() {
  std::vector<Scenario> all;
  for (const Action action :
       {Action::kRestart, Action::kOsCycle, Action::kPowerCycle, Action::kInstall, Action::kStop, Action::kDrain}) {
    all.push_back(by_hand(action, busy));
  }
  all.push_back(by_hand(Action::kStart, [](Rig& rig) { rig.act(Action::kStop, server("a")); }));
  all.push_back(by_hand(Action::kUndrain, [](Rig& rig) { rig.act(Action::kDrain, server("a")); }));
  all.push_back(by_hand(Action::kReactivate, [](Rig& rig) { rig.ctl(CtlExpire{"a"}); }));
  all.push_back(by_hand(Action::kUpgrade, [](Rig& rig) { rig.set("a", "pendingRelease", "2.1"); }));
  Scenario resize = by_hand(Action::kResize);
  resize.command = [](Rig& rig) {
    rig.act(Action::kResize, server("a"), {}, Json(Json::Object{{"size", "s-2vcpu-4gb"}}));
  };
  all.push_back(std::move(resize));
  Scenario flush = by_hand(Action::kFlush, {}, switches("ab") + kFront);
  flush.command = [](Rig& rig) { rig.act(Action::kFlush, server("front")); };
  all.push_back(std::move(flush));
  Scenario cut = by_hand(Action::kRestart, [](Rig& rig) { rig.calls("a", 5); });
  cut.name = "restart-that-cuts-calls-by-hand";
  cut.command = [](Rig& rig) { rig.act(Action::kRestart, server("a"), cutting("a")); };
  all.push_back(std::move(cut));

  all.push_back({.name = "import",
                 .before = switches("ab"),
                 .meanwhile =
                     [](Rig& rig) {
                       rig.set("a", "mark", "none");
                       rig.lose_state();
                     },
                 .command = [](Rig& rig) { rig.import_server(server("a"), rig.id_of("a")); },
                 .then = Scenario::Then::kRepeat});
  all.push_back({.name = "suspend",
                 .before = switches("ab"),
                 .after = switches("ab", ", cps: 33"),
                 .command =
                     [](Rig& rig) {
                       rig.put_override(Override::What::kSuspended, server("a"));
                       rig.apply();
                     },
                 .then = Scenario::Then::kRepeat});
  all.push_back({.name = "resume",
                 .before = switches("ab"),
                 .after = switches("ab", ", cps: 33"),
                 .meanwhile = [](Rig& rig) { rig.put_override(Override::What::kSuspended, server("a")); },
                 .command =
                     [](Rig& rig) {
                       rig.lift_override(Override::What::kSuspended, server("a"));
                       rig.apply();
                     },
                 .then = Scenario::Then::kRepeat});
  all.push_back({.name = "freeze",
                 .before = switches("ab"),
                 .after = switches("abc", ", cps: 33"),
                 .command =
                     [](Rig& rig) {
                       rig.put_override(Override::What::kFrozen, Key{Kind::kAccount, "main"});
                       rig.apply();
                     },
                 .then = Scenario::Then::kRepeat});
  return all;
}

}  // namespace

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all = [] {
    std::vector<Scenario> together = planned();
    for (Scenario& next : troubled()) together.push_back(std::move(next));
    for (Scenario& next : asked_for()) together.push_back(std::move(next));
    return together;
  }();
  return all;
}

}  // namespace switchyard::testing
