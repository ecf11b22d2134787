#include <fmt/core.h>
#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>

#include "providers/agent/daemon/control.h"
#include "providers/agent/daemon/durable_file.h"
#include "providers/agent/daemon/process_table.h"
#include "providers/agent/daemon/supervisor.h"
#include "tests/live/stand.h"

// A real Kamailio under the daemon's whole loop: killed in every way, told nonsense, changed under calls.
namespace switchyard {
namespace {

using live::Calls;
using live::configure;
using live::Stand;
using ::testing::HasSubstr;

class KamailioLoop : public ::testing::Test {
 protected:
  void SetUp() override {
    SWITCHYARD_NEEDS("/usr/sbin/kamailio");
    SWITCHYARD_NEEDS("/usr/bin/sipp");
    place_ = {.folder = (stand_.folder() / "sw-1").string(),
              .address = stand_.address(),
              .role = Role::kSwitch,
              .name = "sw-1"};
    gateway_ = stand_.address();
    callee_.emplace(stand_, gateway_);
    start_agent();
  }
  void TearDown() override {
    if (!control_) return;
    EXPECT_TRUE(control_->act(Action::kStop).ok());
  }
  // The agent ends, by whatever cause, and another one begins.
  void start_agent() {
    control_.reset();
    std::filesystem::create_directories(place_.folder);
    driver_.emplace(place_);
    supervisor_.emplace(Supervisor::Options{.folder = place_.folder, .now = [this] { return clock_.now(); }});
    control_.emplace(place_, ControlTimes{}, *driver_, *supervisor_, clock_, [](auto, auto) {});
    ASSERT_TRUE(control_->open().ok());
  }
  Configuration with(std::int64_t cps, std::vector<std::int64_t> ports = {}) const {
    Json::Array udp(ports.begin(), ports.end());
    return configure(
        {{"carriers.acme.destinations", Json(Json::Array{Json::Object{{"uri", "sip:" + gateway_}, {"weight", 1}}})},
         {"spec.channels", Json(1000)},
         {"spec.cps", Json(cps)},
         {"spec.options.carriers", Json(Json::Array{"acme"})},
         {"spec.options.ports.udp", Json(std::move(udp))}});
  }
  ::testing::AssertionResult in_force(const Configuration& wanted) {
    const auto done = control_->configure(wanted);
    return done ? ::testing::AssertionSuccess() : ::testing::AssertionFailure() << done.error().message;
  }
  int pid() { return supervisor_->running() ? supervisor_->running()->pid : 0; }
  bool comes(const std::function<bool()>& fact) {
    return live::comes_true([&] {
      control_->step();
      return fact();
    });
  }
  bool another_answers(int before) {
    return comes([&] { return pid() != 0 && pid() != before && driver_->probe(std::chrono::milliseconds(300)).ok(); });
  }
  live::Callers calls(int rate, int count, int hold_ms) {
    return {stand_, {.to = place_.address + ":5060", .rate = rate, .calls = count, .hold_ms = hold_ms}};
  }

