// Every gate as a person meets it in a plan: a world in which it closes, and the line that says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <sstream>
#include <string_view>

#include "reconciler/core/plan.h"
#include "tests/support/command.h"
#include "tests/support/golden.h"

namespace switchyard {
namespace {

std::string ground() {
  return "apiVersion: switchyard/v1\nkind: Account\nmetadata: {name: main}\nspec: {provider: sim}\n---\n"
         "apiVersion: switchyard/v1\nkind: Zone\nmetadata: {name: london}\nspec: {account: main, region: lon1}\n---\n"
         "apiVersion: switchyard/v1\nkind: Cluster\nmetadata: {name: core}\nspec: {}\n";
}

std::string one(const std::string& name, const std::string& more = "") {
  return "---\napiVersion: switchyard/v1\nkind: Server\nmetadata: {name: " + name +
         "}\nspec: {zone: london, size: s-1vcpu-2gb" + more + "}\n";
}

const std::string kMember = ", cluster: core";
const std::string kFront = one("front", ", type: dispatcher, balancer: {cluster: core}");

// Who we are, and a time with the jitter of a back-off, are in no golden file.
std::string without_what_varies(std::string line) {
  // Words behind `before` that hold `sign`: all of them up to it, and from there to one of `ends`.
  const auto hide = [&line](std::string_view before, char sign, std::string_view ends, std::string_view instead) {
    for (auto at = line.find(before); at != std::string::npos; at = line.find(before, at + 1)) {
      const auto begin = at + before.size();
      const auto found = line.find_first_of(std::string{sign, ' '}, begin);
      if (found == std::string::npos || line[found] != sign) continue;
      const auto end = std::min(line.find_first_of(ends, found + 1), line.size());
      line.replace(begin, end - begin, instead);
    }
  };
  hide(" by ", '@', " :", "SOMEBODY");
  hide("next try at ", 'Z', " :;,", "TIME");
  return line;
}

class World {
 public:
  void want(const std::string& servers) const { work_.write("fleet.yaml", ground() + servers); }
  void apply(const std::string& servers, int exit_code = 0) const {
    want(servers);
    const Ran ran = work_.run({"apply", "fleet.yaml", "--auto-approve"});
    EXPECT_EQ(ran.exit_code, exit_code) << ran.out << ran.err;
  }
  void ctl(std::vector<std::string> words) const {
    words.insert(words.begin(), {"sim", "ctl", "--world", ".switchyard/sim-main.db"});
    const Ran ran = work_.run(words);
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
  }
  void run(const std::vector<std::string>& words) const { EXPECT_EQ(work_.run(words).exit_code, 0); }
  // The lines of a plan that tell what is held.
  std::string held(std::vector<std::string> words = {}) const {
    words.insert(words.begin(), {"plan", "fleet.yaml"});
    std::istringstream plan(work_.run(words).out);
    std::string lines;
    for (std::string line; std::getline(plan, line);) {
      if (line.starts_with("  !")) lines += without_what_varies(line) + "\n";
    }
    return lines;
  }

 private:
  Workplace work_;
};

// In the order of the gates. Windows come with the service.
std::vector<std::pair<Gate, std::function<std::string(const World&)>>> closed_gates() {
  return {{Gate::kBalance,
           [](const World& world) {
             world.apply(one("a"));
             world.ctl({"balance", "50"});
             world.want(one("a") + one("b") + one("c"));
             return world.held();
           }},
          {Gate::kRunway,
           [](const World& world) {
             world.apply(one("a"));
             world.ctl({"expire", "a"});
             world.ctl({"balance", "0.50"});
             return world.held();
           }},
          {Gate::kObservation,
           [](const World& world) {
             world.apply(one("a"));
             world.want(one("a", ", cps: 33"));
             world.ctl({"fault", "partial-list"});
             return world.held();
           }},
          {Gate::kChannels,
           [](const World& world) {
             world.apply(one("a"));
             world.ctl({"calls", "a", "5"});
             world.want(one("a", ", options: {tlsInternals: true}"));
             return world.held();
           }},
          {Gate::kCapacity,
           [](const World& world) {
             world.apply(one("a", kMember) + one("b", kMember) + kFront);
             world.ctl({"calls", "a", "300"});
             world.ctl({"calls", "b", "900"});
             const std::string ports = kMember + ", options: {ports: {udp: [5080]}}";
             world.want(one("a", ports) + one("b", ports) + kFront);
             return world.held();
           }},
          {Gate::kLimit,
           [](const World& world) {
             world.apply(one("a") + one("b") + one("c"));
             world.want(one("a"));
             return world.held({"--max-destroy", "1"});
           }},
          {Gate::kProtection,
           [](const World& world) {
             world.apply(one("a", ", protect: true") + one("b"));
             world.want(one("b"));
             return world.held();
           }},
          {Gate::kDependency,
           [](const World& world) {
             world.apply(one("a", kMember) + one("b", kMember) + kFront);
             world.want(one("b", kMember) + kFront);
             return world.held({"--target", "Server/a"});
           }},
          {Gate::kProvider,
           [](const World& world) {
             world.apply(one("a"));
             world.ctl({"power", "a", "off"});
             world.ctl({"fault", "fail-action", "--rate", "1"});
             world.apply(one("a"), 1);
             return world.held();
           }},
          {Gate::kOverride, [](const World& world) {
             world.apply(one("a"));
             world.run({"suspend", "Server/a", "--reason", "the carrier is testing"});
             world.want(one("a", ", cps: 33"));
             return world.held();
           }}};
}

TEST(Gates, say_what_they_hold_why_and_what_lifts_it) {
  std::string all;
  for (const auto& [gate, close] : closed_gates()) {
    const World world;
    const std::string held = close(world);
    EXPECT_THAT(held, ::testing::HasSubstr("(" + std::string(to_string(gate)) + ")")) << held;
    all += std::string(to_string(gate)) + "\n" + held + "\n";
  }
  expect_golden("plan/every-gate.txt", all);
}

}  // namespace
}  // namespace switchyard
