#include "providers/agent/rtpengine/bencode.h"

#include <gtest/gtest.h>

namespace switchyard::testing {
namespace {

TEST(Bencode, SaysWhatTheProtocolAsksFor) {
  EXPECT_EQ(to_bencode(Json::Object{{"command", "ping"}}), "d7:command4:pinge");
  EXPECT_EQ(to_bencode(Json::Object{{"flags", Json::Array{"a", -7}}, {"sdp", ""}}), "d5:flagsl1:ai-7ee3:sdp0:e");
}

TEST(Bencode, ReadsBackWhatItSaid) {
  const Json value = Json::Object{{"result", "ok"},
                                  {"calls", Json::Array{Json::Object{{"id", std::string("\0\r\n:e", 5)}}, 3, ""}},
                                  {"none", Json{Json::Object{}}},
                                  {"least", std::int64_t{-9223372036854775807}}};
  const auto read = parse_bencode(to_bencode(value));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, value);
}

TEST(Bencode, WhatMakesNoSenseIsAnErrorAndNothingElse) {
  for (const char* text : {"", "i", "ie", "i7", "i7x", "5:abc", "-1:a", "99999999999999999999:a", "l", "li7e", "d",
                           "d1:a", "d1:ae", "di7e1:ae", "pong", "i1ei2e", "4:pong "}) {
    const auto read = parse_bencode(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().code, ErrorCode::kUnreadable);
  }
  EXPECT_FALSE(parse_bencode(std::string(100000, 'l')).ok()) << "depth is bounded";
}

}  // namespace
}  // namespace switchyard::testing
