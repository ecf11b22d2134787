// A person who presses every key: nothing happens that was not agreed to, and the program always ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <random>

#include "tests/hostile/hostile_provider.h"
#include "tests/hostile/terminal.h"

namespace switchyard {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr const char* kQuestion = "Only \"yes\" or \"y\" is taken as agreement:";

// An embedded world that walks, so that there is something to look at.
std::string walking_fleet() {
  std::string yaml = fleet_at("http://nowhere", {"a", "b"});
  yaml.replace(yaml.find("endpoint: \"http://nowhere\""), 26, "sim: {pace: 1200}");
  return yaml;
}

class HostileHands : public ::testing::Test {
 protected:
  HostileHands() { work_.write("fleet.yaml", walking_fleet()); }

  std::size_t servers() const {
    const Json dump = work_.run({"sim", "ctl", "--world", ".switchyard/sim-main.db", "dump", "--json"}).json();
    return dump.find("servers") == nullptr ? 0 : dump.find("servers")->array()->size();
  }
  void expect_nothing_done() const {
    EXPECT_EQ(servers(), 0U);
    expect_sound_state(work_);
  }
  void expect_resumable() const {
    const Ran again = work_.run({"apply", "fleet.yaml", "--auto-approve"});
    EXPECT_EQ(again.exit_code, 0) << again.out << again.err;
    EXPECT_EQ(servers(), 2U);
    expect_sound_state(work_);
  }

  Workplace work_;
};

TEST_F(HostileHands, that_agree_get_what_they_want) {
  Terminal terminal(work_, {"apply", "fleet.yaml"});
  ASSERT_TRUE(terminal.wait_for(kQuestion));
  terminal.press("yes\n");
  EXPECT_EQ(terminal.end(), 0) << terminal.shown();
  EXPECT_EQ(servers(), 2U);
}

TEST_F(HostileHands, are_shown_what_they_agree_to_where_the_result_is_json) {
  Terminal terminal(work_, {"apply", "fleet.yaml", "--json"});
  ASSERT_TRUE(terminal.wait_for(kQuestion));
  EXPECT_THAT(terminal.shown(), HasSubstr("Plan: 2 to create"));
  terminal.press("yes\n");
  EXPECT_EQ(terminal.end(), 0) << terminal.shown();
  EXPECT_THAT(terminal.shown(), HasSubstr("\"changesDone\": 2"));
}

TEST_F(HostileHands, that_press_keys_at_random_agree_to_nothing) {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    std::mt19937 random(seed);
    Terminal terminal(work_, {"apply", "fleet.yaml"});
    ASSERT_TRUE(terminal.wait_for(kQuestion));
    std::string keys;
    for (int i = 0; i < 300; ++i) {
      const auto key = static_cast<char>(random() % 256);
      // Output that is held back comes with ^Q below; a core (^\) has a test of its own.
      if (key != '\x1c' && key != '\n' && key != '\r') keys += key;
    }
    terminal.press(keys + "\x11\x16\n\nno\n");
    EXPECT_THAT(terminal.end(), AnyOf(1, 4)) << "seed " << seed << ": " << terminal.shown();
    expect_nothing_done();
  }
}

TEST_F(HostileHands, that_almost_agree_agree_to_nothing) {
  for (const char* keys :
       {"\n", "n\n", "Yes\n", "yes yes\n", "yess\n", "\x1b[Ayes\n", " y\n", "\xd1\x83\n", "y\x04\n"}) {
    Terminal terminal(work_, {"apply", "fleet.yaml"});
    ASSERT_TRUE(terminal.wait_for(kQuestion));
    terminal.press(keys);
    // The last one ends its line in two steps: Ctrl-D sends what is there, and the line goes on.
    if (std::string_view(keys) == "y\x04\n") {
      EXPECT_EQ(terminal.end(), 0) << terminal.shown();
      return;
    }
    EXPECT_EQ(terminal.end(), 1) << terminal.shown();
    EXPECT_THAT(terminal.shown(), HasSubstr("not agreed to; nothing was done"));
    expect_nothing_done();
  }
}

TEST_F(HostileHands, that_press_control_c_are_obeyed) {
  Terminal terminal(work_, {"apply", "fleet.yaml"});
  ASSERT_TRUE(terminal.wait_for(kQuestion));
  terminal.press("ye\x03");
  EXPECT_EQ(terminal.end(), 4);
  EXPECT_THAT(terminal.shown(), HasSubstr("interrupted; nothing was done"));
  expect_nothing_done();
}

