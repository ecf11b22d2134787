// A provider that takes a request and never answers, and an operator who does not want to wait for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <condition_variable>

#include "tests/hostile/hostile_provider.h"

namespace switchyard {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using SteadyClock = std::chrono::steady_clock;

// A call may take 30 seconds; whoever waits for that has not heard the signal.
constexpr std::chrono::seconds kFarBelowACall{15};

class HostileSilence : public ::testing::Test {
 protected:
  void say_nothing_to(const std::string& method_and_path) {
    provider_.instead(method_and_path, [this](Wire& wire, const WireRequest&) {
      {
        const std::scoped_lock lock(mutex_);
        ++asked_;
      }
      changed_.notify_all();
      wire.wait_for_end();
      return false;
    });
  }
  void wait_until_asked(int times) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return asked_ >= times; });
  }

  // Started, and interrupted twice while the provider says nothing; nothing but the one change was sent, and it is
  // open.
  void expect_left_open(const std::vector<std::string>& words, const std::string& change) {
    auto running = work_.start(words);
    wait_until_asked(1);
    const auto began = SteadyClock::now();
    running.signal(SIGINT);
    running.signal(SIGTERM);
    const Ran ran = running.end();
    EXPECT_LT(SteadyClock::now() - began, kFarBelowACall);
    EXPECT_EQ(ran.exit_code, 4) << ran.out << ran.err;
    EXPECT_THAT(provider_.changes(), ElementsAre(change));
    const Ran doctor = work_.run({"state", "doctor"});
    EXPECT_EQ(doctor.exit_code, 0) << doctor.out;
    EXPECT_THAT(doctor.out, HasSubstr("1 open intent"));
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int asked_ = 0;
  Workplace work_;
  HostileProvider provider_;
};

TEST_F(HostileSilence, at_the_first_look_is_left_at_the_first_interrupt) {
  say_nothing_to("GET /v1/servers");
  work_.write("fleet.yaml", fleet_at(provider_.endpoint(), {"a"}));
  int asked = 0;
  const std::vector<std::vector<std::string>> commands = {
      {"apply", "fleet.yaml", "--auto-approve"},
      {"destroy", "fleet.yaml", "--auto-approve"},
      {"import", "Server/a", "--id", "sim-1", "--path", "fleet.yaml"}};
  for (const std::vector<std::string>& words : commands) {
    const std::string& command = words.front();
    auto running = work_.start(words);
    wait_until_asked(++asked);
    const auto began = SteadyClock::now();
    running.signal(SIGINT);
    const Ran ran = running.end();
    EXPECT_LT(SteadyClock::now() - began, kFarBelowACall) << command;
    EXPECT_EQ(ran.exit_code, 4) << command << ": " << ran.out << ran.err;
    EXPECT_THAT(ran.err, HasSubstr("stopped before all was looked at; nothing is done on a guess, run it again"));
    EXPECT_THAT(provider_.changes(), IsEmpty());
    expect_sound_state(work_);
  }
}

TEST_F(HostileSilence, at_the_look_of_a_loop_ends_it_well) {
  say_nothing_to("GET /v1/servers");
  work_.write("fleet.yaml", fleet_at(provider_.endpoint(), {"a"}));
  auto running = work_.start({"run", "fleet.yaml"});
  wait_until_asked(1);
  const auto began = SteadyClock::now();
  running.signal(SIGTERM);
  EXPECT_EQ(running.end().exit_code, 0);
  EXPECT_LT(SteadyClock::now() - began, kFarBelowACall);
}

TEST_F(HostileSilence, at_a_change_is_waited_for_once_and_left_at_the_second_interrupt) {
  say_nothing_to("POST /v1/servers");
  work_.write("fleet.yaml", fleet_at(provider_.endpoint(), {"a"}));
  expect_left_open({"apply", "fleet.yaml", "--auto-approve"}, "POST /v1/servers");
  // What became of it is for the next run to find out: nothing is sent again before that.
  const Ran plan = work_.run({"plan", "fleet.yaml"});
  EXPECT_THAT(plan.out, HasSubstr("it is looked for before anything is sent again")) << plan.err;
}

TEST_F(HostileSilence, at_an_import_is_left_at_the_second_interrupt_and_looked_for_later) {
  provider_.instead("GET /v1/servers", listing_json(server_json("sim-1", "")));
  say_nothing_to("PUT /v1/servers/sim-1/mark");
  work_.write("fleet.yaml", fleet_at(provider_.endpoint(), {"a"}));
  expect_left_open({"import", "Server/a", "--id", "sim-1", "--path", "fleet.yaml"}, "PUT /v1/servers/sim-1/mark");
  // The mark had arrived: the server is ours, and nothing is bought in its place.
  provider_.instead("GET /v1/servers", listing_json(server_json("sim-1", mark_json("main", "a", "u1"))));
  const Ran plan = work_.run({"plan", "fleet.yaml"});
  EXPECT_THAT(plan.out, Not(HasSubstr("create"))) << plan.out << plan.err;
}

}  // namespace
}  // namespace switchyard
