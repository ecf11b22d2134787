// The simulator as it is served, and accounts connected to it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "providers/connect.h"
#include "providers/sim/http_provider.h"
#include "providers/sim/server.h"
#include "tests/providers/raw_server.h"
#include "tests/providers/small_world.h"

namespace switchyard {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ServeOptions standing_still() {
  ServeOptions options;
  options.port = 0;
  options.speed = 0;
  return options;
}

DesiredAccount account() {
  return {.name = "main",
          .provider = "sim",
          .fleet = "main",
          .endpoint = {},
          .token = {},
          .currency = {},
          .deposit_base = {.minor = 2000},
          .deposit_per_server = {.minor = 2000},
          .reserve = {},
          .credit_line = {},
          .budget = {},
          .minimum_runway = std::chrono::hours(72),
          .concurrency = 16,
          .requests_per_minute = {},
          .max_destroy = {.number = 5, .percent = false},
          .sim_seed = 1,
          .sim_pace = 0,
          .source = {}};
}

TEST(ServedWorld, AsksForItsTokenWhereItHasOne) {
  ServeOptions options = standing_still();
  options.token = "right";
  const auto served = *ServedWorld::open(options);
  for (const char* token : {"", "wrong", "righ", "rightt"}) {
    Connection connection = http_sim_connection({.endpoint = served->endpoint(), .bearer_token = token});
    EXPECT_EQ(connection.provider->balance(kLimits).error().code, ErrorCode::kUnauthorized) << token;
    const auto ctl = run_ctl({.world_file = {}, .endpoint = served->endpoint(), .token = token}, CtlDump{});
    EXPECT_EQ(ctl.error().code, ErrorCode::kUnauthorized) << token;
  }
  Connection connection = http_sim_connection({.endpoint = served->endpoint(), .bearer_token = "right"});
  EXPECT_TRUE(connection.provider->balance(kLimits).ok());
}

TEST(ServedWorld, GoesAtItsSpeed) {
  ServeOptions options = standing_still();
  options.speed = 1'000'000;  // a millisecond is a quarter of an hour
  const auto served = *ServedWorld::open(options);
  Connection connection = http_sim_connection({.endpoint = served->endpoint(), .bearer_token = {}});
  const std::string id = connection.provider->create(wanted("a"), kLimits)->id;
  while (connection.provider->get(id, kLimits)->phase == Phase::kProvisioning) std::this_thread::yield();
  EXPECT_EQ(connection.provider->get(id, kLimits)->phase, Phase::kActive);
}

TEST(ServedWorld, IsTheSameWorldAsItsFile) {
  const ScratchFolder folder;
  ServeOptions options = standing_still();
  options.world_file = folder.file("world.db");
  options.faults = {{.kind = FaultKind::kRefuse, .rate_ppm = 1}};
  std::string id;
  {
    const auto served = *ServedWorld::open(options);
    Connection connection = http_sim_connection({.endpoint = served->endpoint(), .bearer_token = {}});
    id = connection.provider->create(wanted("a"), kLimits)->id;
    // By hand beside the server, on the same file.
    ASSERT_TRUE(run_ctl({.world_file = options.world_file, .endpoint = {}, .token = {}},
                        CtlAdvance{.by = std::chrono::minutes(4)})
                    .ok());
    EXPECT_EQ(connection.provider->get(id, kLimits)->phase, Phase::kActive);
  }
  const auto again = *ServedWorld::open(options);
  Connection connection = http_sim_connection({.endpoint = again->endpoint(), .bearer_token = {}});
  EXPECT_EQ(connection.provider->get(id, kLimits)->phase, Phase::kActive);
  const auto dump = run_ctl({.world_file = {}, .endpoint = again->endpoint(), .token = {}}, CtlDump{});
  EXPECT_EQ(dump->find("faultsSet")->boolean_or("refuse", false), true);
}

TEST(ServedWorld, IsAnnouncedAndEndsWhenAsked) {
  std::promise<std::string> announced;
  std::jthread serving([&announced](const std::stop_token& stop) {
    EXPECT_TRUE(serve(standing_still(), stop, [&announced](const std::string& endpoint) {
                  announced.set_value(endpoint);
                }).ok());
  });
  const std::string endpoint = announced.get_future().get();
  EXPECT_THAT(endpoint, ::testing::StartsWith("http://127.0.0.1:"));
  Connection connection = http_sim_connection({.endpoint = endpoint, .bearer_token = {}});
  EXPECT_TRUE(connection.provider->balance(kLimits).ok());
  serving.request_stop();
  serving.join();
  EXPECT_EQ(connection.provider->create(wanted("a"), kLimits).error().code, ErrorCode::kNotSent);
}

TEST(ServedWorld, TakesManyCallsAtOnceAndLosesNone) {
  const auto served = *ServedWorld::open(standing_still());
  Connection connection = http_sim_connection({.endpoint = served->endpoint(), .bearer_token = {}, .concurrency = 16});
  ASSERT_TRUE(
      run_ctl({.world_file = {}, .endpoint = served->endpoint(), .token = {}}, CtlBalance{.amount = "100000.00"}).ok());
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 16; ++t) {
      threads.emplace_back([&connection, t] {
        for (int i = 0; i < 10; ++i) {
          EXPECT_TRUE(connection.provider->create(wanted("s" + std::to_string(t * 10 + i)), kLimits).ok());
        }
      });
    }
  }
  EXPECT_EQ(connection.provider->list("", kLimits)->servers.size(), 160U);
}

