// A simulated world lives in one file: what it keeps, who may have it open, and what happens when it cannot be written.
#include "providers/sim/world_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/providers/small_world.h"

namespace switchyard {
namespace {

using std::chrono::minutes;
using ::testing::HasSubstr;

SharedWorld::Options in_file(const ScratchFolder& folder) {
  return {.path = folder.file("deep/sim-main.db")};
}

SharedWorld::Options read_only(const ScratchFolder& folder) {
  return {.path = folder.file("deep/sim-main.db"), .access = SharedWorld::Options::Access::kRead};
}

// A world in which everything that is kept has a value of its own.
void fill(SmallWorld& world) {
  CreateRequest rich = wanted("rich");
  rich.peers = {{.purpose = Peer::For::kMedia, .name = "rtp-1", .address = "10.0.0.9", .weight = 1}};
  rich.secrets = {{"carriers.acme.registration.password", "opensesame"}};
  const std::string rich_id = world.provider().create(rich, kLimits)->id;
  world.advance(minutes(4));
  world.delivered("busy");
  world.delivered("changing");
  world.delivered("gone");
  world.ctl(CtlFault{.fault = {.kind = FaultKind::kFailAction, .rate_ppm = 300'000, .times = 9}});
  world.ctl(CtlFault{.fault = {.kind = FaultKind::kRefuse, .rate_ppm = 1}});
  world.ctl(CtlSet{.server = "rich", .field = "price", .value = "0.5"});
  world.ctl(CtlSet{.server = "rich", .field = "pendingRelease", .value = "2.1"});
  world.ctl(CtlSet{.server = "rich", .field = "testPeriod", .value = "48h"});
  world.ctl(CtlCalls{.server = "busy", .calls = 4, .lasting = minutes(30)});
  const auto drained = world.agent().act(world.see("sim-2"), Action::kDrain, kLimits);
  const auto acted = world.provider().act(rich_id, Action::kStop, {}, kLimits);
  Configuration next{.fields = wanted("changing").fields, .peers = rich.peers, .secrets = rich.secrets};
  set_field(next.fields, "spec.channels", 2000);
  const auto configured = world.agent().configure(world.see("sim-3"), next, kLimits);
  const auto removed = world.provider().remove("sim-4", kLimits);
  world.advance(std::chrono::seconds(1));
}

std::vector<ObservedServer> listing(SmallWorld& world) {
  return world.provider().list("", kLimits)->servers;
}

TEST(WorldFile, KeepsEverything) {
  const ScratchFolder folder;
  Json before;
  std::vector<ObservedServer> servers;
  {
    SmallWorld world(in_file(folder));
    fill(world);
    servers = listing(world);
    before = world.dump();
  }
  SmallWorld again(in_file(folder));
  EXPECT_EQ(again.dump(), before);
  EXPECT_EQ(listing(again), servers);
}

TEST(WorldFile, GoesOnAsIfItHadNeverBeenClosed) {
  const ScratchFolder folder;
  SmallWorld in_memory;
  fill(in_memory);
  {
    SmallWorld world(in_file(folder));
    fill(world);
  }
  for (int i = 0; i < 50; ++i) {
    SmallWorld reopened(in_file(folder));
    reopened.advance(minutes(7));
    in_memory.advance(minutes(7));
    ASSERT_EQ(reopened.dump(), in_memory.dump());
    ASSERT_EQ(listing(reopened), listing(in_memory));
  }
}

TEST(WorldFile, OfTheVersionBeforeIsReadAsItIsAndBroughtUpToDateByTheFirstWriter) {
  const ScratchFolder folder;
  std::vector<ObservedServer> servers;
  {
    SmallWorld world(in_file(folder));
    fill(world);
    servers = listing(world);
  }
  const std::string path = in_file(folder).path;
  {
    auto database = sqlite::Database::open(path, {.access = sqlite::Database::Access::kReadWrite, .if_damaged = {}});
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE((*database)->execute("ALTER TABLE server DROP COLUMN address").ok());
    ASSERT_TRUE((*database)->execute("PRAGMA user_version = 1").ok());
  }
  {
    SmallWorld reading(read_only(folder));
    EXPECT_EQ(listing(reading), servers);
  }
  SmallWorld writing(in_file(folder));
  EXPECT_EQ(listing(writing), servers);
  writing.advance(minutes(1));
  auto database = sqlite::Database::open(path, {.access = sqlite::Database::Access::kReadOnly, .if_damaged = {}});
  ASSERT_TRUE(database.ok());
  EXPECT_EQ(*(*database)->number("PRAGMA user_version"), 2);
}

TEST(WorldFile, WithAmountsBeyondAllBoundsIsDamaged) {
  for (const char* const damage :
       {"UPDATE world SET balance = 1000000000001000000", "UPDATE world SET balance = -9223372036854775807",
        "UPDATE world SET root = json_set(root, '$.depositPerServer', 1000000000001)",
        "UPDATE server SET own_price = 10000000000001", "UPDATE server SET own_price = -1"}) {
    const ScratchFolder folder;
    {
      SmallWorld world(in_file(folder));
      fill(world);
    }
    {
      auto database = sqlite::Database::open(in_file(folder).path,
                                             {.access = sqlite::Database::Access::kReadWrite, .if_damaged = {}});
      ASSERT_TRUE(database.ok());
      ASSERT_TRUE((*database)->execute(damage).ok()) << damage;
    }
    SharedWorld damaged(in_file(folder));
    const auto servers = damaged.servers();
    ASSERT_FALSE(servers.ok()) << damage;
    EXPECT_EQ(servers.error().code, ErrorCode::kUnreadable) << damage;
  }
}

TEST(WorldFile, IsMadeWithItsFoldersAtTheFirstUseAndNotBefore) {
  const ScratchFolder folder;
  SmallWorld world(in_file(folder));
  EXPECT_FALSE(std::filesystem::exists(folder.file("deep")));
  EXPECT_EQ(world.balance(), "500.00");
  EXPECT_TRUE(std::filesystem::exists(folder.file("deep/sim-main.db")));
}

TEST(WorldFile, TwoProcessesSeeEachOthersChanges) {
  const ScratchFolder folder;
  SmallWorld one(in_file(folder));
  SmallWorld other(in_file(folder));
  const std::string id = one.delivered("a");
  EXPECT_EQ(other.see(id).phase, Phase::kActive);
  other.ctl(CtlBalance{.amount = "33.00"});
  EXPECT_EQ(one.balance(), "33.00");
  EXPECT_EQ(for_people(one.provider().balance(kLimits)->amount), "33.00 USD");
  ASSERT_TRUE(other.provider().create(wanted("b"), kLimits).ok() == false);
  other.advance(minutes(10));
  EXPECT_EQ(one.time().now(), other.time().now());
}

TEST(WorldFile, ReadingOnlyWritesNothing) {
  const ScratchFolder folder;
  {
    SmallWorld world(in_file(folder));
    world.delivered("a");
  }
  const auto time = std::filesystem::last_write_time(folder.file("deep/sim-main.db"));
  std::string begun;
  {
    SmallWorld reader(read_only(folder));
    begun = reader.now();
    EXPECT_EQ(listing(reader).size(), 1U);
    // In memory it goes on, as a plan may want to see.
    ASSERT_TRUE(reader.time().advance_to(reader.time().now() + minutes(5)).ok());
    EXPECT_NE(reader.now(), begun);
    EXPECT_TRUE(reader.provider().create(wanted("b"), kLimits).ok());
  }
  EXPECT_EQ(std::filesystem::last_write_time(folder.file("deep/sim-main.db")), time);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.file("deep")), {}), 1) << "it left files behind";
  SmallWorld world(in_file(folder));
  EXPECT_EQ(world.now(), begun);
  EXPECT_EQ(listing(world).size(), 1U);
}

TEST(WorldFile, ReadingAFileThatIsMissingIsAFreshWorldInMemory) {
  const ScratchFolder folder;
  SmallWorld reader(read_only(folder));
  EXPECT_EQ(reader.now(), kBeginning);
  EXPECT_EQ(for_people(reader.provider().balance(kLimits)->amount), "500.00 USD");
  EXPECT_FALSE(std::filesystem::exists(folder.file("deep")));
}

TEST(WorldFile, OneThatIsDamagedSaysSo) {
  const ScratchFolder folder;
  std::ofstream(folder.file("sim-main.db"))
      << "this is not a database, but long enough to look at it twice .............";
  SmallWorld world(SharedWorld::Options{.path = folder.file("sim-main.db")});
  const auto balance = world.provider().balance(kLimits);
  ASSERT_FALSE(balance.ok());
  EXPECT_EQ(balance.error().code, ErrorCode::kUnreadable);
  EXPECT_THAT(balance.error().message, HasSubstr("sim-main.db"));
}

TEST(WorldFile, AFolderThatCannotBeMadeIsAnErrorOfStorage) {
  const ScratchFolder folder;
  std::ofstream(folder.file("taken")) << "a file";
  SmallWorld world(SharedWorld::Options{.path = folder.file("taken/sim-main.db")});
  const auto created = world.provider().create(wanted("a"), kLimits);
  ASSERT_FALSE(created.ok());
  EXPECT_EQ(created.error().code, ErrorCode::kStorage);
}

TEST(WorldFile, TheAccountsTermsHoldUnlessAPersonSetOthers) {
  const ScratchFolder folder;
  SharedWorld::Options options = in_file(folder);
  options.terms = SimTerms{.deposit_base = {.minor = 0, .currency = {}},
                           .deposit_per_server = {.minor = 0, .currency = {}},
                           .credit = {.minor = 0, .currency = {}}};
  SmallWorld generous(options);
  generous.ctl(CtlBalance{.amount = "1.00"});
  EXPECT_TRUE(generous.provider().create(wanted("a"), kLimits).ok());
  EXPECT_TRUE(generous.provider().create(wanted("b"), kLimits).ok());
  generous.ctl(CtlSet{.server = "world", .field = "depositBase", .value = "10.00"});
  SmallWorld again(options);
  EXPECT_EQ(again.provider().create(wanted("c"), kLimits).error().code, ErrorCode::kRefusedForMoney);
}

TEST(WorldFile, RunCtlMakesAWorldOfAFile) {
  const ScratchFolder folder;
  const CtlTarget target{.world_file = folder.file("new/world.db"), .endpoint = {}, .token = {}};
  ASSERT_TRUE(run_ctl(target, CtlBalance{.amount = "177.40"}).ok());
  EXPECT_EQ(run_ctl(target, CtlDump{})->string_or("balance", ""), "177.40");
  EXPECT_EQ(run_ctl({.world_file = {}, .endpoint = {}, .token = {}}, CtlDump{}).error().code, ErrorCode::kInvalid);
}

}  // namespace
}  // namespace switchyard
