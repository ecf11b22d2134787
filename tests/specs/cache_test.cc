#include <gtest/gtest.h>

#include <map>

#include "tests/specs/sample.h"

namespace switchyard {
namespace {

class MemoryCache : public DecodeCache {
 public:
  std::optional<std::string> get(std::string_view key) override {
    const auto found = entries.find(key);
    if (found == entries.end()) return std::nullopt;
    ++hits;
    return found->second;
  }
  void put(std::string_view key, std::string_view value) override { entries[std::string(key)] = value; }

  std::map<std::string, std::string, std::less<>> entries;
  int hits = 0;
};

Files two_files() {
  return {{"base.yaml", std::string(kBase)},
          {"servers.yaml", server("a", "  cps: 20\n  options: {ports: {udp: [5080]}}\n") +
                               server("b", "  options: {sipTrace: null}\n")}};
}

std::string all_fields(const LoadedSpecs& loaded) {
  std::string text;
  for (std::size_t i = 0; i < loaded.fleet.servers.size(); ++i)
    text += to_string(to_json(loaded.field_source->fields(i))) + "\n";
  return text;
}

TEST(DecodeCaching, GivesWhatDecodingGives) {
  MemoryCache cache;
  const LoadedSpecs plain = load_files(two_files());
  const LoadedSpecs first = load_files(two_files(), {.cache = &cache});
  EXPECT_EQ(cache.hits, 0);
  EXPECT_EQ(cache.entries.size(), 2U);
  const LoadedSpecs second = load_files(two_files(), {.cache = &cache});
  EXPECT_EQ(cache.hits, 2);
  EXPECT_EQ(first.fleet.servers, plain.fleet.servers);
  EXPECT_EQ(second.fleet.servers, plain.fleet.servers);
  EXPECT_EQ(second.fleet.digest, plain.fleet.digest);
  EXPECT_EQ(all_fields(second), all_fields(plain));
}

TEST(DecodeCaching, KeepsOnlyFilesWithoutComplaints) {
  MemoryCache cache;
  Files files = two_files();
  files[1].second += "  nonsense: true\n";
  const LoadedSpecs first = load_files(files, {.cache = &cache});
  EXPECT_EQ(cache.entries.size(), 1U);
  const LoadedSpecs second = load_files(files, {.cache = &cache});
  EXPECT_FALSE(second.ok());
  EXPECT_EQ(complaints_of(first), complaints_of(second));
}

TEST(DecodeCaching, RulesBeyondTheFileAreCheckedEachTime) {
  MemoryCache cache;
  Files files = two_files();
  files[1].second += "  cluster: core\n";
  EXPECT_FALSE(load_files(files, {.cache = &cache}).ok());
  EXPECT_FALSE(load_files(files, {.cache = &cache}).ok());
  EXPECT_EQ(cache.hits, 2);
  files.emplace_back("zz.yaml", "apiVersion: switchyard/v1\nkind: Cluster\nmetadata: {name: core}\n");
  EXPECT_TRUE(load_files(files, {.cache = &cache}).ok());
}

TEST(DecodeCaching, ADamagedEntryIsDecodedAnew) {
  MemoryCache cache;
  const LoadedSpecs plain = load_files(two_files(), {.cache = &cache});
  for (auto& [key, value] : cache.entries) value[value.size() / 2] ^= 0x20;
  EXPECT_EQ(load_files(two_files(), {.cache = &cache}).fleet.servers, plain.fleet.servers);
  for (auto& [key, value] : cache.entries) value.clear();
  EXPECT_EQ(load_files(two_files(), {.cache = &cache}).fleet.servers, plain.fleet.servers);
  for (auto& [key, value] : cache.entries) value.resize(value.size() - 1);
  EXPECT_EQ(load_files(two_files(), {.cache = &cache}).fleet.servers, plain.fleet.servers);
}

TEST(DecodeCaching, TheSameBytesUnderAnotherNameAreKnown) {
  MemoryCache cache;
  Files files = two_files();
  files[0].second +=
      "---\napiVersion: switchyard/v1\nkind: Certificate\nmetadata: {name: main}\nspec: {chain: {file: c.pem}, key: "
      "{file: k.pem}}\n";
  files[1].second += "  options: {certificates: [{name: main}]}\n";
  files[1].second = server("a", "  options: {certificates: [{name: main}]}\n");
  load_files(files, {.cache = &cache});
  files[0].first = "elsewhere/base.yaml";
  const LoadedSpecs moved = load_files(files, {.cache = &cache});
  EXPECT_EQ(cache.hits, 2);
  ASSERT_EQ(moved.field_source->secrets(0).size(), 2U);
  EXPECT_EQ(moved.field_source->secrets(0)[0].ref.place, "elsewhere/c.pem")
      << "paths are relative to where the file lies now";
}

}  // namespace
}  // namespace switchyard