  Stand stand_;
  Place place_{.folder = {}, .address = {}, .role = Role::kSwitch, .name = {}};
  std::string gateway_;
  std::optional<live::Callee> callee_;
  SystemClock clock_;
  std::optional<KamailioDriver> driver_;
  std::optional<Supervisor> supervisor_;
  std::optional<Control> control_;
};

TEST_F(KamailioLoop, AHotChangeTouchesNoCall) {
  ASSERT_TRUE(in_force(with(100)));
  const int before = pid();
  live::Callers callers = calls(20, 60, 1500);
  ASSERT_TRUE(comes([this] { return control_->report().channels.value_or(0) > 5; }));
  for (std::int64_t cps = 101; cps <= 105; ++cps) ASSERT_TRUE(in_force(with(cps)));
  EXPECT_THAT(control_->report().applied, HasSubstr(R"("spec.cps":105)"));
  const Calls made = callers.counts();
  EXPECT_EQ(made.talked, 60);
  EXPECT_EQ(made.failed, 0);
  EXPECT_EQ(pid(), before);
}

TEST_F(KamailioLoop, AKilledMainIsReplacedAndItsOrphansAreGone) {
  ASSERT_TRUE(in_force(with(100)));
  const int before = pid();
  ASSERT_GT(members_of(before).size(), 5U);
  ASSERT_EQ(::kill(before, SIGKILL), 0);
  ASSERT_TRUE(another_answers(before));
  EXPECT_TRUE(members_of(before).empty());
  EXPECT_EQ(control_->report().channels, std::nullopt) << "calls may go on that it has never heard of";
}

TEST_F(KamailioLoop, AKilledWorkerIsReplacedWithAllTheRest) {
  ASSERT_TRUE(in_force(with(100)));
  const int before = pid();
  const std::vector<pid_t> members = members_of(before);
  ASSERT_GT(members.size(), 5U);
  ASSERT_EQ(::kill(members[3] == before ? members[4] : members[3], SIGKILL), 0);
  ASSERT_TRUE(another_answers(before));
  EXPECT_TRUE(members_of(before).empty());
}

TEST_F(KamailioLoop, AnAgentThatStartsAgainAdoptsItWithItsCalls) {
  ASSERT_TRUE(in_force(with(100)));
  const int before = pid();
  live::Callers callers = calls(20, 40, 3000);
  ASSERT_TRUE(comes([this] { return control_->report().channels.value_or(0) > 10; }));
  start_agent();
  EXPECT_EQ(pid(), before);
  EXPECT_GT(control_->report().channels.value_or(0), 0);
  ASSERT_TRUE(in_force(with(200)));
  EXPECT_EQ(pid(), before);
  const Calls made = callers.counts();
  EXPECT_EQ(made.talked, 40);
  EXPECT_EQ(made.failed, 0);
}

TEST_F(KamailioLoop, AllKilledAtOnceComesBackAsItWas) {
  ASSERT_TRUE(in_force(with(70)));
  ASSERT_TRUE(control_->act(Action::kDrain).ok());
  const int before = pid();
  control_.reset();
  ::kill(-before, SIGKILL);
  start_agent();
  ASSERT_TRUE(another_answers(before));
  EXPECT_TRUE(comes([this] { return control_->report().applied.find(R"("spec.cps":70)") != std::string::npos; }));
  EXPECT_TRUE(control_->report().drained);
  const Calls refused = calls(10, 10, 100).counts();
  EXPECT_EQ(refused.talked, 0);
  EXPECT_EQ(refused.refused, 10);
}

TEST_F(KamailioLoop, DrainedItRefusesNewCallsAndKeepsThoseInProgress) {
  ASSERT_TRUE(in_force(with(100)));
  live::Callers early = calls(20, 20, 3000);
  ASSERT_TRUE(comes([this] { return control_->report().channels == 20; }));
  ASSERT_TRUE(control_->act(Action::kDrain).ok());
  const Calls late = calls(10, 10, 100).counts();
  EXPECT_EQ(late.refused, 10);
  const Calls in_progress = early.counts();
  EXPECT_EQ(in_progress.talked, 20);
  EXPECT_EQ(in_progress.failed, 0);
  ASSERT_TRUE(comes([this] { return control_->report().channels == 0; }));
  ASSERT_TRUE(control_->act(Action::kUndrain).ok());
  EXPECT_EQ(calls(10, 10, 100).counts().talked, 10);
}

TEST_F(KamailioLoop, APortThatSomebodyHoldsIsRefusedByNameAndCallsGoOn) {
  ASSERT_TRUE(in_force(with(100)));
  const int before = pid();
  live::Callee squatter(stand_, place_.address, {"-p", "5099"});
  ASSERT_TRUE(live::comes_true([&] {
    return !supervisor_->held_by_others({{.over = Listens::Over::kUdp, .address = place_.address, .port = 5099}})
                .empty();
  }));
  live::Callers callers = calls(20, 40, 1000);
  const auto done = control_->configure(with(100, {5099}));
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, ErrorCode::kConflict);
  EXPECT_THAT(done.error().message, HasSubstr(":5099 is held by process "));
  EXPECT_THAT(done.error().message, HasSubstr("(sipp)"));
  EXPECT_EQ(callers.counts().talked, 40);
  EXPECT_EQ(pid(), before);
}

TEST_F(KamailioLoop, ANewPortIsARestartAndIsReadBack) {
  ASSERT_TRUE(in_force(with(100)));
  const int before = pid();
  ASSERT_TRUE(in_force(with(100, {5099})));
  EXPECT_NE(pid(), before);
  EXPECT_TRUE(members_of(before).empty());
  EXPECT_EQ(control_->report().channels, 0);
  EXPECT_THAT(control_->report().details, HasSubstr("5099"));
}

TEST_F(KamailioLoop, WhatAHandDidToItsFilesIsUndoneBeforeItStartsAgain) {
  ASSERT_TRUE(in_force(with(100)));
  const int before = pid();
  ASSERT_TRUE(write_durably(place_.folder + "/current/kamailio.cfg", "this is no configuration\n").ok());
  ASSERT_EQ(::kill(before, SIGKILL), 0);
  ASSERT_TRUE(another_answers(before));
}

TEST_F(KamailioLoop, ABrokenCertificateLeavesAllAsItIs) {
  ASSERT_TRUE(in_force(with(100)));
  Configuration broken = with(100);
  set_field(broken.fields, "spec.options.fqdn", "sw1.example.net");
  set_field(broken.fields, "spec.options.tls", true);
  set_field(broken.fields, "spec.options.certificates",
            Json::Array{Json::Object{{"name", "main"}, {"type", "server"}, {"domains", Json::Array{"example.net"}}}});
  broken.secrets = {{"certificates.main.chain", "no certificate"}, {"certificates.main.key", "no key"}};
  const auto done = control_->configure(broken);
  ASSERT_FALSE(done.ok());
  EXPECT_NE(done.error().message, "");
  EXPECT_THAT(control_->report().applied, ::testing::Not(HasSubstr("sw1.example.net")));
  EXPECT_EQ(calls(10, 10, 100).counts().talked, 10);
}

TEST_F(KamailioLoop, WhatItReportsIsWhatItSaysOfItself) {
  ASSERT_TRUE(in_force(with(100)));
  ASSERT_TRUE(comes([this] { return control_->report().icmp_latency_us || ::geteuid() != 0; }));
  const AgentReport report = control_->report();
  EXPECT_THAT(report.release, HasSubstr("5.6"));
  EXPECT_TRUE(report.sip_latency_us);
  EXPECT_EQ(report.pending_release, "");
  const Json details = *parse_json(report.details);
  for (const char* name : {"process", "uptime", "listeners", "destinations", "registrations", "memory"}) {
    ASSERT_NE(details.find(name), nullptr) << name << " is missing in " << report.details;
    EXPECT_NE(details.find(name)->string_or("at", ""), "") << name;
  }
}

}  // namespace
}  // namespace switchyard
