#include "providers/agent/daemon/supervisor.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <thread>

#include "providers/agent/daemon/durable_file.h"
#include "providers/agent/daemon/process_table.h"

// Real processes, killed the way processes are.
namespace switchyard::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class SupervisorTest : public ::testing::Test {
 protected:
  SupervisorTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "supervisor-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    supervisor_.emplace(options());
    port_ = free_port();
  }
  ~SupervisorTest() override {
    for (const int group : groups_) ::kill(-group, SIGKILL);
    for (const int group : groups_) ::waitpid(group, nullptr, WNOHANG);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  Supervisor::Options options() const {
    return {.folder = folder_, .patience = std::chrono::milliseconds(300), .now = [] {
              return std::chrono::floor<Duration>(std::chrono::system_clock::now());
            }};
  }
  static std::uint16_t free_port() {
    const int probe = ::socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in own{};
    own.sin_family = AF_INET;
    ::inet_pton(AF_INET, "127.0.0.1", &own.sin_addr);
    ::bind(probe, reinterpret_cast<sockaddr*>(&own), sizeof own);
    socklen_t length = sizeof own;
    ::getsockname(probe, reinterpret_cast<sockaddr*>(&own), &length);
    ::close(probe);
    return ntohs(own.sin_port);
  }
  Rendered child(const std::string& how = "") const {
    return {.files = {},
            .arguments = {RESTLESS_CHILD, std::to_string(port_), "3", how},
            .listens = {{.over = Listens::Over::kUdp, .address = "127.0.0.1", .port = port_}},
            .restart_key = "key",
            .hot = {}};
  }
  // Waits for a fact; false when it does not come within ten seconds.
  template <class Fact>
  static bool comes(Fact fact) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!fact()) {
      if (std::chrono::steady_clock::now() > end) return false;
      ::poll(nullptr, 0, 5);
    }
    return true;
  }
  int start(const std::string& how = "") {
    const auto done = supervisor_->start(child(how), Json::Object{{"generation", 7}});
    EXPECT_TRUE(done.ok()) << done.error().message;
    const auto running = supervisor_->running();
    if (!running) return 0;
    groups_.push_back(running->pid);
    EXPECT_TRUE(comes([this] {
      return read_text(folder_ + "/process.log").ok() &&
             read_text(folder_ + "/process.log")->find("ready") != std::string::npos;
    }));
    return running->pid;
  }

  std::string folder_;
  std::uint16_t port_;
  std::optional<Supervisor> supervisor_;
  std::vector<int> groups_;
};

TEST_F(SupervisorTest, AProcessHasASessionOfItsOwn) {
  const int pid = start();
  EXPECT_EQ(::getsid(pid), pid);
  EXPECT_EQ(::getpgid(pid), pid);
  EXPECT_THAT(members_of(pid), SizeIs(4));
}

TEST_F(SupervisorTest, StoppingLeavesNothing) {
  const int pid = start();
  ASSERT_TRUE(supervisor_->stop().ok());
  EXPECT_THAT(members_of(pid), SizeIs(0));
  EXPECT_FALSE(supervisor_->running());
  EXPECT_EQ(supervisor_->held_by_others(child().listens), "");
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/process.json"));
}

TEST_F(SupervisorTest, OneThatHearsNoTermIsKilledWithItsGroup) {
  const int pid = start("deaf");
  ASSERT_TRUE(supervisor_->stop().ok());
  EXPECT_THAT(members_of(pid), SizeIs(0));
}

TEST_F(SupervisorTest, OrphansOfAKilledMainAreKilledBeforeAnythingStarts) {
  const int pid = start();
  ::kill(pid, SIGKILL);
  ASSERT_TRUE(comes([&] { return !start_of(pid); }));
  EXPECT_THAT(members_of(pid), SizeIs(3)) << "they live on and hold the port";
  EXPECT_FALSE(supervisor_->running());
  EXPECT_THAT(supervisor_->death(), HasSubstr("signal 9"));
  EXPECT_THAT(members_of(pid), SizeIs(0));
  EXPECT_NE(start(), 0);
}

TEST_F(SupervisorTest, AnAgentThatStartsAgainAdoptsIt) {
  const int pid = start();
  const auto since = supervisor_->running()->since;
  supervisor_.emplace(options());
  const auto adopted = supervisor_->running();
  ASSERT_TRUE(adopted);
  EXPECT_EQ(adopted->pid, pid);
  EXPECT_EQ(adopted->since, since);
  EXPECT_EQ(adopted->note.integer_or("generation", 0), 7);
  ASSERT_TRUE(supervisor_->stop().ok());
  EXPECT_THAT(members_of(pid), SizeIs(0));
}

