// The fast reader of plain YAML is held against the library: what it takes, it reads alike; what it does not, it
// leaves.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "specs/base/random.h"
#include "specs/document.h"
#include "specs/plain_yaml.h"
#include "tests/specs/sample.h"
#include "tests/support/source_folder.h"

namespace switchyard {
namespace {

// A tree with every position (but those of empty values, which stand nowhere).
void outline(Node node, std::string& out) {
  const Place place = node.place();
  if (node.type() != Node::Type::kNull)
    out += std::to_string(place.line) + ":" + std::to_string(place.column) + "+" + std::to_string(place.width);
  switch (node.type()) {
    case Node::Type::kNull:
      out += "null";
      return;
    case Node::Type::kScalar:
      out += (node.quoted() ? "'" : "") + std::string(node.text()) + (node.quoted() ? "'" : "");
      return;
    case Node::Type::kList:
    case Node::Type::kMap:
      out += node.type() == Node::Type::kList ? "[" : "{";
      for (Node at = node.first(); at.exists(); at = at.next()) {
        outline(at, out);
        out += ' ';
      }
      out += node.type() == Node::Type::kList ? "]" : "}";
      return;
  }
}

std::string everything(std::string_view bytes, const YamlLimits& limits) {
  const SourceText text("x.yaml", bytes);
  Diagnostics complaints;
  std::string out;
  const YamlReport report = parse_yaml(text, limits, complaints, [&](const Document& document, std::uint32_t number) {
    out += "#" + std::to_string(number) + " ";
    outline(document.root(), out);
    out += '\n';
  });
  for (const Diagnostic& complaint : complaints) out += to_string(complaint);
  return out + std::to_string(report.documents) + (report.lost ? " lost" : "");
}

std::uint32_t taken_by_plain(std::string_view bytes) {
  const SourceText text("x.yaml", bytes);
  Document document;
  return read_plain_yaml(text, YamlLimits{}, document, [](const Document&, std::uint32_t) { return true; }).documents;
}

void expect_alike(std::string_view bytes) {
  ASSERT_EQ(everything(bytes, {}), everything(bytes, {.plain_first = false})) << bytes;
}

constexpr std::string_view kPlain = R"(# A fleet.
apiVersion: switchyard/v1
kind: Server   # a switch
metadata:
  name: a-1
  labels: {tier: gold, "team": voice}
spec:
  zone: london
  alias: Edge ${index} of (two); a+b=c
  ratio: -5
  url: http://127.0.0.1:9180/x
  quoted: "a: b # c"
  single: 'it is'
  nothing:
  nil: null
  options:
    carriers: [acme, beta, 'gamma']
    ports: { udp: [5080, 5082], tcp: [] }
    empty: {}
    certificates:
    - name: main
      domains:
        - a.example.net
        - b.example.net
    -
      name: other
    rtp:
      - one
      - {a: b}
      -
---
a: 1

---
---
# nothing
---
b:
  - - nested
)";

TEST(PlainYaml, TakesWhatSpecsAreWrittenIn) {
  std::string text(kPlain);
  text.replace(text.find("\"team\""), 6, "team");
  EXPECT_EQ(taken_by_plain(text), 2U) << "all but the list in a list";
  EXPECT_EQ(
      taken_by_plain(std::string(kBase) +
                     server("a", "  options: {ports: {udp: [5080]}, sipTrace: {collector: \"10.0.0.9:9060\"}}\n")),
      3U);
  expect_alike(text);
}

TEST(PlainYaml, LeavesTheRestToTheLibrary) {
  for (const std::string_view text : {"a: &x 1\n",
                                      "a: *x\n",
                                      "a: !!int 1\n",
                                      "a: |\n  text\n",
                                      "a: >\n  text\n",
                                      "a: b\n  c\n",
                                      "a: \"x\\n\"\n",
                                      "a: 'it''s'\n",
                                      "\ta: 1\n",
                                      "a: b: c\n",
                                      "a: [1,\n  2]\n",
                                      "a: [1\n",
                                      "? a\n: b\n",
                                      "a: 1\na: 2\n",
                                      "a: {b: 1, b: 2}\n",
                                      "- a\n",
                                      "text\n",
                                      "a: @b\n",
                                      "a: `b\n",
                                      "a: %b\n",
                                      "%YAML 1.2\n---\na: 1\n",
                                      "--- {a: 1}\n",
                                      "a : 1\n",
                                      "\"a\": 1\n",
                                      "a:\n   b: 1\n  c: 2\n",
                                      "a: - b\n",
                                      "a: [b: c]\n",
                                      "a: [, b]\n",
                                      "a: [b,]\n",
                                      "a: {b}\n",
                                      "null: 1\n",
                                      "a: ~\n",
                                      "a: x #b\n  c\n",
                                      "a: 'x'y\n",
                                      "a: \"x\"#y\n",
                                      "a: b#c\n",
                                      "  a: 1\n",
                                      "<<: 1\n",
                                      "a: b\r\n",
                                      "a: b:\n",
                                      "- - a\n"}) {
    EXPECT_EQ(taken_by_plain(text), 0U) << text;
    expect_alike(text);
  }
}

TEST(PlainYaml, ReadsEveryGoldenFileAsTheLibraryDoes) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(source_folder() / "tests/golden/diagnostics")) {
    if (entry.path().extension() != ".yaml") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    const SourceText text("x.yaml", bytes);
    if (text.unreadable()) continue;
    ++files;
    expect_alike(bytes);
  }
  EXPECT_GT(files, 50);
}

