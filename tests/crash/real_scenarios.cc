#include "tests/crash/real_scenarios.h"

#include "tests/reconciler/wish.h"

namespace switchyard::testing {
namespace {

constexpr const char* kGround = R"(
Account main {provider: sim}
Zone london {account: main, region: lon1}
Zone frankfurt {account: main, region: fra1}
Cluster core {rollout: {drainTimeout: 10m}}
)";
constexpr const char* kFront =
    "Server front {zone: london, type: dispatcher, size: s-1vcpu-2gb, balancer: {cluster: core}}\n";

std::string a_switch(const std::string& name, const std::string& more = "", const std::string& zone = "london") {
  return "Server " + name + " {zone: " + zone + ", size: s-1vcpu-2gb, cluster: core, channels: 500" + more + "}\n";
}

std::vector<RealScenario> drawn_up() {
  const std::string two = yaml_of(kGround + a_switch("a") + a_switch("b"));
  const std::string other = yaml_of(kGround + a_switch("a", ", cps: 33") + a_switch("c"));
  return {
      {.name = "real-create", .before = "", .after = yaml_of(kGround + a_switch("a") + a_switch("b") + kFront)},
      {.name = "real-mixed",
       .before = yaml_of(kGround + a_switch("a") + a_switch("b") + a_switch("c") + kFront),
       .after = yaml_of(kGround + a_switch("a", "", "frankfurt") + a_switch("b", ", options: {tlsInternals: true}") +
                        "Server z {zone: london, size: s-2vcpu-4gb} \n" + kFront)},
      {.name = "real-rename",
       .before = two,
       .after = yaml_of(kGround + a_switch("b") +
                        "Server z {zone: london, size: s-1vcpu-2gb, cluster: core, channels: 500} | formerly: [a]\n")},
      {.name = "real-faults",
       .before = two,
       .after = other,
       .meanwhile = {{"fault", "drop-after-commit", "--times", "2", "--rate", "0.5"},
                     {"fault", "drop-before-commit", "--times", "1"}}},
      {.name = "real-destroy", .before = two, .command = {"destroy", "fleet.yaml", "--auto-approve"}, .repeats = true},
      {.name = "real-stop-by-hand", .before = two, .command = {"action", "stop", "a"}, .by_hand = true},
      {.name = "real-suspend",
       .before = two,
       .after = two,
       .command = {"suspend", "Server/a", "--reason", "looking into it"},
       .repeats = true},
      {.name = "real-plan-file",
       .before = two,
       .after = other,
       .command = {"plan", "fleet.yaml", "--out", "monday.plan"},
       .repeats = true},
      {.name = "real-backup", .before = two, .command = {"state", "backup", "copy.db"}},
      {.name = "real-served-create",
       .before = "",
       .after = yaml_of(kGround + a_switch("a") + a_switch("b")),
       .served = true},
  };
}

}  // namespace

const std::vector<RealScenario>& real_scenarios() {
  static const std::vector<RealScenario> all = drawn_up();
  return all;
}

}  // namespace switchyard::testing
