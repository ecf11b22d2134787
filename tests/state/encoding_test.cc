#include "state/encoding.h"

#include <gtest/gtest.h>

#include <limits>

#include "specs/base/digest.h"
#include "tests/state/samples.h"

namespace switchyard::testing {
namespace {

ObservedServer read_back(const ObservedServer& written) {
  std::string body;
  std::string latest;
  encode_body(written, body);
  encode_latest(written, latest);
  ObservedServer read;
  read.account = written.account;
  read.id = written.id;
  read.seen = written.seen;
  EXPECT_TRUE(decode_body(body, read).ok());
  EXPECT_TRUE(decode_latest(latest, read).ok());
  return read;
}

TEST(Encoding, EveryServerReadsBackAsItWas) {
  Random random(1);
  for (int i = 0; i < 2000; ++i) {
    const ObservedServer any = any_server(random);
    ASSERT_EQ(read_back(any), any) << "server " << i;
  }
  EXPECT_EQ(read_back(an_observed_server("lon-1")), an_observed_server("lon-1"));
}

TEST(Encoding, OnlyWhatSeldomChangesIsInTheBody) {
  const ObservedServer before = an_observed_server("lon-1");
  ObservedServer after = before;
  after.seen += std::chrono::minutes(1);
  after.agent->at += std::chrono::minutes(1);
  after.agent->channels = std::nullopt;
  after.agent->cps = 99;
  after.agent->sip_latency_us = 5;
  after.agent->icmp_latency_us = std::nullopt;
  after.agent->details = R"({"uptime":{"value":7}})";
  std::string first;
  std::string second;
  encode_body(before, first);
  encode_body(after, second);
  EXPECT_EQ(first, second);
  EXPECT_EQ(hash_of_body(first), hash_of_body(second));

  after.agent->drained = false;
  second.clear();
  encode_body(after, second);
  EXPECT_NE(hash_of_body(first), hash_of_body(second));
}

TEST(Encoding, APartOfARowIsAnErrorAndNothingElse) {
  Random random(2);
  for (int i = 0; i < 50; ++i) {
    std::string body;
    encode_body(any_server(random), body);
    for (std::size_t length = 0; length < body.size(); ++length) {
      ObservedServer read;
      const auto done = decode_body(std::string_view(body).substr(0, length), read);
      ASSERT_FALSE(done.ok()) << "server " << i << " cut at " << length;
      ASSERT_EQ(done.error().code, ErrorCode::kUnreadable);
    }
  }
}

TEST(Encoding, AFlippedBitIsReadOrRefusedButHarmsNothing) {
  Random random(3);
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string body;
    encode_body(any_server(random), body);
    char& byte = body[random.below(body.size())];
    byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << random.below(8)));
    ObservedServer read;
    if (!decode_body(body, read).ok()) ++refused;
  }
  EXPECT_GT(refused, 0);
}

TEST(Encoding, TheLayoutIsWhatFilesInUseHold) {
  // A change of these needs a new first byte, a way to read the old one, and a new version of the state file.
  std::string body;
  std::string latest;
  encode_body(an_observed_server("lon-1"), body);
  encode_latest(an_observed_server("lon-1"), latest);
  EXPECT_EQ(fast_hash_hex(body), "03e0b8c0e2b1cf9ab531cb19a176564d");
  EXPECT_EQ(fast_hash_hex(latest), "9ecd31de5878e0ff42ae0d62899bf9a6");
}

TEST(Encoding, AReadingFromBeforeAgentsReportedDetailsIsRead) {
  ObservedServer server = an_observed_server("lon-1");
  server.agent->details.clear();
  std::string latest;
  encode_latest(server, latest);
  latest[0] = 1;
  latest.pop_back();  // the empty details
  EXPECT_EQ(fast_hash_hex(latest), "5bbc07c84fa08072aff6b0024f47cb29") << "files in use hold these bytes";
  ObservedServer read = an_observed_server("lon-1");
  read.agent->channels = std::nullopt;
  read.agent->details.clear();
  ASSERT_TRUE(decode_latest(latest, read).ok());
  EXPECT_EQ(read, server);
}

TEST(Encoding, AnotherLayoutIsRefused) {
  std::string body;
  std::string latest;
  encode_body(an_observed_server("lon-1"), body);
  encode_latest(an_observed_server("lon-1"), latest);
  body[0] = 2;
  latest[0] = 3;
  ObservedServer read;
  EXPECT_FALSE(decode_body(body, read).ok());
  EXPECT_FALSE(decode_latest(latest, read).ok());
}

// Seen while a fuzz target was written: ten such servers ended the engine, because their sum has no place in 64 bits.
TEST(ModelJson, APriceBeyondAllReasonIsUnreadable) {
  ObservedServer server = an_observed_server("lon-1");
  server.price = *parse_rate("100000", Currency());
  EXPECT_TRUE(observed_server_from_json(to_json(server)).ok());
  server.price = *parse_rate("100000.01", Currency());
  EXPECT_EQ(observed_server_from_json(to_json(server)).error().code, ErrorCode::kUnreadable);
  Catalogue offers;
  offers.sizes = {{.name = "s", .price = server.price}};
  EXPECT_EQ(catalogue_from_json(to_json(offers)).error().code, ErrorCode::kUnreadable);
}

TEST(Encoding, APriceBeyondAllReasonIsDamage) {
  for (const std::int64_t price : {std::int64_t{-1}, kHighestPrice + 1, std::numeric_limits<std::int64_t>::max()}) {
    ObservedServer server = an_observed_server("lon-1");
    std::string bytes;
    server.price = Rate{kHighestPrice, Currency()};
    encode_body(server, bytes);
    EXPECT_TRUE(decode_body(bytes, server).ok());
    bytes.clear();
    server.price = Rate{price, Currency()};
    encode_body(server, bytes);
    EXPECT_EQ(decode_body(bytes, server).error().code, ErrorCode::kUnreadable) << price;
  }
}

// Seen while a fuzz target was written: such a time overflowed where its age was reckoned.
TEST(Encoding, ATimeThatCanBeNoneIsDamage) {
  for (const Timestamp time : {Timestamp::max(), Timestamp::min(), at("9999-12-31T23:59:59.999Z") + Duration(1)}) {
    ObservedServer server = an_observed_server("lon-1");
    server.created = time;
    std::string bytes;
    encode_body(server, bytes);
    EXPECT_EQ(decode_body(bytes, server).error().code, ErrorCode::kUnreadable);
  }
}

}  // namespace
}  // namespace switchyard::testing
