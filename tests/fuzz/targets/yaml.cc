// YAML, read by our reader and by the library.
//
// Both agree on every tree, place and complaint; what decodes cleanly survives the cache.
#include "specs/decode.h"
#include "specs/decode_source.h"
#include "specs/document.h"
#include "tests/fuzz/target.h"

namespace switchyard::fuzz {
namespace {

// A tree with every position, but those of empty values, which stand nowhere.
void outline(Node node, std::string& out) {
  const Place place = node.place();
  if (node.type() != Node::Type::kNull) {
    out += std::to_string(place.line) + ":" + std::to_string(place.column) + "+" + std::to_string(place.width);
  }
  switch (node.type()) {
    case Node::Type::kNull:
      out += "null";
      return;
    case Node::Type::kScalar:
      out += node.quoted() ? "'" : "=";
      out += node.text();
      out += '\0';
      return;
    case Node::Type::kList:
    case Node::Type::kMap:
      out += node.type() == Node::Type::kList ? "[" : "{";
      for (Node at = node.first(); at.exists(); at = at.next()) outline(at, out);
      out += node.type() == Node::Type::kList ? "]" : "}";
      return;
  }
}

// An alias is written out where it stands, so a file of them is many times as long as it is.
constexpr std::size_t kLongestOutline = 4U << 20U;

std::string everything(const SourceText& text, const YamlLimits& limits) {
  Diagnostics complaints;
  std::string out;
  const YamlReport report = parse_yaml(text, limits, complaints, [&](const Document& document, std::uint32_t number) {
    out += "#" + std::to_string(number) + " ";
    if (out.size() < kLongestOutline) outline(document.root(), out);
    out += '\n';
  });
  for (const Diagnostic& complaint : complaints) out += to_string(complaint);
  return out + std::to_string(report.documents) + (report.lost ? " lost" : "");
}

void check(const Diagnostics& complaints) {
  promise(complaints.size() <= YamlLimits{}.complaints + 1, "a file has a bounded number of complaints");
  for (const Diagnostic& complaint : complaints) {
    promise(complaint.line >= 1 && complaint.column >= 1 && complaint.width >= 1, "a complaint stands at a place");
    const std::string text = to_string(complaint);
    promise(text.size() <= 4096, "a complaint is short");
    promise_harmless(text, "a complaint");
  }
}

}  // namespace

void yaml(std::string_view bytes) {
  const SourceText text("x.yaml", bytes);
  const DecodedFile file = decode_file(text);
  check(file.complaints);
  if (text.unreadable()) {
    promise(file.lost && !file.complaints.empty(), "bytes that are no text are complained about");
    return;
  }
  promise_same(everything(text, {}), everything(text, {.plain_first = false}), "both readers of YAML agree");
  if (!file.clean()) return;
  const std::string kept = to_cache(file);
  const std::optional<DecodedFile> back = from_cache(kept);
  promise(back.has_value(), "what was kept in the cache is found again");
  promise_same(back->resources, file.resources, "the cache keeps resources as they are");
  promise(back->documents == file.documents, "the cache keeps the number of documents");
  promise(!from_cache(std::string_view(kept).substr(0, kept.size() - 1)), "a cut entry of the cache is no entry");
}

}  // namespace switchyard::fuzz
