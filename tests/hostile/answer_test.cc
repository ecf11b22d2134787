// A provider whose answers have no end, no measure or no sense: a clear error in bounded memory, and nothing is done.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/hostile/hostile_provider.h"

namespace switchyard {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::uint64_t kTwoGigabytes = std::uint64_t{1} << 31U;
// The program, its libraries, and a few answers of the largest size, in every form they take on the way.
constexpr std::int64_t kMostMegabytes = 400 * SWITCHYARD_MEMORY_FACTOR;

class HostileAnswer : public ::testing::Test {
 protected:
  // An apply that finds the account in trouble: it says so, and touches nothing.
  Ran apply_in_trouble(const std::vector<std::string>& more = {}) {
    work_.write("fleet.yaml", fleet_at(provider_.endpoint(), {"a", "b"}));
    std::vector<std::string> words{"apply", "fleet.yaml", "--auto-approve"};
    words.insert(words.end(), more.begin(), more.end());
    Ran ran = work_.run(words);
    EXPECT_THAT(ran.exit_code, AnyOf(3, 4)) << ran.out << ran.err;
    EXPECT_THAT(provider_.changes(), IsEmpty());
    EXPECT_LT(ran.peak_megabytes, kMostMegabytes);
    expect_sound_state(work_);
    return ran;
  }
  void expect_trouble(std::string_view words) {
    const Ran ran = apply_in_trouble();
    EXPECT_THAT(ran.err, HasSubstr("account \"main\" could not be looked at"));
    EXPECT_THAT(ran.err, HasSubstr(words));
  }