TEST_F(HostileHands, that_press_control_d_have_said_no) {
  Terminal terminal(work_, {"apply", "fleet.yaml"});
  ASSERT_TRUE(terminal.wait_for(kQuestion));
  terminal.press("\x04");
  EXPECT_EQ(terminal.end(), 1);
  expect_nothing_done();
}

TEST_F(HostileHands, that_press_control_backslash_end_it_and_nothing_is_done) {
  Terminal terminal(work_, {"apply", "fleet.yaml"});
  ASSERT_TRUE(terminal.wait_for(kQuestion));
  terminal.press("\x1c");
  EXPECT_EQ(terminal.end(), -1);
  expect_nothing_done();
  expect_resumable();
}

TEST_F(HostileHands, that_stop_and_continue_it_are_asked_still) {
  Terminal terminal(work_, {"apply", "fleet.yaml"});
  ASSERT_TRUE(terminal.wait_for(kQuestion));
  terminal.press("\x1a");  // nobody could continue the leader of a session, so the kernel passes this over
  terminal.signal(SIGSTOP);
  terminal.wait_until_stopped();
  terminal.signal(SIGCONT);
  terminal.press("yes\n");
  EXPECT_EQ(terminal.end(), 0) << terminal.shown();
  EXPECT_EQ(servers(), 2U);
}

TEST_F(HostileHands, that_typed_before_the_question_have_not_answered_it) {
  Terminal terminal(work_, {"apply", "fleet.yaml"}, "yes\ny\n");
  ASSERT_TRUE(terminal.wait_for(kQuestion));
  terminal.press("no\n");
  EXPECT_EQ(terminal.end(), 1) << terminal.shown();
  expect_nothing_done();
}

TEST_F(HostileHands, that_close_the_window_have_not_agreed) {
  for (const auto hang_up : {Terminal::HangUp::kIsASignal, Terminal::HangUp::kIsIgnored}) {
    Terminal terminal(work_, {"apply", "fleet.yaml"}, {}, hang_up);
    ASSERT_TRUE(terminal.wait_for(kQuestion));
    terminal.close();
    EXPECT_THAT(terminal.end(), AnyOf(1, 4));
    expect_nothing_done();
  }
}

TEST_F(HostileHands, that_pull_at_the_window_see_it_drawn_anew) {
  Terminal terminal(work_, {"apply", "fleet.yaml", "--auto-approve"});
  ASSERT_TRUE(terminal.wait_for("[0/2]"));
  for (const int columns : {1, 0, 3, 500, 65535, 80}) terminal.resize(columns, columns);
  EXPECT_EQ(terminal.end(), 0) << terminal.shown();
  EXPECT_EQ(servers(), 2U);
}

TEST_F(HostileHands, that_press_keys_while_it_works_change_nothing) {
  Terminal terminal(work_, {"apply", "fleet.yaml", "--auto-approve"});
  ASSERT_TRUE(terminal.wait_for("[0/2]"));
  std::mt19937 random(7);
  for (int i = 0; i < 500; ++i) {
    const auto key = static_cast<char>(' ' + random() % 95);
    terminal.press(std::string_view(&key, 1));
  }
  EXPECT_EQ(terminal.end(), 0) << terminal.shown();
  EXPECT_EQ(servers(), 2U);
}

TEST_F(HostileHands, that_close_the_window_while_it_works_can_go_on_later) {
  Terminal terminal(work_, {"apply", "fleet.yaml", "--auto-approve"});
  ASSERT_TRUE(terminal.wait_for("[0/2]"));
  terminal.close();
  EXPECT_EQ(terminal.end(), 4);
  expect_resumable();
}

TEST_F(HostileHands, that_close_the_window_under_nohup_let_it_end_its_work) {
  Terminal terminal(work_, {"apply", "fleet.yaml", "--auto-approve"}, {}, Terminal::HangUp::kIsIgnored);
  ASSERT_TRUE(terminal.wait_for("[0/2]"));
  terminal.close();
  EXPECT_EQ(terminal.end(), 0);
  EXPECT_EQ(servers(), 2U);
  expect_sound_state(work_);
}

TEST_F(HostileHands, that_press_control_c_twice_while_it_works_can_go_on_later) {
  Terminal terminal(work_, {"apply", "fleet.yaml", "--auto-approve"});
  ASSERT_TRUE(terminal.wait_for("[0/2]"));
  terminal.press("\x03\x03");
  EXPECT_EQ(terminal.end(), 4) << terminal.shown();
  expect_resumable();
}

}  // namespace
}  // namespace switchyard
