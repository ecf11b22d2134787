#include "tests/reconciler/story.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace switchyard::testing {

using std::chrono::minutes;

PlanOptions generous() {
  PlanOptions options;
  options.max_destroy = 1000;
  return options;
}

std::string tail(Fleet& fleet) {
  std::string text = "\n" + ::testing::PrintToString(fleet.world());
  for (const Event& event : value_of(fleet.store().events(EventFilter{.limit = 30}))) {
    text += "\n" + to_string(event.at) + " " + (event.resource ? to_string(*event.resource) : "") + " " + event.type +
            ": " + event.message;
  }
  return text;
}

void expect_the_wanted_and_no_other(Fleet& fleet, const std::string& when) {
  std::vector<std::string> wanted;
  for (const DesiredServer& server : fleet.desired().servers) wanted.push_back(server.key.name);
  std::vector<std::string> there;
  for (const std::string& account : fleet.accounts()) {
    const Json dumped = fleet.dump(account);
    for (const Json& server : *dumped.find("servers")->array()) {
      there.push_back(server.string_or("name", "") + (server.string_or("uid", "").empty() ? " (unmarked)" : ""));
    }
  }
  std::ranges::sort(wanted);
  std::ranges::sort(there);
  ASSERT_EQ(there, wanted) << when << tail(fleet);
}

std::string words(const ApplyReport& report) {
  std::string text = fmt::format("exit {}", report.exit_code());
  for (const std::string& hold : holds_of(report.holds)) text += "; held: " + hold;
  for (const std::string& failure : report.failures) text += "; failed: " + failure;
  return text;
}

std::string words(const Plan& plan) {
  return "\nplan: " + ::testing::PrintToString(changes_of(plan)) + ::testing::PrintToString(holds_of(plan.holds)) +
         to_string(to_json(plan));
}

std::string disturb(Random& random, Fleet& fleet) {
  const std::vector<std::string> accounts = fleet.accounts();
  const std::string account = accounts[random.below(accounts.size())];
  const Json dumped = fleet.dump(account);
  const Json::Array& servers = *dumped.find("servers")->array();
  if (servers.empty()) return "nothing";
  const Json& one = servers[random.below(servers.size())];
  const std::string id = one.string_or("id", "");
  const std::string what = one.string_or("name", "");
  switch (random.below(8)) {
    case 0:
      fleet.ctl(CtlExpire{id}, account).ok();
      return "expire " + what;
    case 1:
      fleet.ctl(CtlVanish{id}, account).ok();
      return "vanish " + what;
    case 2:
      fleet.ctl(CtlPower{id, random.below(2) == 0 ? Power::kStopped : Power::kRunning}, account).ok();
      return "power " + what;
    case 3:
      fleet.ctl(CtlSet{id, "cps", std::to_string(random.between(1, 99))}, account).ok();
      return "set cps of " + what;
    case 4:
      fleet.ctl(CtlSet{id, "size", "s-4vcpu-8gb"}, account).ok();
      return "set size of " + what;
    case 5:
      fleet.ctl(CtlSet{id, "pendingRelease", "2.1"}, account).ok();
      return "a release for " + what;
    case 6:
      fleet.ctl(CtlSet{id, "tlsInternals", random.below(2) == 0 ? "true" : "false"}, account).ok();
      return "set tlsInternals of " + what;
    default:
      fleet.ctl(CtlCalls{id, random.between(1, 100), minutes(random.between(1, 20))}, account).ok();
      return "calls on " + what;
  }
}

}  // namespace switchyard::testing