  Workplace work_;
  HostileProvider provider_;
};

constexpr const char* kList = "GET /v1/servers";

TEST_F(HostileAnswer, that_is_sound_is_acted_on) {
  // What all others differ from: otherwise their silence would prove nothing.
  work_.write("fleet.yaml", fleet_at(provider_.endpoint(), {"a"}));
  const Ran ran = work_.run({"apply", "fleet.yaml", "--auto-approve", "--timeout", "2s"});
  EXPECT_EQ(ran.exit_code, 4) << ran.out << ran.err;
  EXPECT_THAT(provider_.changes(), ::testing::Contains("POST /v1/servers"));
}

TEST_F(HostileAnswer, of_two_gigabytes_is_not_read_to_its_end) {
  provider_.instead(kList, [](Wire& wire, const WireRequest&) {
    wire.say(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", kTwoGigabytes));
    wire.say_again_and_again(std::string(1U << 20U, ' '), kTwoGigabytes);
    return false;
  });
  expect_trouble("sent an answer of more than 16777216 bytes");
}

TEST_F(HostileAnswer, without_a_length_and_without_an_end_is_not_read_to_its_end) {
  provider_.instead(kList, [](Wire& wire, const WireRequest&) {
    wire.say("HTTP/1.1 200 OK\r\n\r\n");
    wire.say_again_and_again(std::string(1U << 20U, '['));
    return false;
  });
  expect_trouble("sent an answer of more than 16777216 bytes");
}

TEST_F(HostileAnswer, of_one_chunk_of_two_gigabytes_is_not_read_to_its_end) {
  provider_.instead(kList, [](Wire& wire, const WireRequest&) {
    wire.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n");
    wire.say_again_and_again(std::string(1U << 20U, ' '), kTwoGigabytes);
    return false;
  });
  expect_trouble("sent an answer of more than 16777216 bytes");
}

TEST_F(HostileAnswer, with_a_chunk_of_less_than_nothing_harms_nobody) {
  for (const char* size : {"-1", "-2", "-5", "-7fffffff"}) {
    for (const char* before : {"", "4\r\n{   \r\n"}) {
      provider_.instead(kList, [=](Wire& wire, const WireRequest&) {
        wire.say(fmt::format("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}{}\r\n", before, size));
        wire.say_again_and_again(std::string(1U << 20U, ' '), kTwoGigabytes);
        return false;
      });
      const Ran ran = apply_in_trouble();
      EXPECT_THAT(ran.err, HasSubstr("sent an answer of more than 16777216 bytes")) << size;
    }
  }
}

TEST_F(HostileAnswer, whose_head_has_no_end_is_not_read_to_its_end) {
  provider_.instead(kList, [](Wire& wire, const WireRequest&) {
    wire.say("HTTP/1.1 200 OK\r\n");
    wire.say_again_and_again("x-" + std::string(1000, 'x') + ": y\r\n");
    return false;
  });
  expect_trouble("sent an answer of more than 16777216 bytes");
}

TEST_F(HostileAnswer, of_very_many_small_values_takes_no_more_memory_than_it_may) {
  std::string many = R"({"now": "2026-01-01T00:00:00Z", "next": "", "servers": [0)";
  while (many.size() < (15U << 20U)) many += ",0";
  provider_.instead(kList, many + "]}");
  expect_trouble("makes no sense");
}

TEST_F(HostileAnswer, that_takes_too_long_ends_with_the_commands_own_time) {
  for (const auto& silence : {HostileProvider::Talk([](Wire&wire, const WireRequest&) {
                                wire.wait_for_end();
                                return false;
                              }),
                              HostileProvider::Talk([](Wire&wire, const WireRequest&) {
                                wire.say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
                                wire.wait_for_end();
                                return false;
                              })}) {
    provider_.instead(kList, silence);
    const auto began = std::chrono::steady_clock::now();
    const Ran ran = apply_in_trouble({"--timeout", "1s"});
    EXPECT_EQ(ran.exit_code, 4);
    EXPECT_THAT(ran.err, HasSubstr("--timeout"));
    // A call alone may take half a minute, and four are tried.
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
  }
}

TEST_F(HostileAnswer, of_wrong_types_is_none) {
  const std::string good_mark = mark_json("main", "a", "u1");
  const std::vector<std::string> pages = {
      "[]",
      "\"servers\"",
      "null",
      "{}",
      "{\"now\": 7, \"next\": \"\", \"servers\": []}",
      "{\"now\": \"2026-01-01T00:00:00Z\", \"next\": \"\", \"servers\": {}}",
      "{\"now\": \"2026-01-01T00:00:00Z\", \"next\": \"\", \"servers\": [7]}",
      "{\"now\": \"2026-01-01T00:00:00Z\", \"next\": \"\", \"servers\": [[]]}",
      "{\"now\": \"2026-01-01T00:00:00Z\", \"next\": 2, \"servers\": []}",
      "{\"now\": \"2026-01-01T00:00:00Z\", \"next\": [\"2\"], \"servers\": []}",
      "{\"now\": \"2026-01-01T00:00:00Z\", \"servers\": []}",
      listing_json("{\"id\": 5, \"phase\": \"active\"}"),
      listing_json("{\"id\": \"\", \"phase\": \"active\"}"),
      listing_json("{\"id\": \"sim-1\", \"phase\": \"fine\"}"),
      listing_json(server_json("sim-1", "\"ours\"")),
      listing_json(server_json("sim-1", R"({"fleet": 7, "key": "Server/a", "uid": "u1"})")),
      listing_json(server_json("sim-1", R"({"fleet": "main", "key": "Server/a", "uid": 7})")),
      listing_json(server_json("sim-1", R"({"fleet": "main", "key": "Server/a"})")),
      listing_json(server_json("sim-1", R"({"fleet": "main", "key": ["Server/a"], "uid": "u1"})")),
      listing_json(server_json("sim-1", good_mark, ", \"ipv6\": 7")),
      listing_json(server_json("sim-1", good_mark, ", \"price\": 1.5")),
      listing_json(server_json("sim-1", good_mark, ", \"expires\": true")),
      listing_json(server_json("sim-1", good_mark, ", \"agent\": \"up\"")),
      listing_json(server_json("sim-1", good_mark, R"(, "agent": {"at": "2026-01-01T00:00:00Z", "drained": "yes"})")),
      listing_json(server_json("sim-1", good_mark, R"(, "agent": {"at": "2026-01-01T00:00:00Z", "channels": "0"})")),
      listing_json(server_json("sim-1", good_mark, R"(, "agent": {"at": "2026-01-01T00:00:00Z", "channels": -1})")),
  };
  for (const std::string& page : pages) {
    provider_.instead(kList, page);
    work_.write("fleet.yaml", fleet_at(provider_.endpoint(), {"a", "b"}));
    const Ran ran = work_.run({"plan", "fleet.yaml", "--detailed-exitcode"});
    EXPECT_EQ(ran.exit_code, 3) << page;
    EXPECT_THAT(ran.err, HasSubstr("makes no sense")) << page;
  }
  apply_in_trouble();
}

TEST_F(HostileAnswer, about_money_of_wrong_types_buys_nothing) {
  for (const char* balance : {
           "{}",
           "[]",
           "{\"amount\": 500, \"currency\": \"USD\", \"at\": \"2026-01-01T00:00:00Z\"}",
           "{\"amount\": \"lots\", \"currency\": \"USD\", \"at\": \"2026-01-01T00:00:00Z\"}",
           "{\"amount\": \"1e9\", \"currency\": \"USD\", \"at\": \"2026-01-01T00:00:00Z\"}",
           "{\"amount\": \"99999999999999999999999\", \"currency\": \"USD\", \"at\": \"2026-01-01T00:00:00Z\"}",
           "{\"amount\": \"500.00\", \"currency\": \"US\", \"at\": \"2026-01-01T00:00:00Z\"}",
           "{\"amount\": \"500.00\", \"currency\": \"USD\", \"at\": 0}",
       }) {
    provider_.instead("GET /v1/balance", balance);
    const Ran ran = apply_in_trouble();
    EXPECT_THAT(ran.err, HasSubstr("makes no sense")) << balance;
  }
}

TEST_F(HostileAnswer, that_is_another_kind_of_server_s_is_named_so) {
  provider_.instead(kList, "<html><body>Welcome to the hotel's network</body></html>");
  expect_trouble("is the endpoint a simulator's?");
}

TEST_F(HostileAnswer, with_words_for_a_terminal_reaches_no_terminal) {
  provider_.instead(kList, [](Wire& wire, const WireRequest&) {
    return wire.answer("422 No",
                       "{\"error\": {\"code\": \"refused\", \"message\": \"no\\u001b]0;owned\\u0007\\u009b2J\\n" +
                           std::string(100'000, 'x') + "\"}}");
  });
  const Ran ran = apply_in_trouble();
  const Ran json = work_.run({"plan", "fleet.yaml", "--json"});
  const Ran events = work_.run({"events", "--json"});
  const Ran exported = work_.run({"export", "main", "--path", "fleet.yaml"});
  EXPECT_EQ(exported.exit_code, 1);
  for (const std::string& text : {ran.out, ran.err, json.out, json.err, events.out, exported.out, exported.err}) {
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(text, Not(HasSubstr("\xc2\x9b")));
    EXPECT_THAT(text, Not(HasSubstr(std::string(1000, 'x'))));
  }
  EXPECT_THAT(ran.err, HasSubstr("no"));
}

TEST_F(HostileAnswer, to_a_change_that_makes_no_sense_leaves_it_open_and_is_not_repeated) {
  for (const char* answer : {"{}", "[]", "{\"id\": 7, \"now\": \"2026-01-01T00:00:00Z\"}", "<html>"}) {
    const Workplace work;
    HostileProvider provider;
    provider.instead("POST /v1/servers", answer);
    work.write("fleet.yaml", fleet_at(provider.endpoint(), {"a"}));
    const Ran ran = work.run({"apply", "fleet.yaml", "--auto-approve", "--timeout", "2s"});
    EXPECT_THAT(ran.exit_code, AnyOf(1, 3, 4)) << ran.out << ran.err;
    EXPECT_THAT(provider.changes(), ::testing::ElementsAre("POST /v1/servers")) << answer;
    EXPECT_EQ(work.run({"state", "doctor"}).exit_code, 0);
  }
}

}  // namespace
}  // namespace switchyard
