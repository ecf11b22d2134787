// A disk that is full or broken from some write on: a clear error, nothing lost, and the same command afterwards does
// what it was to do.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cerrno>
#include <set>

#include "tests/hostile/hostile_provider.h"

namespace switchyard {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

std::string embedded_fleet() {
  std::string yaml = fleet_at("http://nowhere", {"a", "b"});
  yaml.replace(yaml.find(", endpoint: \"http://nowhere\""), 28, "");
  return yaml;
}

std::string fleet_of(const std::string& endpoint) {
  return fleet_at(endpoint, {"a", "b"});
}

// The state's folder lies on the bad disk; the specs do not.
void break_disk(Workplace& work, int error, long from) {
  work.set_variable("LD_PRELOAD", SWITCHYARD_BAD_DISK_LIBRARY);
  work.set_variable("BAD_DISK_FOLDER", (work.folder() / ".switchyard").string());
  work.set_variable("BAD_DISK_ERROR", std::to_string(error));
  work.set_variable("BAD_DISK_FROM", std::to_string(from));
}

void mend_disk(Workplace& work) {
  work.set_variable("LD_PRELOAD", "");
  work.set_variable("BAD_DISK_FOLDER", "/nowhere");
}

// A command that the disk failed says so.
void expect_clear(const Ran& ran, int error, long from) {
  EXPECT_THAT(ran.exit_code, AnyOf(0, 1, 3)) << "from effect " << from << ": " << ran.out << ran.err;
  if (ran.exit_code != 1) return;
  EXPECT_THAT(ran.err, HasSubstr("error: ")) << from;
  EXPECT_THAT(ran.err, HasSubstr(".switchyard")) << from << ran.err;
  if (error == ENOSPC) {
    EXPECT_THAT(ran.err, AnyOf(HasSubstr("disk is full"), HasSubstr("No space left"), HasSubstr("disk I/O error"),
                               HasSubstr("cannot be opened")))
        << from;
  } else {
    EXPECT_THAT(ran.err,
                AnyOf(HasSubstr("disk I/O error"), HasSubstr("Input/output error"), HasSubstr("cannot be opened")))
        << from;
  }
}

class HostileDisk : public ::testing::TestWithParam<int> {};

TEST_P(HostileDisk, under_an_apply_loses_nothing) {
  const int error = GetParam();
  int failed = 0;
  bool whole = false;
  // Closely at first, where the file is made, and ever further apart.
  for (long from = 1; !whole && from < 100'000; from += 1 + from / 4) {
    Workplace work;
    work.write("fleet.yaml", embedded_fleet());
    break_disk(work, error, from);
    const Ran ran = work.run({"apply", "fleet.yaml", "--auto-approve"});
    expect_clear(ran, error, from);
    failed += ran.exit_code == 1 ? 1 : 0;
    mend_disk(work);
    whole = ran.exit_code == 0 && work.run({"plan", "fleet.yaml", "--detailed-exitcode"}).exit_code == 0;
    const Ran again = work.run({"apply", "fleet.yaml", "--auto-approve"});
    EXPECT_EQ(again.exit_code, 0) << from << again.out << again.err;
    EXPECT_EQ(work.run({"plan", "fleet.yaml", "--detailed-exitcode"}).exit_code, 0) << from;
    const Json dump = work.run({"sim", "ctl", "--world", ".switchyard/sim-main.db", "dump", "--json"}).json();
    ASSERT_NE(dump.find("servers"), nullptr) << from;
    EXPECT_EQ(dump.find("servers")->array()->size(), 2U) << from;
    expect_sound_state(work);
  }
  EXPECT_GT(failed, 10);
  EXPECT_TRUE(whole) << "the fault came beyond the last effect once, so all of them were met";
}

TEST_P(HostileDisk, of_the_state_alone_buys_nothing_twice) {
  const int error = GetParam();
  const Workplace world;
  auto served = world.start({"sim", "--world", "world.db", "--listen", "127.0.0.1:0", "--speed", "3600"});
  ASSERT_TRUE(served.wait_for("\n"));
  const auto at = served.said().find("http://");
  const std::string endpoint = served.said().substr(at, served.said().find('\n', at) - at);
  Workplace work;
  work.write("fleet.yaml", fleet_of(endpoint));
  for (const long from : {3, 12, 20, 25, 30, 35, 40, 50}) {
    break_disk(work, error, from);
    expect_clear(work.run({"apply", "fleet.yaml", "--auto-approve", "--timeout", "20s"}), error, from);
    mend_disk(work);
    EXPECT_EQ(work.run({"state", "doctor"}).exit_code, 0) << from;
  }
  const Ran last = work.run({"apply", "fleet.yaml", "--auto-approve"});
  EXPECT_EQ(last.exit_code, 0) << last.out << last.err;
  const Json dump = work.run({"sim", "ctl", "--endpoint", endpoint, "dump", "--json"}).json();
  std::set<std::string> names;
  for (const Json& server : *dump.find("servers")->array()) names.insert(server.string_or("name", ""));
  EXPECT_THAT(names, ::testing::ElementsAre("a", "b"));
  EXPECT_EQ(dump.find("servers")->array()->size(), 2U);
  served.signal(SIGTERM);
  served.end();
}

TEST_P(HostileDisk, under_what_is_written_for_people_leaves_no_half_of_it) {
  const int error = GetParam();
  Workplace work;
  work.write("fleet.yaml", embedded_fleet());
  ASSERT_EQ(work.run({"apply", "fleet.yaml", "--auto-approve"}).exit_code, 0);
  work.write("fleet.yaml", embedded_fleet() + "# and so on\n");
  const std::vector<std::vector<std::string>> commands{
      {"plan", "fleet.yaml", "--out", ".switchyard/monday.plan"},
      {"state", "backup", ".switchyard/copy.db"},
  };
  for (const auto& command : commands) {
    for (const long from : {1, 2, 3}) {
      break_disk(work, error, from);
      const Ran ran = work.run(command);
      mend_disk(work);
      const bool there = std::filesystem::exists(work.folder() / command.back());
      EXPECT_EQ(there, ran.exit_code == 0) << command.front() << from << ran.err;
      if (there) std::filesystem::remove(work.folder() / command.back());
    }
  }
  expect_sound_state(work);
}

INSTANTIATE_TEST_SUITE_P(That, HostileDisk, ::testing::Values(ENOSPC, EIO),
                         [](const auto& which) { return which.param == ENOSPC ? "is_full" : "is_broken"; });

}  // namespace
}  // namespace switchyard
