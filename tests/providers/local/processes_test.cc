// Processes of local servers are found for certain, outlive whoever started them, and nothing else is ever ended.
#include "providers/local/processes.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <functional>

#include "tests/providers/local/facts.h"
#include "tests/providers/small_world.h"

namespace switchyard {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class LocalProcesses : public ::testing::Test {
 protected:
  ~LocalProcesses() override {
    for (const char* name : {"a", "ab"}) end_processes(server(name), {});
  }
  std::string server(const std::string& name) {
    std::filesystem::create_directories(scratch_.file("fleet/" + name));
    return scratch_.file("fleet/" + name);
  }
  std::string fleet() const { return scratch_.file("fleet"); }
  void start(const std::string& name, const std::string& script, std::vector<std::string> words = {}) {
    std::vector<std::string> command{"/bin/sh", "-c", script, "sh"};
    command.insert(command.end(), words.begin(), words.end());
    const auto started = start_detached({.command = command, .folder = server(name), .log = server(name) + "/log"});
    ASSERT_TRUE(started.ok()) << started.error().message;
  }

  const ScratchFolder scratch_;
};

TEST_F(LocalProcesses, AreFoundWithTheirChildrenByTheirServersFolder) {
  start("a", "tail -f /dev/null & tail -f /dev/null");
  ASSERT_TRUE(comes_true([&] { return processes_below(fleet()).size() == 3; }));
  for (const ServerProcess& process : processes_below(fleet())) EXPECT_EQ(process.folder, server("a"));
  EXPECT_THAT(processes_below(scratch_.file("flee")), IsEmpty());
  EXPECT_THAT(processes_below(server("a")), IsEmpty());
}

TEST_F(LocalProcesses, AreNobodysChildrenInASessionOfTheirOwn) {
  start("a", "exec tail -f /dev/null");
  ASSERT_TRUE(comes_true([&] { return processes_below(fleet()).size() == 1; }));
  const pid_t pid = processes_below(fleet()).front().pid;
  EXPECT_NE(::getsid(pid), ::getsid(0));
  EXPECT_EQ(::waitpid(pid, nullptr, WNOHANG), -1);
}

TEST_F(LocalProcesses, EndWithAllThatTheyStartedAlsoWhenTheyDoNotWantTo) {
  start("a", "trap '' TERM; tail -f /dev/null & setsid tail -f /dev/null & wait; wait; wait");
  ASSERT_TRUE(comes_true([&] { return processes_below(fleet()).size() >= 3; }));
  EXPECT_TRUE(end_processes(server("a"), {.patience = std::chrono::milliseconds(200)}));
  EXPECT_THAT(processes_below(fleet()), IsEmpty());
}

TEST_F(LocalProcesses, AreAskedFirstWhereThereIsPatience) {
  start("a", "trap 'echo asked > ended; exit 0' TERM; tail -f /dev/null & wait");
  ASSERT_TRUE(comes_true([&] { return processes_below(fleet()).size() == 2; }));
  EXPECT_TRUE(end_processes(server("a"), {.patience = std::chrono::seconds(5)}));
  EXPECT_TRUE(std::filesystem::exists(server("a") + "/ended"));
}

TEST_F(LocalProcesses, OfAServerWhoseNameBeginsAlikeAreLeftAlone) {
  start("a", "exec tail -f /dev/null");
  start("ab", "exec tail -f /dev/null");
  ASSERT_TRUE(comes_true([&] { return processes_below(fleet()).size() == 2; }));
  EXPECT_TRUE(end_processes(server("a"), {}));
  ASSERT_THAT(processes_below(fleet()), SizeIs(1));
  EXPECT_EQ(processes_below(fleet()).front().folder, server("ab"));
}

TEST_F(LocalProcesses, AnAgentIsToldFromWhatItRuns) {
  start("a", "tail -f /dev/null", {"--folder", server("a")});
  ASSERT_TRUE(comes_true([&] { return processes_below(fleet()).size() == 2; }));
  const std::vector<ServerProcess> both = processes_below(fleet());
  EXPECT_EQ(std::ranges::count_if(both, is_agent), 1);
}

TEST_F(LocalProcesses, WhoStartedUsIsNoneOfThemEvenInAServersEnvironment) {
  ::setenv("SWITCHYARD_SERVER", server("a").c_str(), 1);
  const pid_t child = ::fork();
  if (child == 0) {
    // A process whose environment at start says that it is a server's, and that ends processes itself.
    ::execl("/proc/self/exe", "processes_test", "--gtest_also_run_disabled_tests",
            "--gtest_filter=LocalProcessesWithin.DISABLED_AServersEnvironment", nullptr);
    ::_exit(9);
  }
  ::unsetenv("SWITCHYARD_SERVER");
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

// Run by the test above, in a process of its own.
TEST(LocalProcessesWithin, DISABLED_AServersEnvironment) {
  const char* own = std::getenv("SWITCHYARD_SERVER");
  ASSERT_NE(own, nullptr);
  EXPECT_TRUE(end_processes(own, {}));  // and we are still here
}

TEST_F(LocalProcesses, WhatCannotBeStartedSaysSo) {
  const auto started =
      start_detached({.command = {"/nowhere/switchyard-agent"}, .folder = server("a"), .log = server("a") + "/log"});
  ASSERT_FALSE(started.ok());
  EXPECT_THAT(started.error().message, ::testing::HasSubstr("No such file"));
}

TEST_F(LocalProcesses, InheritNothingButAFewWordsAndWriteToTheirLog) {
  ::setenv("ACME_PASSWORD", "opensesame", 1);
  start("a", "env; ls /proc/self/fd | wc -l; echo done");
  ::unsetenv("ACME_PASSWORD");
  const auto log = [&] {
    std::ifstream file(server("a") + "/log");
    return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  };
  ASSERT_TRUE(comes_true([&] { return log().find("done") != std::string::npos; }));
  EXPECT_THAT(log(), ::testing::HasSubstr("SWITCHYARD_SERVER=" + server("a")));
  EXPECT_THAT(log(), ::testing::Not(::testing::HasSubstr("opensesame")));
}

}  // namespace
}  // namespace switchyard
