#include "specs/document.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <optional>
#include <streambuf>

#include "specs/plain_yaml.h"
#include "specs/scalar.h"

namespace switchyard {
namespace {

// Thrown through the library out of an event, to stop at once.
struct Stop {
  Place place;
  std::string message;
  std::string detail;
};

Stop too_many_errors(Place at) {
  return {at, "too many errors", "reading of this file stops here; mend those above first"};
}

// Lets the library read bytes where they lie, and stops it when it reads on and on without an event: it keeps every
// token (some 150 bytes) until it knows that none of them is a key. Comments and spaces make no tokens and are not
// counted.
class BytesBuffer : public std::streambuf {
 public:
  BytesBuffer(std::string_view bytes, std::uint32_t line, std::size_t most) : bytes_(bytes), line_(line), most_(most) {}
  void event_seen() { silent_ = 0; }

 protected:
  std::streamsize xsgetn(char* to, std::streamsize wanted) override {
    const std::string_view chunk = bytes_.substr(0, static_cast<std::size_t>(wanted));
    bytes_.remove_prefix(chunk.size());
    for (const char c : chunk) {
      if (c == '\n') {
        ++line_;
        line_is_blank_ = true;
        comment_ = false;
      } else if (c != ' ' && c != '\r') {
        comment_ = comment_ || (c == '#' && line_is_blank_);
        line_is_blank_ = false;
        if (!comment_) ++silent_;
      }
    }
    if (silent_ > most_) {
      throw Stop{{line_, 0, 1},
                 "too much that belongs together",
                 fmt::format("one list, map or text has at most {} KB; break it up", most_ >> 10U)};
    }
    std::ranges::copy(chunk, to);
    return static_cast<std::streamsize>(chunk.size());
  }

 private:
  std::string_view bytes_;
  std::uint32_t line_;
  std::size_t most_;
  std::size_t silent_ = 0;  // bytes that count since the last event
  bool line_is_blank_ = true;
  bool comment_ = false;
};

// The library's words for a syntax error, and ours.
struct SyntaxWords {
  std::string_view theirs;
  std::string_view ours;
};
constexpr SyntaxWords kSyntaxWords[] = {
    {"illegal map value",
     "a \":\" stands where no value can begin; put text with a \":\" in quotes, or check the indentation above"},
    {"end of map not found", "this line does not line up with the lines above it; check the indentation"},
    {"end of sequence not found", "this line does not line up with the lines above it; check the indentation"},
    {"end of map flow", "a \"}\" is missing"},
    {"end of sequence flow", "a \"]\" is missing"},
    {"illegal flow end", "nothing that this could end is open here"},
    {"illegal EOF in scalar", "a quote is opened and never closed"},
    {"illegal block entry", "a \"-\" stands where no list can begin"},
    {"the referenced anchor is not defined",
     "no anchor of this name stands above it in this document; put text that begins with \"*\" in quotes"},
    {"alias not found after", "a name follows a \"*\"; put text that begins with \"*\" in quotes"},
    {"anchor not found after", "a name follows an \"&\"; put text that begins with \"&\" in quotes"},
    {"illegal character found while scanning alias",
     "the name behind a \"*\" has no such character; put text that begins with \"*\" in quotes"},
    {"illegal character found while scanning anchor",
     "the name behind an \"&\" has no such character; put text that begins with \"&\" in quotes"},
    {"cannot assign multiple anchors", "one value has one anchor"},
    {"unknown token", "text does not begin with this character; put it in quotes"},
    {"unknown escape character", "in double quotes a \"\\\" begins an escape, and this is none; use single quotes"},
    {"bad character found while scanning hex number", "an escape like \\x or \\u is followed by digits of base 16"},
    {"invalid unicode", "this escape is no character of Unicode"},
    {"cannot set zero indentation", "the number behind a \"|\" or \">\" is from 1 to 9"},
    {"unexpected character in block scalar", "behind a \"|\" or \">\" the line ends"},
    {"YAML major version too large", "YAML is read up to version 1.2"},
};

std::string explain_syntax(std::string_view what) {
  const auto words = std::ranges::find_if(
      kSyntaxWords, [&](std::string_view theirs) { return what.find(theirs) != std::string_view::npos; },
      &SyntaxWords::theirs);
  return std::string(words == std::end(kSyntaxWords) ? what : words->ours);
}

}  // namespace

// Takes the library's events and grows a Document.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const SourceText& text, const YamlLimits& limits, Diagnostics& complaints)
      : text_(text),
        limits_(limits),
        complaints_(complaints),
        has_tabs_(text.bytes().find('\t') != std::string_view::npos) {}