TEST(PlainYaml, ReadsWhateverItTakesAsTheLibraryDoes) {
  static constexpr std::string_view kPieces[] = {
      "a",   "b: ",  ":",      " ",    "  ",       "\n", "- ", "-",    "[",      "]",     "{",    "}",
      ",",   ", ",   "#",      " # ",  "'",        "\"", "\\", "&",    "*",      "!",     "|",    ">",
      "%",   "@",    "`",      "?",    "~",        "=",  ".",  "..",   "---\n",  "...\n", "null", "1",
      "0x1", "\n  ", "\n    ", "\n- ", "\xC3\xB6", "/",  "<<", "${x}", "c: d\n", "\t",    "\r\n"};
  std::uint32_t taken = 0;
  std::uint32_t left = 0;
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    Random random(seed);
    std::string text(kPlain);
    if (random.below(4) != 0) text.replace(text.find("\"team\""), 6, "team");
    // Mostly from the start of a document to the end of a line; sometimes cut anywhere.
    const std::size_t from = random.below(text.size());
    const std::size_t marker = text.rfind("---\n", from);
    if (random.below(4) == 0) {
      text.erase(0, text.find('\n', from) + 1);
    } else if (marker != std::string::npos) {
      text.erase(0, marker + 4);
    }
    text.resize(std::min<std::size_t>(text.size(), 60 + random.below(1000)));
    if (random.below(4) != 0) text.resize(text.rfind('\n') + 1);
    const std::uint64_t changes = random.below(4);
    for (std::uint64_t i = 0; i < changes && !text.empty(); ++i) {
      const std::size_t at = random.below(text.size());
      const std::string_view piece = kPieces[random.below(std::size(kPieces))];
      switch (random.below(3)) {
        case 0:
          text.insert(at, piece);
          break;
        case 1:
          text.erase(at, 1 + random.below(6));
          break;
        default:
          text.replace(at, 1, piece);
      }
    }
    if (SourceText("x.yaml", text).unreadable()) continue;
    const std::uint32_t documents = taken_by_plain(text);
    taken += documents;
    left += documents == 0 ? 1 : 0;
    ASSERT_EQ(everything(text, {}), everything(text, {.plain_first = false})) << "seed " << seed << "\n" << text;
  }
  EXPECT_GT(taken, 2'000U) << "the test has to meet both";
  EXPECT_GT(left, 2'000U);
}

}  // namespace
}  // namespace switchyard