TEST_F(SupervisorTest, OrphansOfAMainThatDiedWhileNoAgentRanAreKilled) {
  const int pid = start();
  ::kill(pid, SIGKILL);
  ASSERT_TRUE(comes([&] { return ::waitpid(pid, nullptr, WNOHANG) == pid; }));  // as init would
  EXPECT_THAT(members_of(pid), SizeIs(3));
  supervisor_.emplace(options());
  EXPECT_FALSE(supervisor_->running());
  EXPECT_THAT(members_of(pid), SizeIs(0));
}

TEST_F(SupervisorTest, AnotherProcessWithTheSameNumberIsNotTouched) {
  const int pid = start();
  Json note = *parse_json(*read_text(folder_ + "/process.json"));
  note.set("start", note.integer_or("start", 0) - 1);  // the one that was noted started earlier, and is dead
  ASSERT_TRUE(write_durably(folder_ + "/process.json", to_string(note)).ok());
  supervisor_.emplace(options());
  EXPECT_FALSE(supervisor_->running());
  EXPECT_THAT(members_of(pid), SizeIs(4));
}

TEST_F(SupervisorTest, NothingOfAnEarlierBootIsBelieved) {
  const int pid = start();
  Json note = *parse_json(*read_text(folder_ + "/process.json"));
  note.set("boot", "another");
  ASSERT_TRUE(write_durably(folder_ + "/process.json", to_string(note)).ok());
  supervisor_.emplace(options());
  EXPECT_FALSE(supervisor_->running());
  EXPECT_THAT(members_of(pid), SizeIs(4));
}

TEST_F(SupervisorTest, APortThatAnotherProcessHoldsIsNamedAndNothingStarts) {
  const int pid = start();
  std::string pattern = std::filesystem::temp_directory_path() / "supervisor-XXXXXX";
  const std::string other = ::mkdtemp(pattern.data());
  Supervisor second({.folder = other, .now = options().now});
  const auto done = second.start(child(), {});
  ASSERT_FALSE(done.ok()) << "the kernel would let both bind it";
  EXPECT_EQ(done.error().code, ErrorCode::kConflict);
  EXPECT_THAT(done.error().message, HasSubstr("udp 127.0.0.1:" + std::to_string(port_) + " is held by process "));
  EXPECT_THAT(done.error().message, HasSubstr("(restless_child)"));
  EXPECT_FALSE(second.running());
  EXPECT_THAT(members_of(pid), SizeIs(4));
  std::filesystem::remove_all(other);
}

TEST_F(SupervisorTest, ItsOwnPortIsNoObstacleToARestart) {
  const int first = start();
  EXPECT_EQ(supervisor_->held_by_others(child().listens), "");
  const int second = start();
  EXPECT_NE(first, second);
  EXPECT_THAT(members_of(first), SizeIs(0));
}

TEST_F(SupervisorTest, WhatAFailedStartSaidIsItsWords) {
  ASSERT_TRUE(supervisor_->start(child("fail"), {}).ok());
  ASSERT_TRUE(comes([this] { return !supervisor_->running(); }));
  EXPECT_EQ(supervisor_->death(), "ended with status 255");
  EXPECT_EQ(supervisor_->words(), "ERROR: bad address in line 7");
}

TEST_F(SupervisorTest, AProgramThatIsNotThereSaysSo) {
  Rendered nothing = child();
  nothing.arguments = {"/nowhere/no-such-program"};
  ASSERT_TRUE(supervisor_->start(nothing, {}).ok());
  ASSERT_TRUE(comes([this] { return !supervisor_->running(); }));
  EXPECT_THAT(supervisor_->words(), HasSubstr("could not be started: No such file"));
}

TEST_F(SupervisorTest, NothingOfTheAgentsIsInherited) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  const int pid = start();
  int sockets = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
    if (std::filesystem::read_symlink(entry.path()).string().starts_with("socket:")) ++sockets;
  }
  EXPECT_EQ(sockets, 1) << "its own";
  ::close(listener);
}

TEST_F(SupervisorTest, ALogThatGrowsIsCutBehindItsBack) {
  Supervisor::Options small = options();
  small.largest_log = 4096;
  supervisor_.emplace(small);
  start();
  { std::filesystem::resize_file(folder_ + "/process.log", 8192); }
  ASSERT_TRUE(supervisor_->running());
  EXPECT_EQ(std::filesystem::file_size(folder_ + "/process.log"), 0U);
  EXPECT_EQ(std::filesystem::file_size(folder_ + "/process.log.1"), 512U);
}

}  // namespace
}  // namespace switchyard::testing