  void start(std::uint32_t first_line, BytesBuffer& buffer) {
    first_line_ = first_line;
    buffer_ = &buffer;
    inside_ = false;
  }
  const Document& document() const { return document_; }
  Place started() const { return started_; }
  // Where the document began that an error at `place` broke.
  Place broken_from(Place place) const { return inside_ && started_ < place ? started_ : place; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    document_.entries_.clear();
    document_.texts_.clear();
    open_.clear();
    anchors_.clear();
    started_ = place(mark);
    inside_ = true;
  }
  void OnDocumentEnd() override { inside_ = false; }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(mark, Node::Type::kNull, anchor); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(mark, Node::Type::kList, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(mark, Node::Type::kMap, anchor);
  }
  void OnMapEnd() override;

  Place place(const YAML::Mark& mark) const {
    return {static_cast<std::uint32_t>(std::max(mark.line, 0)) + first_line_,
            static_cast<std::uint32_t>(std::max(mark.column, 0)), 1};
  }

 private:
  struct Open {
    std::uint32_t entry;
    std::uint32_t last = 0;  // the child added last
    std::uint32_t children = 0;
    std::uint32_t weight = 1;  // entries, what aliases stand for included
    std::uint32_t depth = 1;   // of what is inside
    YAML::anchor_t anchor = 0;
  };
  struct Anchor {
    std::uint32_t entry = 0;
    std::uint32_t weight = 1;
    std::uint32_t depth = 1;
    bool closed = true;
  };

  std::uint32_t add(const YAML::Mark& mark, Node::Type type, YAML::anchor_t anchor);
  void open(const YAML::Mark& mark, Node::Type type, YAML::anchor_t anchor);
  void close();
  void refuse_tag(const YAML::Mark& mark, const std::string& tag);
  void refuse_tab(Place at);
  void refuse_open_quote(Place at);
  void check_keys(const Document::Entry& map);
  Place place_of(const Document::Entry& entry) const {
    return {entry.line, entry.column, std::max(entry.text_size + (entry.quoted ? 2U : 0U), 1U)};
  }
  void error(Place at, std::string message, std::string detail) {
    complaints_.push_back(text_.complain(Severity::kError, at, std::move(message), std::move(detail)));
    if (complaints_.size() >= limits_.complaints) throw too_many_errors(at);
  }

  const SourceText& text_;
  const YamlLimits& limits_;
  Diagnostics& complaints_;
  BytesBuffer* buffer_ = nullptr;
  Document document_;
  std::vector<Open> open_;
  std::vector<Anchor> anchors_;  // by the library's number
  std::vector<std::uint32_t> keys_;
  const bool has_tabs_;
  std::uint32_t first_line_ = 0;
  std::uint64_t by_alias_ = 0;
  Place started_;
  bool inside_ = false;
};

std::uint32_t TreeBuilder::add(const YAML::Mark& mark, Node::Type type, YAML::anchor_t anchor) {
  buffer_->event_seen();
  const Place at = place(mark);
  if (has_tabs_) refuse_tab(at);
  const auto index = static_cast<std::uint32_t>(document_.entries_.size());
  if (index >= limits_.nodes) {
    throw Stop{at, "a document too large",
               fmt::format("one document has at most {} values; break it up", limits_.nodes)};
  }
  document_.entries_.push_back({.type = type, .line = at.line, .column = at.column});
  if (!open_.empty()) {
    Open& parent = open_.back();
    if (parent.last == 0) {
      document_.entries_[parent.entry].first = index;
    } else {
      document_.entries_[parent.last].next = index;
    }
    parent.last = index;
    ++parent.children;
    ++parent.weight;
  }
  if (anchor != 0) {
    if (anchors_.size() <= anchor) anchors_.resize(anchor + 1);
    anchors_[anchor] = {.entry = index};
  }
  return index;
}

