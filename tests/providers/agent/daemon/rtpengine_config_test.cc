#include <gmock/gmock.h>

#include "providers/agent/rtpengine/rtpengine_driver.h"
#include "tests/support/golden.h"

namespace switchyard::testing {
namespace {

using ::testing::HasSubstr;

Configuration media(std::int64_t from, std::int64_t to, std::int64_t sessions) {
  return {.fields = {{.path = "spec.maxSessions", .value = sessions},
                     {.path = "spec.ports.from", .value = from},
                     {.path = "spec.ports.to", .value = to},
                     {.path = "spec.region", .value = "lon1"},
                     {.path = "spec.zone", .value = "london"}},
          .peers = {},
          .secrets = {}};
}

Place place(std::string address) {
  return {.folder = "/srv/lon-rtp-1", .address = std::move(address), .role = Role::kMedia, .name = "lon-rtp-1"};
}

Rendered rendered(const Configuration& wanted, Traffic traffic = Traffic::kTaken, std::string address = "127.66.1.9") {
  const auto made = RtpengineDriver(place(std::move(address))).render(wanted, traffic);
  EXPECT_TRUE(made.ok());
  return made ? *made : Rendered{};
}

TEST(RtpengineConfiguration, IsWholeAndReadsLikeAManual) {
  expect_golden("agent/rtpengine.conf", rendered(media(30000, 40000, 2000)).files.at("rtpengine.conf"));
}

TEST(RtpengineConfiguration, SessionsAndDrainingAreHotAndPortsAreNot) {
  const Rendered before = rendered(media(30000, 40000, 2000));
  EXPECT_EQ(rendered(media(30000, 40000, 5)).restart_key, before.restart_key);
  EXPECT_EQ(rendered(media(30000, 40000, 2000), Traffic::kRefused).restart_key, before.restart_key);
  EXPECT_NE(rendered(media(30000, 41000, 2000)).restart_key, before.restart_key);
  EXPECT_NE(rendered(media(31000, 40000, 2000)).restart_key, before.restart_key);
  EXPECT_NE(rendered(media(30000, 40000, 2000), Traffic::kTaken, "127.66.1.8").restart_key, before.restart_key);
}

TEST(RtpengineConfiguration, DrainedIsInTheFileForTheNextStart) {
  const Rendered drained = rendered(media(30000, 40000, 2000), Traffic::kRefused);
  EXPECT_THAT(drained.files.at("rtpengine.conf"), HasSubstr("max-sessions = 0\n"));
  EXPECT_EQ(drained.hot.integer_or("maxSessions", -1), 0);
}

TEST(RtpengineConfiguration, ItsCommandLineIsBoundToLoopbackWhateverItsAddress) {
  const Rendered outside = rendered(media(30000, 40000, 2000), Traffic::kTaken, "192.0.2.7");
  EXPECT_THAT(outside.files.at("rtpengine.conf"), HasSubstr("listen-cli = 127.0.0.1:9901\n"));
  for (const Listens& socket : outside.listens) {
    if (socket.over == Listens::Over::kTcp) {
      EXPECT_EQ(socket.address, "127.0.0.1");
    }
  }
}

TEST(RtpengineConfiguration, PortsForNoSessionAreRefused) {
  const RtpengineDriver driver(place("127.66.1.9"));
  EXPECT_EQ(driver.render(media(30000, 30002, 1), Traffic::kTaken).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(RtpengineDriver(place("fd00::1")).render(media(30000, 40000, 1), Traffic::kTaken).error().code,
            ErrorCode::kInvalid);
}

}  // namespace
}  // namespace switchyard::testing
