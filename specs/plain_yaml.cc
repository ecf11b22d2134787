#include "specs/plain_yaml.h"

#include <algorithm>

namespace switchyard {
namespace {

constexpr int kDeepest = 32;  // below the limit of the library's path, so that it is the one to complain

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Characters that mean nothing but themselves anywhere inside a plain scalar, in a block and in a flow.
bool is_harmless(char c) {
  switch (c) {
    case '_':
    case '-':
    case '.':
    case '/':
    case '+':
    case '=':
    case '(':
    case ')':
    case '@':
    case ';':
    case '$':
    case ' ':
      return true;
    default:
      return is_alnum(c);
  }
}

bool starts_plain(std::string_view text) {
  const char c = text.front();
  if (is_alnum(c) || c == '_' || c == '/' || c == '.' || c == '$') return true;
  return c == '-' && text.size() > 1 && is_alnum(text[1]);
}

bool is_null_word(std::string_view text) {
  return text == "null" || text == "Null" || text == "NULL";
}

}  // namespace

// Every function that can meet something beyond the plain part gives false for it, and then nothing of the document
// counts.
class PlainReader {
 public:
  PlainReader(const SourceText& text, const YamlLimits& limits, Document& document)
      : bytes_(text.bytes()), limits_(limits), document_(document) {}

  PlainYaml read(const std::function<bool(const Document&, std::uint32_t)>& take);

 private:
  // The line that is read: without its indentation, trailing spaces and end. A comment may still stand at its end.
  struct Line {
    std::string_view content;
    std::uint32_t number = 0;
    std::uint32_t indent = 0;
  };
  enum class At { kContent, kMarker, kEnd };

  void advance();
  bool read_block(std::uint32_t parent, std::uint32_t indent, int depth);
  bool read_map(std::uint32_t parent, std::uint32_t indent, int depth);
  bool read_list(std::uint32_t parent, std::uint32_t indent, int depth);
  bool read_entry(std::uint32_t map, std::uint32_t indent, int depth);
  bool read_nested(std::uint32_t parent, std::uint32_t indent, int depth);
  bool read_inline(std::uint32_t parent, std::size_t& at, int depth);
  bool read_flow(std::uint32_t parent, std::size_t& at, int depth);
  bool read_flow_map(std::uint32_t map, std::size_t& at, int depth);
  bool read_quoted(std::uint32_t parent, std::size_t& at);
  bool read_plain(std::uint32_t parent, std::size_t& at, bool in_flow);
  bool read_key(std::uint32_t map, std::size_t& at);
  bool has_duplicates(std::uint32_t map);

  bool is_item() const { return line_.content.starts_with("- ") || line_.content == "-"; }
  // Whether nothing but spaces and a comment stand from here to the end of the line.
  bool is_rest_empty(std::size_t at) const {
    const std::size_t content = std::min(line_.content.find_first_not_of(' ', at), line_.content.size());
    return content == line_.content.size() || (line_.content[content] == '#' && content > at);
  }
  bool is_full() const { return document_.entries_.size() >= limits_.nodes; }
  std::uint32_t add(std::uint32_t parent, Node::Type type, std::size_t at);
  void add_text(std::uint32_t parent, std::size_t at, std::string_view text, bool quoted);