void TreeBuilder::open(const YAML::Mark& mark, Node::Type type, YAML::anchor_t anchor) {
  if (open_.size() >= limits_.depth) {
    throw Stop{place(mark), "nested too deeply", fmt::format("a document has at most {} levels", limits_.depth)};
  }
  const std::uint32_t index = add(mark, type, anchor);
  if (anchor != 0) anchors_[anchor].closed = false;
  open_.push_back({.entry = index, .anchor = anchor});
}

void TreeBuilder::close() {
  const Open closed = open_.back();
  open_.pop_back();
  if (closed.anchor != 0)
    anchors_[closed.anchor] = {.entry = closed.entry, .weight = closed.weight, .depth = closed.depth, .closed = true};
  if (open_.empty()) return;
  open_.back().weight += closed.weight - 1;
  open_.back().depth = std::max(open_.back().depth, closed.depth + 1);
}

void TreeBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  const Anchor target = anchor < anchors_.size() ? anchors_[anchor] : Anchor{};
  if (!target.closed)
    throw Stop{place(mark), "an alias inside its own anchor", "it would never end; write the content out"};
  const std::uint32_t index = add(mark, Node::Type::kNull, 0);
  document_.entries_[index].alias = target.entry;
  by_alias_ += target.weight;
  if (by_alias_ > limits_.nodes_by_alias) {
    throw Stop{place(mark), "aliases stand for too much",
               fmt::format("the aliases of a file stand for at most {} nodes", limits_.nodes_by_alias)};
  }
  if (open_.size() + target.depth > limits_.depth) {
    throw Stop{place(mark), "nested too deeply", fmt::format("a document has at most {} levels", limits_.depth)};
  }
  if (open_.empty()) return;
  open_.back().weight += target.weight - 1;
  open_.back().depth = std::max(open_.back().depth, target.depth + 1);
}

void TreeBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                           const std::string& value) {
  refuse_tag(mark, tag);
  const std::uint32_t index = add(mark, Node::Type::kScalar, anchor);
  Document::Entry& entry = document_.entries_[index];
  entry.quoted = tag == "!";
  if (entry.quoted) refuse_open_quote({entry.line, entry.column, 1});
  entry.text_at = static_cast<std::uint32_t>(document_.texts_.size());
  entry.text_size = static_cast<std::uint32_t>(value.size());
  document_.texts_ += value;
}

void TreeBuilder::OnMapEnd() {
  const Open map = open_.back();
  if (map.children > 0) check_keys(document_.entries_[map.entry]);
  close();
}

void TreeBuilder::refuse_tag(const YAML::Mark& mark, const std::string& tag) {
  if (tag.empty() || tag == "?" || tag == "!") return;
  error(place(mark), "a tag", fmt::format("\"{}\" is not part of the language; leave it out", shown(tag)));
}

// YAML forbids tabs in indentation, the library takes some.
void TreeBuilder::refuse_tab(Place at) {
  if (at.column == 0 || at.line < first_line_) return;
  const std::string_view line = text_.line(at.line);
  const std::size_t content = std::min(line.find_first_not_of(" \t"), line.size());
  const std::size_t tab = line.substr(0, content).find('\t');
  if (at.column != content || tab == std::string_view::npos) return;
  throw Stop{{at.line, static_cast<std::uint32_t>(tab), 1},
             "a tab in the indentation",
             "YAML indents with spaces; write two spaces for each tab"};
}

// The library takes the end of the file for the closing quote.
void TreeBuilder::refuse_open_quote(Place at) {
  const std::string_view rest =
      text_.bytes().substr(std::min(text_.offset_of(at.line) + at.column, text_.bytes().size()));
  const char quote = rest.empty() ? ' ' : rest.front();
  if (quote != '"' && quote != '\'') return;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (quote == '"' && rest[i] == '\\') {
      ++i;
    } else if (rest[i] == quote) {
      return;
    }
  }
  throw Stop{at, "a quote that is never closed", "it takes in the rest of the file; close it where the text ends"};
}