TEST(ServedWorld, ReadsWhereToListen) {
  ServeOptions options;
  ASSERT_TRUE(read_listen_address("127.0.0.2:80", options).ok());
  EXPECT_EQ(options.address, "127.0.0.2");
  EXPECT_EQ(options.port, 80);
  ASSERT_TRUE(read_listen_address("[::1]:9180", options).ok());
  EXPECT_EQ(options.address, "::1");
  for (const char* wrong : {"", "9180", "::1:9180", "x:99999", "127.0.0.1:", "127.0.0.1:80a"}) {
    EXPECT_FALSE(read_listen_address(wrong, options).ok()) << wrong;
  }
}

TEST(HttpProvider, AnAnswerThatMakesNoSenseIsUnreadableOrUnknown) {
  for (const char* body : {"<html>login</html>", "{}", "[]", "{\"servers\":7}", ""}) {
    RawServer server([body](int socket, int) { return RawServer::answer(socket, "200 OK", body); });
    Connection connection = http_sim_connection({.endpoint = server.endpoint(), .bearer_token = {}});
    EXPECT_EQ(connection.provider->balance(kLimits).error().code, ErrorCode::kUnreadable) << body;
    EXPECT_EQ(connection.provider->list("", kLimits).error().code, ErrorCode::kUnreadable) << body;
    EXPECT_EQ(connection.provider->create(wanted("a"), kLimits).error().code, ErrorCode::kOutcomeUnknown) << body;
    EXPECT_EQ(connection.provider->remove("sim-1", kLimits).error().code, ErrorCode::kOutcomeUnknown) << body;
  }
}

TEST(Connect, AnEmbeddedWorldStandsInTheStatesFolder) {
  const ScratchFolder folder;
  auto connected = connect(account(), {.world_folder = folder.path().string()});
  ASSERT_TRUE(connected.ok());
  ASSERT_NE(connected->world, nullptr);
  EXPECT_EQ(to_string(connected->world->now()), kBeginning);
  ASSERT_TRUE(connected->connection.provider->create(wanted("a"), kLimits).ok());
  EXPECT_TRUE(std::filesystem::exists(folder.file("sim-main.db")));
  const auto reader = connect(account(), {.world_folder = folder.path().string(), .read_only = true});
  EXPECT_EQ(reader->connection.provider->list("", kLimits)->servers.size(), 1U);
}

TEST(Connect, CallsAreCarriedOutAsValues) {
  const ScratchFolder folder;
  auto connected = connect(account(), {.world_folder = folder.path().string()});
  ASSERT_TRUE(connected.ok());
  Connection& connection = connected->connection;
  const Call create{.account = "main", .limits = kLimits, .what = CreateCall{.request = wanted("a")}};
  EXPECT_TRUE(changes_the_world(create));
  const auto created = perform(create, connection);
  ASSERT_TRUE(created.ok());
  EXPECT_EQ(std::get<Created>(*created).id, "sim-1");
  const Call list{.account = "main", .limits = kLimits, .what = ListCall{.page = {}}};
  EXPECT_FALSE(changes_the_world(list));
  EXPECT_EQ(std::get<ListPage>(*perform(list, connection)).servers.size(), 1U);
  const Call get{.account = "main", .limits = kLimits, .what = GetCall{.id = "sim-9"}};
  EXPECT_EQ(perform(get, connection).error().code, ErrorCode::kNotFound);
}

