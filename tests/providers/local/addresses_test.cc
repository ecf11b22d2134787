// Every local server has an address of its own on this machine.
#include "providers/local/addresses.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/providers/small_world.h"

namespace switchyard {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

// Third octets are drawn from the process number, so that several runs on one machine do not meet.
// Where no other test has servers.
std::string own_network() {
  return "127.67." + std::to_string(::getpid() % 200 + 20) + ".0/24";
}

std::string prefix() {
  const std::string network = own_network();
  return network.substr(0, network.rfind('0', network.find('/')));
}

class LocalAddresses : public ::testing::Test {
 protected:
  std::string server(const std::string& name) {
    std::filesystem::create_directories(scratch_.file(name));
    return scratch_.file(name);
  }
  std::string notes() const { return scratch_.file("notes"); }

  const ScratchFolder scratch_;
  Addresses addresses_{{.folder = scratch_.file("notes"), .network = own_network()}};
};

TEST_F(LocalAddresses, AreTheLowestFreeOnesAndNeverGivenTwice) {
  EXPECT_EQ(*addresses_.take(server("a")), prefix() + "1");
  EXPECT_EQ(*addresses_.take(server("b")), prefix() + "2");
  addresses_.give_back(server("a"));
  EXPECT_EQ(*addresses_.take(server("c")), prefix() + "1");
  EXPECT_EQ(*addresses_.take(server("d")), prefix() + "3");
}

TEST_F(LocalAddresses, AreFreeAgainWhenTheServersFolderIsGone) {
  ASSERT_EQ(*addresses_.take(server("a")), prefix() + "1");
  std::filesystem::remove_all(server("a"));
  EXPECT_EQ(*addresses_.take(server("b")), prefix() + "1");
}

TEST_F(LocalAddresses, PassOverWhatSomethingElseListensOn) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in bound{};
  bound.sin_family = AF_INET;
  ::inet_pton(AF_INET, (prefix() + "1").c_str(), &bound.sin_addr);
  ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&bound), sizeof bound), 0);
  EXPECT_THAT(addresses_in_use(), ::testing::Contains(prefix() + "1"));
  EXPECT_EQ(*addresses_.take(server("a")), prefix() + "2");
  ::close(socket);
}

TEST_F(LocalAddresses, AreKeptAfterTheNotesAreLostUnlessSomebodyElseCameFirst) {
  const std::string address = *addresses_.take(server("a"));
  std::filesystem::remove_all(notes());
  ASSERT_TRUE(addresses_.keep(address, server("a")).ok());
  EXPECT_EQ(*addresses_.take(server("b")), prefix() + "2");
  const auto second = addresses_.keep(address, server("b"));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kRefused);
  EXPECT_THAT(second.error().message, HasSubstr(address));
}

TEST_F(LocalAddresses, LeaveNothingBehindWhenAllAreGivenBack) {
  ASSERT_TRUE(addresses_.take(server("fleet/a")).ok());
  ASSERT_TRUE(addresses_.take(server("fleet/b")).ok());
  addresses_.give_back(server("fleet"));
  EXPECT_FALSE(std::filesystem::exists(notes()));
}

TEST_F(LocalAddresses, AreNotGivenTwiceToTwoWhoAskAtOnce) {
  constexpr int kEach = 20;
  std::vector<std::string> taken[2];
  {
    std::vector<std::jthread> askers;
    for (int asker = 0; asker < 2; ++asker) {
      askers.emplace_back([&, asker] {
        Addresses own({.folder = notes(), .network = own_network()});
        for (int i = 0; i < kEach; ++i) {
          taken[asker].push_back(*own.take(server(std::to_string(asker) + "-" + std::to_string(i))));
        }
      });
    }
  }
  std::set<std::string> all(taken[0].begin(), taken[0].end());
  all.insert(taken[1].begin(), taken[1].end());
  EXPECT_EQ(all.size(), 2U * kEach);
}

TEST_F(LocalAddresses, AreRefusedWhenAllAreTakenOrTheNetworkMakesNoSense) {
  for (int i = 1; i < 254; ++i) ASSERT_TRUE(addresses_.take(server("s" + std::to_string(i))).ok());
  EXPECT_EQ(addresses_.take(server("one-more")).error().code, ErrorCode::kRefused);
  for (const char* wrong :
       {"10.0.0.0/8", "192.168.0.0/16", "127.66.0.0/8", "127.66.7.0/16", "127.300.1.0/24", "", "127.66.7.1"}) {
    Addresses senseless({.folder = notes(), .network = wrong});
    EXPECT_EQ(senseless.take(server("a")).error().code, ErrorCode::kInvalid) << wrong;
  }
}

}  // namespace
}  // namespace switchyard
