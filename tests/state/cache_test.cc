#include "state/cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "tests/state/world.h"

namespace switchyard::testing {
namespace {

class CacheTest : public ::testing::Test {
 protected:
  void keep(std::string_view key, std::string_view value, std::string_view version = "1.0") {
    CacheFile cache(path_, version);
    cache.put(key, value);
    cache.flush();
  }
  std::optional<std::string> found(std::string_view key, std::string_view version = "1.0") {
    return CacheFile(path_, version).get(key);
  }

  TempFolder folder_;
  std::string path_ = folder_.file("state.db.cache");
};

TEST_F(CacheTest, WhatWasFlushedIsFoundByTheNextProcess) {
  const std::string odd("a\0b", 3);
  keep("key", odd);
  EXPECT_EQ(found("key"), odd);
  EXPECT_EQ(found("other"), std::nullopt);
  EXPECT_EQ(mode_of(path_), 0600);
}

TEST_F(CacheTest, WhatWasPutIsFoundBeforeTheFlushAndLostWithoutIt) {
  {
    CacheFile cache(path_, "1.0");
    cache.put("key", "value");
    EXPECT_EQ(cache.get("key"), "value");
  }
  EXPECT_FALSE(exists(path_));
  EXPECT_EQ(found("key"), std::nullopt);
  EXPECT_FALSE(exists(path_));  // looking makes no file either
}

TEST_F(CacheTest, ANewerValueReplacesTheOlder) {
  keep("key", "old");
  keep("key", "new");
  EXPECT_EQ(found("key"), "new");
}

TEST_F(CacheTest, AnotherVersionOfTheProgramFindsNothing) {
  keep("key", "value", "1.0");
  EXPECT_EQ(found("key", "2.0"), std::nullopt);
  keep("other", "value", "2.0");
  EXPECT_EQ(found("other", "2.0"), "value");
  EXPECT_EQ(found("key", "1.0"), std::nullopt);
}

TEST_F(CacheTest, ADamagedFileIsNoCacheAndIsMadeAnew) {
  write_bytes(path_, std::string(5000, 'z'));
  EXPECT_EQ(found("key"), std::nullopt);
  keep("key", "value");
  EXPECT_EQ(found("key"), "value");

  write_bytes(path_, bytes_of(path_).substr(0, 5000));  // cut short
  EXPECT_EQ(found("key"), std::nullopt);
  keep("key", "again");
  EXPECT_EQ(found("key"), "again");
}

TEST_F(CacheTest, AFileThatCannotBeMadeIsNoCache) {
  CacheFile cache(folder_.file("none/state.db.cache"), "1.0");
  cache.put("key", "value");
  cache.flush();
  EXPECT_EQ(cache.get("key"), std::nullopt);
  CacheFile folder(folder_.path(), "1.0");
  folder.put("key", "value");
  folder.flush();
  EXPECT_EQ(folder.get("key"), std::nullopt);
}

TEST_F(CacheTest, IsReadInAFolderThatCannotBeWritten) {
  keep("key", "value");
  ::chmod(path_.c_str(), 0444);
  ::chmod(folder_.path().c_str(), 0555);
  Child reader([&] {
    become_nobody();
    CacheFile cache(path_, "1.0");
    if (cache.get("key") != "value") return 1;
    cache.put("more", "value");
    cache.flush();
    return cache.get("key") == "value" && !cache.get("more") ? 0 : 2;
  });
  EXPECT_EQ(reader.wait(), 0);
  ::chmod(folder_.path().c_str(), 0755);
}

TEST_F(CacheTest, BeyondItsSizeWhatWasNotUsedFor30DaysGoes) {
  const std::string large(40 * 1024 * 1024, 'x');
  keep("unused", large);
  keep("used", "value");
  must(raw(path_)->execute("UPDATE entries SET used = used - 31"));
  EXPECT_EQ(found("unused"), large);  // small enough: an old entry does no harm
  {
    CacheFile cache(path_, "1.0");
    EXPECT_EQ(cache.get("used"), "value");
    cache.put("new", large);
    cache.flush();
  }
  EXPECT_EQ(found("unused"), std::nullopt);
  EXPECT_EQ(found("used"), "value");
  EXPECT_EQ(found("new"), large);
}

TEST_F(CacheTest, ManyThreadsMayUseOne) {
  CacheFile cache(path_, "1.0");
  keep("shared", "value");
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&cache, i] {
      for (int n = 0; n < 100; ++n) {
        cache.put(std::to_string(i * 100 + n), "value");
        if (cache.get("shared") != "value") cache.put("failed", "yes");
      }
    });
  }
  threads.clear();
  cache.flush();
  for (int n = 0; n < 400; ++n) EXPECT_EQ(found(std::to_string(n)), "value");
  EXPECT_EQ(found("failed"), std::nullopt);
}

}  // namespace
}  // namespace switchyard::testing
