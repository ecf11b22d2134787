// Files as large as a source may have, made to be hard to read: bounded memory and time, and a complaint.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/support/command.h"

namespace switchyard {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kBytes = 63U << 20U;

std::string repeated(std::string_view part) {
  std::string text;
  text.reserve(kBytes + part.size());
  while (text.size() < kBytes) text += part;
  return text;
}

std::string numbered(std::string_view before, std::string_view after) {
  std::string text;
  text.reserve(kBytes + 64);
  for (int i = 0; text.size() < kBytes; ++i) fmt::format_to(std::back_inserter(text), "{}{}{}", before, i, after);
  return text;
}

struct HardFile {
  const char* name;
  std::function<std::string()> text;
  const char* complaint;
};

std::vector<HardFile> hard_files() {
  return {
      {"brackets", [] { return repeated("["); }, "break it up"},
      {"brackets_a_line", [] { return repeated("[\n"); }, "break it up"},
      {"one_text", [] { return "a: \"" + repeated("x") + "\"\n"; }, "kind is missing"},
      {"a_list_in_one_line", [] { return "a: [" + repeated("x, ") + "x]\n"; }, "break it up"},
      {"a_list", [] { return repeated("- a\n"); }, "a document too large"},
      {"a_list_below_a_key", [] { return "a:\n" + repeated("- a\n"); }, "a document too large"},
      {"a_list_of_nothing", [] { return "a:\n" + repeated("-\n"); }, "a document too large"},
      {"keys", [] { return numbered("k", ": 1\n"); }, "a document too large"},
      {"aliases", [] { return "a: &a [x, x]\n" + numbered("k", ": *a\n"); }, "stand for at most"},
      {"anchors", [] { return numbered("k", ": &a [x]\n"); }, "a document too large"},
      {"documents_without_anything", [] { return repeated("---\n{}\n"); }, "too many errors"},
      {"documents_of_no_kind", [] { return repeated("---\nkind: x\n"); }, "too many errors"},
      {"documents_of_a_line", [] { return repeated("---\n"); }, "no document in it"},
      {"comments", [] { return repeated("# nothing\n"); }, "no document in it"},
      {"errors_of_grammar", [] { return repeated("---\n]\n"); }, "not YAML"},
      {"unknown_fields",
       [] { return "apiVersion: switchyard/v1\nkind: Zone\nmetadata: {name: a}\nspec:\n" + numbered("  k", ": 1\n"); },
       "a document too large"}};
}

class HardSource : public ::testing::TestWithParam<HardFile> {};

TEST_P(HardSource, is_refused_in_little_memory) {
  const Workplace work;
  work.write("hard.yaml", GetParam().text());
  const Ran ran = work.run({"validate", "hard.yaml"});
  EXPECT_EQ(ran.exit_code, 1) << ran.err.substr(0, 1000);
  EXPECT_THAT(ran.out + ran.err, HasSubstr(GetParam().complaint));
  // The file itself is in memory once, and what is read of it.
  EXPECT_LT(ran.peak_megabytes, 400 * SWITCHYARD_MEMORY_FACTOR);
}

INSTANTIATE_TEST_SUITE_P(Of, HardSource, ::testing::ValuesIn(hard_files()),
                         [](const auto& file) { return std::string(file.param.name); });

}  // namespace
}  // namespace switchyard
