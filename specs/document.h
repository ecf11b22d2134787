#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "specs/source_text.h"

// YAML text as a tree with positions. The .cc file is the only one that knows the YAML library.
namespace switchyard {

class Document;

// One node of a document, borrowed. An alias stands where it is written and has the content of what it names.
class Node {
 public:
  enum class Type : std::uint8_t { kNull, kScalar, kMap, kList };

  Type type() const;
  bool quoted() const;            // a scalar in quotes or a block
  std::string_view text() const;  // of a scalar
  Place place() const;            // with the width of a scalar
  bool exists() const { return document_ != nullptr; }

  // The children of a list; of a map: key, value, key, value, ...
  Node first() const;
  Node next() const;  // the sibling after this one
  // The value of a key of a map; one that does not exist when there is none.
  Node find(std::string_view key) const;

 private:
  friend class Document;
  Node() = default;
  Node(const Document* document, std::uint32_t at) : document_(document), at_(at) {}
  const Document* document_ = nullptr;
  std::uint32_t at_ = 0;
};

// One document of a file. Its nodes lie in one block that is used again for the next document.
class Document {
 public:
  Node root() const { return {this, 0}; }
  bool empty() const;  // nothing but comments

 private:
  friend class Node;
  friend class TreeBuilder;
  friend class PlainReader;
  struct Entry {
    Node::Type type;
    bool quoted = false;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    std::uint32_t first = 0;  // child; 0: none
    std::uint32_t next = 0;   // sibling; 0: none
    std::uint32_t alias = 0;  // the entry whose content this one has; 0: its own
    std::uint32_t text_at = 0;
    std::uint32_t text_size = 0;
  };
  const Entry& content(std::uint32_t at) const;

  std::vector<Entry> entries_;
  std::string texts_;
};

struct YamlLimits {
  bool plain_first = true;  // plain_yaml.h reads what it can; the result is the same without it
  std::uint32_t depth = 64;
  std::uint32_t nodes = 200'000;                  // of a document
  std::uint32_t nodes_by_alias = 100'000;         // what all aliases of a file stand for together
  std::size_t bytes_without_event = 256U << 10U;  // that the library may read ahead; comments do not count
  std::size_t complaints = 1'000;                 // of a file; then reading it stops
  std::uint32_t syntax_errors = 20;               // a file; then reading it stops
};

struct YamlReport {
  std::uint32_t documents = 0;  // with content
  bool lost = false;            // a document could not be read at all
};

// Parses all documents of a text and hands them on one by one, each with its number in the file (empty ones counted).
// After a syntax error it goes on at the next "---". Complaints: syntax, tabs, duplicate keys, keys that are no text,
// tags, merge keys, depth, aliases that stand for too much, endless lists and texts. Thread-safe; terminates on any
// input.
YamlReport parse_yaml(const SourceText& text, const YamlLimits& limits, Diagnostics& complaints,
                      const std::function<void(const Document&, std::uint32_t)>& take);

}  // namespace switchyard
