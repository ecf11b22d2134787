#include <algorithm>

#include "specs/document.h"

namespace switchyard {

bool Document::empty() const {
  return entries_.empty() || (entries_.size() == 1 && entries_[0].type == Node::Type::kNull);
}

const Document::Entry& Document::content(std::uint32_t at) const {
  const Entry* entry = &entries_[at];
  while (entry->alias != 0) entry = &entries_[entry->alias];
  return *entry;
}

Node::Type Node::type() const {
  return document_->content(at_).type;
}
bool Node::quoted() const {
  return document_->content(at_).quoted;
}

std::string_view Node::text() const {
  const Document::Entry& entry = document_->content(at_);
  return std::string_view(document_->texts_).substr(entry.text_at, entry.text_size);
}

Place Node::place() const {
  const Document::Entry& entry = document_->entries_[at_];
  return {entry.line, entry.column, std::max(entry.text_size + (entry.quoted ? 2U : 0U), 1U)};
}

Node Node::first() const {
  const std::uint32_t at = document_->content(at_).first;
  return at == 0 ? Node() : Node(document_, at);
}

Node Node::next() const {
  const std::uint32_t at = document_->entries_[at_].next;
  return at == 0 ? Node() : Node(document_, at);
}

Node Node::find(std::string_view key) const {
  if (type() != Type::kMap) return {};
  for (Node at = first(); at.exists();) {
    const Node value = at.next();
    if (at.type() == Type::kScalar && at.text() == key) return value;
    at = value.exists() ? value.next() : Node();
  }
  return {};
}

}  // namespace switchyard
