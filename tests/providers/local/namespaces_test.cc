// Network namespaces of local servers are made and removed whole (root).
#include "providers/local/namespaces.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "tests/providers/local/local_subject.h"

namespace switchyard {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(LocalNamespaces, AreNoneWhereTheNetworkIsOfTheLoopback) {
  const Namespaces none("127.66.0.0/16");
  EXPECT_TRUE(none.make("127.66.0.1").ok());
  EXPECT_THAT(none.before("127.66.0.1"), IsEmpty());
  EXPECT_EQ(none.gateway(), "");
}

TEST(LocalNamespaces, HaveTheMachineAtTheNetworksEnd) {
  EXPECT_EQ(Namespaces("10.66.0.0/16").gateway(), "10.66.255.254");
  EXPECT_EQ(Namespaces("10.66.7.0/24").gateway(), "10.66.7.254");
  EXPECT_THAT(Namespaces("10.66.7.0/24").before("10.66.7.3"),
              ElementsAre("/usr/sbin/ip", "netns", "exec", "switchyard-10.66.7.3"));
}

class RealNamespaces : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() == 0 && std::filesystem::exists("/usr/sbin/ip")) return;
    std::cerr << "SKIPPED: network namespaces are made by root, with /usr/sbin/ip\n";
    GTEST_SKIP() << "network namespaces are made by root, with /usr/sbin/ip";
  }
  // Drawn from the process number, so that runs beside each other do not meet.
  static std::string network() { return "10.213." + std::to_string(::getpid() % 250) + "."; }
  static bool there(const std::string& address) { return std::filesystem::exists("/run/netns/switchyard-" + address); }
};

TEST_F(RealNamespaces, AreMadeOnceAndTheBridgeGoesWithTheLast) {
  const Namespaces namespaces(network() + "0/24");
  const std::string one = network() + "1";
  const std::string other = network() + "2";
  const auto made = namespaces.make(one);
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_TRUE(namespaces.make(one).ok());
  ASSERT_TRUE(namespaces.make(other).ok());
  EXPECT_TRUE(std::filesystem::exists(fmt::format("/sys/class/net/syb0ad5{:02x}00", ::getpid() % 250)));
  EXPECT_TRUE(there(one));
  namespaces.remove(one);
  EXPECT_FALSE(there(one));
  EXPECT_TRUE(there(other));
  namespaces.remove(other);
  namespaces.remove(other);
  EXPECT_FALSE(there(other));
  EXPECT_FALSE(std::filesystem::exists(fmt::format("/sys/class/net/syb0ad5{:02x}00", ::getpid() % 250)));
}

TEST_F(RealNamespaces, HoldAServerThatIsReachedFromOutside) {
  LocalSite site(network() + "0/24");
  const std::string id = site.delivered(wanted("a"));
  const ObservedServer server = site.see(id);
  EXPECT_EQ(server.ipv4, network() + "1");
  ASSERT_TRUE(server.agent.has_value());
  EXPECT_TRUE(there(server.ipv4));
  ASSERT_TRUE(site.provider().remove(id, kLimits).ok());
  EXPECT_FALSE(there(server.ipv4));
  EXPECT_THAT(site.processes(), IsEmpty());
}

}  // namespace
}  // namespace switchyard