  std::string_view bytes_;
  const YamlLimits& limits_;
  Document& document_;
  std::vector<std::uint32_t> last_;  // of each entry: its child added last
  std::vector<std::string_view> names_;
  std::size_t next_ = 0;  // where the next line starts
  std::uint32_t next_number_ = 0;
  Line line_;
  At at_ = At::kEnd;
};

void PlainReader::advance() {
  while (next_ < bytes_.size()) {
    const std::size_t end = std::min(bytes_.find('\n', next_), bytes_.size());
    std::string_view content = bytes_.substr(next_, end - next_);
    line_.number = next_number_++;
    next_ = end + 1;
    const std::size_t indent = content.find_first_not_of(' ');
    if (indent == std::string_view::npos || content[indent] == '#') continue;
    content.remove_prefix(indent);
    content.remove_suffix(content.size() - 1 - content.find_last_not_of(' '));
    line_.indent = static_cast<std::uint32_t>(indent);
    line_.content = content;
    const bool marker = indent == 0 && (content.starts_with("---") || content.starts_with("..."));
    at_ = marker ? At::kMarker : At::kContent;
    return;
  }
  at_ = At::kEnd;
}

PlainYaml PlainReader::read(const std::function<bool(const Document&, std::uint32_t)>& take) {
  PlainYaml result;
  result.stopped = 0;
  // Whatever these may mean, the library is to say.
  if (bytes_.find_first_of("\t\r") != std::string_view::npos) return result;
  advance();
  bool marked = false;  // a "---" opened the document that comes next
  while (true) {
    const std::uint32_t first = line_.number;
    if (at_ == At::kMarker) {
      if (line_.content != "---") return result;
      if (marked) ++result.number;  // nothing stood between two of them
      marked = true;
      result.stopped = first;
      advance();
      continue;
    }
    if (at_ == At::kEnd) {
      result.stopped.reset();
      return result;
    }
    document_.entries_.clear();
    document_.texts_.clear();
    last_.clear();
    if (line_.indent != 0 || is_item() || !read_map(0, 0, 0) || at_ == At::kContent) return result;
    // What follows decides how the library counts: "..." ends a document and begins none.
    if (at_ == At::kMarker && line_.content != "---") return result;
    ++result.documents;
    if (!take(document_, result.number++)) return result;
    marked = false;
    result.stopped = line_.number;
  }
}

std::uint32_t PlainReader::add(std::uint32_t parent, Node::Type type, std::size_t at) {
  const auto index = static_cast<std::uint32_t>(document_.entries_.size());
  document_.entries_.push_back(
      {.type = type, .line = line_.number, .column = line_.indent + static_cast<std::uint32_t>(at)});
  last_.push_back(0);
  if (index == 0) return index;
  if (last_[parent] == 0) {
    document_.entries_[parent].first = index;
  } else {
    document_.entries_[last_[parent]].next = index;
  }
  last_[parent] = index;
  return index;
}

void PlainReader::add_text(std::uint32_t parent, std::size_t at, std::string_view text, bool quoted) {
  const std::uint32_t index = add(parent, Node::Type::kScalar, at);
  Document::Entry& entry = document_.entries_[index];
  entry.quoted = quoted;
  entry.text_at = static_cast<std::uint32_t>(document_.texts_.size());
  entry.text_size = static_cast<std::uint32_t>(text.size());
  document_.texts_ += text;
}

bool PlainReader::read_block(std::uint32_t parent, std::uint32_t indent, int depth) {
  if (depth > kDeepest) return false;
  return is_item() ? read_list(parent, indent, depth) : read_map(parent, indent, depth);
}

bool PlainReader::read_map(std::uint32_t parent, std::uint32_t indent, int depth) {
  const std::uint32_t map = add(parent, Node::Type::kMap, 0);
  while (at_ == At::kContent && line_.indent == indent && !is_item()) {
    if (is_full() || !read_entry(map, indent, depth)) return false;
  }
  if (at_ == At::kContent && line_.indent > indent) return false;
  return !has_duplicates(map);
}

bool PlainReader::read_entry(std::uint32_t map, std::uint32_t indent, int depth) {
  std::size_t at = 0;
  if (!read_key(map, at)) return false;
  if (is_rest_empty(at)) {
    advance();
    // A list may stand right below its key.
    const bool list = at_ == At::kContent && line_.indent == indent && is_item();
    if (list) return read_list(map, indent, depth + 1);
    return read_nested(map, indent, depth);
  }
  if (line_.content[at] != ' ') return false;
  at = line_.content.find_first_not_of(' ', at);
  if (!read_inline(map, at, depth) || !is_rest_empty(at)) return false;
  advance();
  return at_ != At::kContent || line_.indent <= indent;  // else the text goes on below
}

// What stands below a key or a "-" without a value beside it: a block that is indented deeper, or nothing.
bool PlainReader::read_nested(std::uint32_t parent, std::uint32_t indent, int depth) {
  if (at_ == At::kContent && line_.indent > indent) return read_block(parent, line_.indent, depth + 1);
  add(parent, Node::Type::kNull, 0);
  return true;
}

bool PlainReader::read_list(std::uint32_t parent, std::uint32_t indent, int depth) {
  if (depth > kDeepest) return false;
  const std::uint32_t list = add(parent, Node::Type::kList, 0);
  while (at_ == At::kContent && line_.indent == indent && is_item()) {
    if (is_full()) return false;
    if (is_rest_empty(1)) {
      advance();
      if (!read_nested(list, indent, depth)) return false;
      continue;
    }
    std::size_t at = line_.content.find_first_not_of(' ', 1);
    const std::string_view rest = line_.content.substr(at);
    const std::size_t word = std::min(
        rest.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./"), rest.size());
    const bool map =
        word < rest.size() && word > 0 && rest[word] == ':' && (word + 1 == rest.size() || rest[word + 1] == ' ');
    if (rest.starts_with("- ") || rest == "-") return false;
    if (map) {
      // "- key: value": the map begins where its first key stands.
      line_.indent += static_cast<std::uint32_t>(at);
      line_.content.remove_prefix(at);
      if (!read_map(list, line_.indent, depth + 1)) return false;
      continue;
    }
    if (!read_inline(list, at, depth) || !is_rest_empty(at)) return false;
    advance();
    if (at_ == At::kContent && line_.indent > indent) return false;
  }
  return at_ != At::kContent || line_.indent <= indent;
}

bool PlainReader::read_key(std::uint32_t map, std::size_t& at) {
  const std::size_t start = at;
  const std::string_view content = line_.content;
  while (at < content.size() && (is_alnum(content[at]) || content[at] == '_' || content[at] == '-' ||
                                 content[at] == '.' || content[at] == '/'))
    ++at;
  const std::string_view name = content.substr(start, at - start);
  if (name.empty() || !is_alnum(name.front()) || is_null_word(name) || name.size() > 128) return false;
  if (at >= content.size() || content[at] != ':') return false;
  add_text(map, start, name, false);
  ++at;
  return true;
}

bool PlainReader::read_inline(std::uint32_t parent, std::size_t& at, int depth) {
  const char c = line_.content[at];
  if (c == '[' || c == '{') return read_flow(parent, at, depth + 1);
  if (c == '"' || c == '\'') return read_quoted(parent, at);
  return read_plain(parent, at, false);
}

bool PlainReader::read_quoted(std::uint32_t parent, std::size_t& at) {
  const char quote = line_.content[at];
  const std::size_t end = line_.content.find(quote, at + 1);
  if (end == std::string_view::npos) return false;
  const std::string_view text = line_.content.substr(at + 1, end - at - 1);
  const bool doubled = end + 1 < line_.content.size() && line_.content[end + 1] == quote;
  if (doubled || text.find('\\') != std::string_view::npos) return false;
  add_text(parent, at, text, true);
  at = end + 1;
  return true;
}

bool PlainReader::read_plain(std::uint32_t parent, std::size_t& at, bool in_flow) {
  const std::string_view rest = line_.content.substr(at);
  if (rest.empty() || !starts_plain(rest)) return false;
  std::size_t end = 0;
  while (end < rest.size()) {
    const char c = rest[end];
    const bool inner_colon = c == ':' && end + 1 < rest.size() && (is_alnum(rest[end + 1]) || rest[end + 1] == '/');
    const bool brace = !in_flow && (c == '{' || c == '}');
    if (!is_harmless(c) && !inner_colon && !brace) break;
    ++end;
  }
  if (end < rest.size()) {
    const bool comment = !in_flow && rest[end] == '#' && rest[end - 1] == ' ';
    const bool separator = in_flow && (rest[end] == ',' || rest[end] == ']' || rest[end] == '}');
    if (!comment && !separator) return false;
  }
  const std::size_t trimmed = rest.substr(0, end).find_last_not_of(' ') + 1;
  const std::string_view text = rest.substr(0, trimmed);
  if (is_null_word(text)) {
    add(parent, Node::Type::kNull, at);
  } else {
    add_text(parent, at, text, false);
  }
  at += trimmed;
  return true;
}

bool PlainReader::read_flow(std::uint32_t parent, std::size_t& at, int depth) {
  if (depth > kDeepest) return false;
  const std::string_view content = line_.content;
  const char open = content[at];
  const char close = open == '[' ? ']' : '}';
  const std::uint32_t collection = add(parent, open == '[' ? Node::Type::kList : Node::Type::kMap, at);
  const auto skip = [&] {
    at = std::min(content.find_first_not_of(' ', at), content.size());
    return at < content.size();
  };
  ++at;
  if (!skip()) return false;
  if (content[at] == close) {
    ++at;
    return true;
  }
  while (true) {
    if (is_full()) return false;
    if (open == '{' && !read_flow_map(collection, at, depth)) return false;
    if (open == '[') {
      const char c = content[at];
      const bool nested = c == '[' || c == '{';
      const bool quoted = c == '"' || c == '\'';
      const bool well = nested   ? read_flow(collection, at, depth + 1)
                        : quoted ? read_quoted(collection, at)
                                 : read_plain(collection, at, true);
      if (!well) return false;
    }
    if (!skip()) return false;
    const char c = content[at++];
    if (c == close) return open == '[' || !has_duplicates(collection);
    if (c != ',' || !skip()) return false;
  }
}

// One "key: value" of a flow map.
bool PlainReader::read_flow_map(std::uint32_t map, std::size_t& at, int depth) {
  if (!read_key(map, at) || at >= line_.content.size() || line_.content[at] != ' ') return false;
  at = line_.content.find_first_not_of(' ', at);
  const char c = line_.content[at];
  if (c == '[' || c == '{') return read_flow(map, at, depth + 1);
  return c == '"' || c == '\'' ? read_quoted(map, at) : read_plain(map, at, true);
}

bool PlainReader::has_duplicates(std::uint32_t map) {
  const auto& entries = document_.entries_;
  const std::string_view texts = document_.texts_;
  names_.clear();
  for (std::uint32_t at = entries[map].first; at != 0; at = entries[entries[at].next].next) {
    names_.push_back(texts.substr(entries[at].text_at, entries[at].text_size));
  }
  if (names_.size() <= 8) {
    for (std::size_t i = 1; i < names_.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (names_[i] == names_[j]) return true;
      }
    }
    return false;
  }
  std::ranges::sort(names_);
  return std::ranges::adjacent_find(names_) != names_.end();
}

PlainYaml read_plain_yaml(const SourceText& text, const YamlLimits& limits, Document& document,
                          const std::function<bool(const Document&, std::uint32_t)>& take) {
  return PlainReader(text, limits, document).read(take);
}

}  // namespace switchyard