TEST(Connect, AServedWorldIsReachedWithTheAccountsToken) {
  ServeOptions options = standing_still();
  options.token = "right";
  const auto served = *ServedWorld::open(options);
  const ScratchFolder folder;
  DesiredAccount remote = account();
  remote.endpoint = served->endpoint();
  ASSERT_EQ(::setenv("SWITCHYARD_TEST_TOKEN", "right", 1), 0);
  remote.token = SecretRef{.from = SecretRef::From::kEnvironment, .place = "SWITCHYARD_TEST_TOKEN"};
  const auto connected = connect(remote, {.world_folder = folder.path().string()});
  ASSERT_TRUE(connected.ok());
  EXPECT_EQ(connected->world, nullptr);
  EXPECT_TRUE(connected->connection.provider->balance(kLimits).ok());
  ::unsetenv("SWITCHYARD_TEST_TOKEN");
  const auto without = connect(remote, {.world_folder = folder.path().string()});
  ASSERT_FALSE(without.ok());
  EXPECT_EQ(without.error().code, ErrorCode::kUnauthorized);
  EXPECT_THAT(without.error().message, HasSubstr("SWITCHYARD_TEST_TOKEN"));
}

TEST(Connect, AsManyCallsAtOnceAsTheCommandAsksForWhateverTheAccountSays) {
  constexpr int kAtOnce = 4;
  std::mutex mutex;
  std::condition_variable all_here;
  int here = 0;
  RawServer server([&](int socket, int) {
    std::unique_lock lock(mutex);
    if (++here == kAtOnce) all_here.notify_all();
    all_here.wait_for(lock, std::chrono::seconds(20), [&] { return here >= kAtOnce; });
    return RawServer::answer(socket, "200 OK", "{}");
  });
  DesiredAccount remote = account();
  remote.endpoint = server.endpoint();
  remote.concurrency = 1;
  const auto connected = connect(remote, {.world_folder = ".", .parallelism = kAtOnce});
  ASSERT_TRUE(connected.ok());
  const CallLimits patient{.timeout = std::chrono::seconds(10), .fence = 1};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kAtOnce; ++i) {
      threads.emplace_back(
          [&] { EXPECT_EQ(connected->connection.provider->balance(patient).error().code, ErrorCode::kUnreadable); });
    }
  }
  EXPECT_EQ(here, kAtOnce);
  EXPECT_EQ(calls_at_once(remote, {.world_folder = "."}), 1);
  EXPECT_EQ(calls_at_once(remote, {.world_folder = ".", .parallelism = 1'000'000'000'000}), kMostCallsAtOnce);
}

TEST(Connect, ProvidersToComeSaySo) {
  for (const char* name : {"digitalocean", "hetzner"}) {
    DesiredAccount other = account();
    other.provider = name;
    const auto connected = connect(other, {.world_folder = "."});
    ASSERT_FALSE(connected.ok());
    EXPECT_EQ(connected.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(connected.error().message, HasSubstr("not built into this version yet: use sim or local"));
  }
  DesiredAccount unknown = account();
  unknown.provider = "moon";
  EXPECT_THAT(connect(unknown, {.world_folder = "."}).error().message, HasSubstr("no provider \"moon\""));
}

TEST(Connect, AmountsOfAnotherCurrencyNeverComeIn) {
  const auto served = *ServedWorld::open(standing_still());
  DesiredAccount remote = account();
  remote.endpoint = served->endpoint();
  remote.currency = *Currency::parse("EUR");
  const auto connected = connect(remote, {.world_folder = "."});
  ASSERT_TRUE(connected.ok());
  Provider& provider = *connected->connection.provider;
  EXPECT_EQ(provider.balance(kLimits).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(provider.catalogue(kLimits).error().code, ErrorCode::kInvalid);
  const auto created = provider.create(wanted("a"), kLimits);
  ASSERT_TRUE(created.ok());
  EXPECT_EQ(provider.list("", kLimits).error().code, ErrorCode::kInvalid);
  EXPECT_THAT(provider.get(created->id, kLimits).error().message, HasSubstr("currency: USD"));
}

}  // namespace
}  // namespace switchyard
