// What the far end says, as it reaches people and the engine. What is here came of fuzzing (tests/fuzz/README.md).
#include "providers/sim/protocol.h"

#include <gtest/gtest.h>

#include "specs/base/json.h"

namespace switchyard {
namespace {

Error error_from(int status, Json told) {
  const Call call{.account = "main", .limits = {.timeout = {}, .fence = 1}, .what = BalanceCall{}};
  Json body;
  body.set("error", std::move(told));
  return from_http(call, {.status = status, .body = to_string(body), .headers = {}}).error();
}

TEST(Protocol, TheFarEndsWordsAreShortAndMoveNoCursor) {
  const Error error = error_from(
      402, Json().set("code", "refused-for-money").set("message", "\x1b[2J\xC2\x9BK\n" + std::string(100'000, 'x')));
  EXPECT_EQ(error.code, ErrorCode::kRefusedForMoney);
  EXPECT_EQ(error.message.substr(0, 8), " [2J K x");
  EXPECT_LE(error.message.size(), 310U);
}

TEST(Protocol, TheFarEndsWordsAreNotCutThroughACharacter) {
  std::string words(299, 'x');
  for (int i = 0; i < 50; ++i) words += "\xC3\xB6";
  const Error error = error_from(422, Json().set("code", "refused").set("message", words));
  EXPECT_EQ(error.message, std::string(299, 'x') + "...");
}

TEST(Protocol, NobodyWaitsForLongerThanADay) {
  const auto waits = [](std::int64_t wait) {
    return error_from(429, Json().set("code", "rate-limited").set("retryAfterMs", wait)).retry_after;
  };
  EXPECT_EQ(waits(2'500), std::chrono::milliseconds(2'500));
  EXPECT_EQ(waits(86'400'000), std::chrono::hours(24));
  EXPECT_EQ(waits(86'400'001), std::nullopt);
  EXPECT_EQ(waits(INT64_MAX), std::nullopt);
  EXPECT_EQ(waits(-1), std::nullopt);
}

}  // namespace
}  // namespace switchyard
