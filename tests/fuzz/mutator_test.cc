#include "tests/fuzz/mutator.h"

#include <gtest/gtest.h>

#include <set>

namespace switchyard::fuzz {
namespace {

TEST(Mutator, ReadsADictionaryAsLibFuzzerDoes) {
  EXPECT_EQ(words_in("# words\nkw1=\"a b\"\n\"\\x00\\xff\"\nquote=\"\\\"\\\\\"\n\nnothing\n"),
            (std::vector<std::string>{"a b", std::string("\0\xff", 2), "\"\\"}));
}

TEST(Mutator, GivesTheSameBytesForTheSameSeed) {
  const Material material{.inputs = {{"a", "one 1 two 2"}, {"b", "three"}}, .words = {"word"}};
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random one(seed);
    Random other(seed);
    const std::string bytes = mutated(material, 64, one);
    EXPECT_EQ(bytes, mutated(material, 64, other));
    EXPECT_LE(bytes.size(), 64U);
    seen.insert(bytes);
  }
  EXPECT_GT(seen.size(), 150U) << "they have to differ to be of any use";
}

}  // namespace
}  // namespace switchyard::fuzz