void TreeBuilder::check_keys(const Document::Entry& map) {
  keys_.clear();
  const auto& entries = document_.entries_;
  for (std::uint32_t at = map.first; at != 0; at = entries[entries[at].next].next) {
    const Document::Entry& key = entries[at];
    const std::string_view name = std::string_view(document_.texts_).substr(key.text_at, key.text_size);
    if (key.type != Node::Type::kScalar || key.alias != 0) {
      error(place_of(key), "a key that is no text", "a key is a plain word");
    } else if (name == "<<" && !key.quoted) {
      error(place_of(key), "a merge key",
            "\"<<\" is not part of the language; shared options go into the defaults of a zone or cluster");
    }
    keys_.push_back(at);
  }
  const auto name_of = [&](std::uint32_t at) {
    return std::string_view(document_.texts_).substr(entries[at].text_at, entries[at].text_size);
  };
  if (keys_.size() < 2) return;
  std::ranges::stable_sort(keys_, {}, name_of);
  for (std::size_t i = 1; i < keys_.size(); ++i) {
    const Document::Entry& key = entries[keys_[i]];
    if (name_of(keys_[i - 1]) != name_of(keys_[i]) || key.type != Node::Type::kScalar ||
        entries[keys_[i - 1]].type != Node::Type::kScalar)
      continue;
    std::size_t before = i - 1;
    while (before > 0 && name_of(keys_[before - 1]) == name_of(keys_[i])) --before;
    error(place_of(key), "duplicate key",
          fmt::format("\"{}\" stands already on line {}", shown(name_of(keys_[i])), entries[keys_[before]].line + 1));
  }
}

YamlReport parse_yaml(const SourceText& text, const YamlLimits& limits, Diagnostics& complaints,
                      const std::function<void(const Document&, std::uint32_t)>& take) {
  YamlReport report;
  TreeBuilder builder(text, limits, complaints);
  std::uint32_t number = 0;
  std::uint32_t errors = 0;
  std::uint32_t line = 0;  // where reading starts (again)
  if (limits.plain_first) {
    Document document;
    std::optional<Stop> full;
    const PlainYaml plain = read_plain_yaml(text, limits, document, [&](const Document& read, std::uint32_t at) {
      take(read, at);
      if (complaints.size() >= limits.complaints) full = too_many_errors(read.root().place());
      return !full;
    });
    report.documents = plain.documents;
    if (full) {
      report.lost = true;
      complaints.push_back(text.complain(Severity::kError, full->place, full->message, full->detail));
      return report;
    }
    if (!plain.stopped) return report;
    number = plain.number;
    line = *plain.stopped;
  }
  while (true) {
    const std::string_view rest = text.bytes().substr(text.offset_of(line));
    Stop stop;
    try {
      BytesBuffer buffer(rest, line, limits.bytes_without_event);
      std::istream stream(&buffer);
      YAML::Parser parser(stream);
      builder.start(line, buffer);
      std::optional<Place> last_started;
      while (parser.HandleNextDocument(builder)) {
        if (complaints.size() >= limits.complaints) throw too_many_errors(builder.started());
        // The library gives an empty document for a token that can start none, and would do so for ever.
        if (builder.document().empty() && builder.started() == last_started) {
          throw Stop{*last_started, "not YAML", "this stands where no value can begin"};
        }
        last_started = builder.started();
        if (!builder.document().empty()) {
          ++report.documents;
          take(builder.document(), number);
        }
        ++number;
      }
      return report;
    } catch (const Stop& stopped) {
      stop = stopped;
    } catch (const YAML::Exception& syntax) {
      stop = {builder.place(syntax.mark), "not YAML", explain_syntax(syntax.msg)};
      const std::string_view at = text.line(stop.place.line);
      const std::size_t tab = at.substr(0, at.find_first_not_of(" \t")).find('\t');
      if (tab != std::string_view::npos) {
        stop = {{stop.place.line, static_cast<std::uint32_t>(tab), 1},
                "a tab in the indentation",
                "YAML indents with spaces; write two spaces for each tab"};
      }
    } catch (const std::exception& failure) {
      stop = {builder.broken_from({line, 0, 1}), "not YAML", failure.what()};
    }
    report.lost = true;
    ++number;
    complaints.push_back(text.complain(Severity::kError, stop.place, stop.message, stop.detail));
    if (++errors >= limits.syntax_errors || complaints.size() > limits.complaints) return report;
    std::uint32_t next = std::max(builder.broken_from(stop.place).line, line) + 1;
    while (text.offset_of(next) < text.bytes().size() && !text.line(next).starts_with("---")) ++next;
    if (text.offset_of(next) >= text.bytes().size()) return report;
    line = next;
  }
}

}  // namespace switchyard
