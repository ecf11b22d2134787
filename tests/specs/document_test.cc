// YAML itself: what is read, where it stands, and what no input can do to us.
#include <gtest/gtest.h>

#include <chrono>

#include "specs/decode.h"
#include "specs/document.h"
#include "tests/specs/sample.h"

namespace switchyard {
namespace {

std::string outline(Node node) {
  switch (node.type()) {
    case Node::Type::kNull:
      return "null";
    case Node::Type::kScalar:
      return (node.quoted() ? "'" : "") + std::string(node.text()) + (node.quoted() ? "'" : "");
    case Node::Type::kList:
    case Node::Type::kMap: {
      std::string inner;
      for (Node at = node.first(); at.exists(); at = at.next()) inner += (inner.empty() ? "" : " ") + outline(at);
      return node.type() == Node::Type::kList ? "[" + inner + "]" : "{" + inner + "}";
    }
  }
  return "";
}

struct Parsed {
  std::vector<std::string> documents;
  Diagnostics complaints;
  YamlReport report;
};

Parsed parse(std::string_view bytes) {
  Parsed parsed;
  const SourceText text("x.yaml", bytes);
  parsed.report = parse_yaml(text, {}, parsed.complaints, [&](const Document& document, std::uint32_t) {
    parsed.documents.push_back(outline(document.root()));
  });
  return parsed;
}

TEST(Yaml, KeepsTextAsItIsWrittenAndKnowsWhatWasQuoted) {
  const Parsed parsed = parse("a: 010\nb: '010'\nc: no\nd: |\n  one\n  two\ne: ~\nf:\ng: \"\\u00e9\"\n");
  ASSERT_EQ(parsed.documents.size(), 1U);
  EXPECT_EQ(parsed.documents[0], "{a 010 b '010' c no d 'one\ntwo\n' e null f null g '\xC3\xA9'}");
}

TEST(Yaml, DocumentsAreHandedOnOneByOneAndEmptyOnesSkipped) {
  const Parsed parsed = parse("# nothing\n---\na: 1\n---\n---\n# comment\n---\n[b]\n...\n");
  EXPECT_EQ(parsed.documents, (std::vector<std::string>{"{a 1}", "[b]"}));
  EXPECT_EQ(parsed.report.documents, 2U);
  EXPECT_FALSE(parsed.report.lost);
}

TEST(Yaml, AnAliasHasTheContentOfItsAnchor) {
  const Parsed parsed = parse("a: &x {b: [1, 2]}\nc: *x\nd: [*x, *x]\n");
  ASSERT_EQ(parsed.documents.size(), 1U);
  EXPECT_EQ(parsed.documents[0], "{a {b [1 2]} c {b [1 2]} d [{b [1 2]} {b [1 2]}]}");
  EXPECT_TRUE(parsed.complaints.empty());
}

TEST(Yaml, AfterASyntaxErrorReadingGoesOnAtTheNextDocument) {
  const Parsed parsed = parse("a: 1\n---\nb: [1\n---\nc: 2\n---\nd: }\n---\ne: 3\n");
  EXPECT_EQ(parsed.documents, (std::vector<std::string>{"{a 1}", "{c 2}", "{e 3}"}));
  EXPECT_EQ(parsed.complaints.size(), 2U);
  EXPECT_TRUE(parsed.report.lost);
}

TEST(Yaml, WhatCanStartNoDocumentEndsReading) {
  for (const std::string_view text : {"a: 1\n]\n", "]\n", "}\n---\n}\n", "[1]]\n", "a: 1\n, b\n"}) {
    EXPECT_FALSE(parse(text).complaints.empty()) << text;
  }
}

TEST(Yaml, ManySyntaxErrorsEndTheFile) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "---\na: [\n";
  EXPECT_EQ(parse(text).complaints.size(), 20U);
}

TEST(Yaml, LineEndsAndAByteOrderMarkChangeNothing) {
  const std::string unix_text = std::string(kBase) + server("a",
                                                            "  # Gr\xC3\xB6\xC3\x9F"
                                                            "e\n  alias: |-\n    Two\n    lines\n  cps: 20\n");
  std::string windows_text = "\xEF\xBB\xBF";
  for (const char c : unix_text) windows_text += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_EQ(parse(unix_text).documents, parse(windows_text).documents);
}

TEST(Yaml, ColumnsCountCharactersNotBytes) {
  const LoadedSpecs loaded =
      load_text(std::string(kBase) +
                server("a", "  alias: \"\xC3\xB6\xC3\xB6\xC3\xB6\"\n  options: {\"\xC3\xB6\": 1, tlx: true}\n"));
  ASSERT_EQ(loaded.diagnostics.size(), 2U) << complaints_of(loaded);
  EXPECT_EQ(loaded.diagnostics[0].column, 13);
  EXPECT_EQ(loaded.diagnostics[0].width, 3);
  EXPECT_EQ(loaded.diagnostics[1].column, 21);
}

std::chrono::milliseconds time_to_decode(const std::string& bytes, DecodedFile& file) {
  const auto start = std::chrono::steady_clock::now();
  file = decode_file(SourceText("x.yaml", bytes));
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
}

std::string repeated(std::string_view part, std::size_t size) {
  std::string text;
  text.reserve(size + part.size());
  while (text.size() < size) text += part;
  return text;
}

// Each of these makes a YAML reader somewhere run out of stack, memory or patience.
class HostileYaml : public testing::TestWithParam<std::pair<std::string, std::string>> {};

TEST_P(HostileYaml, GetsAComplaintInNoTime) {
  DecodedFile file;
  const auto spent = time_to_decode(repeated(GetParam().second, 2U << 20U), file);
  EXPECT_FALSE(file.complaints.empty());
  EXPECT_TRUE(file.lost);
  for (const Diagnostic& complaint : file.complaints) {
    EXPECT_GE(complaint.line, 1);
    EXPECT_LE(complaint.text.size(), 400U);
    EXPECT_LE(to_string(complaint).size(), 2000U);
  }
  EXPECT_LT(spent, std::chrono::seconds(30)) << "a wall against exponential and quadratic behaviour, not a budget";
}

INSTANTIATE_TEST_SUITE_P(
    Of, HostileYaml,
    testing::Values(
        std::pair<std::string, std::string>{"OpenBrackets", "["},
        std::pair<std::string, std::string>{"OpenBracketsDown", "[\n"},
        std::pair<std::string, std::string>{"OpenBraces", "{"},
        std::pair<std::string, std::string>{"OpenBracesDown", "{\n"},
        std::pair<std::string, std::string>{"BracketsInLines", std::string(60'000, '[') + "\n"},
        std::pair<std::string, std::string>{"Dashes", "- "},
        std::pair<std::string, std::string>{"DashesInLines", "- - - - - - -\n"},
        std::pair<std::string, std::string>{"QuestionMarks", "? "},
        std::pair<std::string, std::string>{"QuestionMarksInLines", "? ? ? ? ?\n"},
        std::pair<std::string, std::string>{"BracesAndKeys", "{a: "},
        std::pair<std::string, std::string>{"BracesAndKeysDown", "{a:\n"},
        std::pair<std::string, std::string>{"Anchors", "&a "},
        std::pair<std::string, std::string>{"AnchorsDown", "&a\n"}, std::pair<std::string, std::string>{"Stars", "*a "},
        std::pair<std::string, std::string>{"Tags", "!a "}, std::pair<std::string, std::string>{"TagsDown", "!a\n"},
        std::pair<std::string, std::string>{"Colons", ": "}, std::pair<std::string, std::string>{"ColonsDown", ":\n"},
        std::pair<std::string, std::string>{"OneKeyInAnother", "a: "},
        std::pair<std::string, std::string>{"Commas", "[,"}, std::pair<std::string, std::string>{"OneLongWord", "a"},
        std::pair<std::string, std::string>{"Quotes", "\"a"},
        std::pair<std::string, std::string>{"QuotesDown", "\"a\n"}),
    [](const auto& hostile) { return hostile.param.first; });

TEST(HostileYamlAliases, ABillionLaughsIsAnErrorInNoTime) {
  std::string text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c <= 'z'; ++c) {
    text += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 10; ++i) text += std::string(i == 0 ? "*" : ", *") + static_cast<char>(c - 1);
    text += "]\n";
  }
  DecodedFile file;
  EXPECT_LT(time_to_decode(text, file), std::chrono::seconds(5));
  ASSERT_FALSE(file.complaints.empty());
  EXPECT_EQ(file.complaints.back().message, "aliases stand for too much");
}

TEST(HostileYamlAliases, DepthCountsWhatAliasesStandFor) {
  std::string text = "a: &a [x]\n";
  for (char c = 'b'; c <= 'z'; ++c)
    text += std::string(1, c) + ": &" + c + " [[[*" + static_cast<char>(c - 1) + "]]]\n";
  const Parsed parsed = parse(text);
  ASSERT_FALSE(parsed.complaints.empty());
  EXPECT_EQ(parsed.complaints.front().message, "nested too deeply");
}

}  // namespace
}  // namespace switchyard
