#include "specs/decode.h"

#include <fmt/format.h>

#include <algorithm>

#include "specs/kinds/schema.h"
#include "specs/kinds/tables.h"
#include "specs/resource.h"
#include "specs/scalar.h"
#include "specs/suggest.h"
#include "specs/type_words.h"
#include "specs/values.h"

namespace switchyard {
namespace {

// Paths of groups that hold a field of this name, for "it stands below ...".
void find_homes(const SchemaNode& group, std::string_view name, std::vector<std::string_view>& homes) {
  for (const SchemaNode& child : group.children) {
    if (child.name == name && !group.path.empty()) homes.push_back(group.path);
    find_homes(child, name, homes);
  }
}

void collect_required(const SchemaNode& group, const KindSchema& schema, std::vector<std::string_view>& required) {
  for (const SchemaNode& child : group.children) {
    if (child.field != kNoField) {
      const SchemaField& field = schema.fields[child.field];
      if (field.row->required && field.path != "spec.template.spec.zone") required.push_back(field.path);
    } else {
      collect_required(child, schema, required);
    }
  }
}

std::string listed(const std::vector<std::string_view>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " and " : ", ";
    text += words[i];
  }
  return text;
}

class Decoder {
 public:
  Decoder(const SourceText& text, DecodedFile& file)
      : file_(file), writer_(file.resources), values_(text, file.complaints), text_(text) {}

  void decode(const Document& document, std::uint32_t number);

 private:
  void walk(Node map, const SchemaNode& group, Place place);
  void take(const SchemaNode& child, Node key, Node value);
  void complain_of_unknown(const SchemaNode& group, Node key);
  void require(const SchemaNode& group, const std::vector<const SchemaNode*>& seen, Place place);
  void reset(const SchemaNode& group);
  void error(Place at, std::string message, std::string detail) {
    file_.complaints.push_back(text_.complain(Severity::kError, at, std::move(message), std::move(detail)));
  }

  DecodedFile& file_;
  ResourceWriter writer_;
  ValueReader values_;
  const SourceText& text_;
  const KindSchema* schema_ = nullptr;
  std::string name_;
};

void Decoder::decode(const Document& document, std::uint32_t number) {
  const Node root = document.root();
  if (root.type() != Node::Type::kMap) {
    file_.lost = true;
    return error(root.place(), "not a resource", "a document is a map with apiVersion, kind, metadata and spec");
  }
  const FieldRow& kind_row = common_rows()[1];
  const Node kind_node = root.find("kind");
  if (!kind_node.exists() || kind_node.type() != Node::Type::kScalar) {
    file_.lost = true;
    const Node at_fault = kind_node.exists() ? kind_node : root.first().exists() ? root.first() : root;
    return error(
        at_fault.place(), "kind is missing",
        fmt::format("a document says what it declares: {}", one_of({kind_row.words.begin(), kind_row.words.end()})));
  }
  const Reading kind = read_scalar(kind_row, kind_node.text(), kind_node.quoted());
  if (!kind.ok()) {
    file_.lost = true;
    return error(kind_node.place(), kind.message, kind.detail);
  }
  const Kind which = *parse_kind(kind_node.text());
  schema_ = &schema_of(which);
  name_.clear();
  writer_.discard();
  walk(root, schema_->root, root.first().place());
  if (name_.empty()) {
    file_.lost = true;
    return writer_.discard();
  }
  writer_.finish(which, number, root.place().line + 1, name_);
}

void Decoder::walk(Node map, const SchemaNode& group, Place place) {
  std::vector<const SchemaNode*> seen;
  for (Node key = map.first(); key.exists(); key = key.next().next()) {
    if (key.type() != Node::Type::kScalar) continue;  // complained about by the parser
    const SchemaNode* child = group.child(key.text());
    if (child == nullptr) {
      if (key.text() != "<<") complain_of_unknown(group, key);
      continue;
    }
    if (std::ranges::find(seen, child) != seen.end()) continue;  // a duplicate key, complained about by the parser
    seen.push_back(child);
    take(*child, key, key.next());
  }
  require(group, seen, place);
}

void Decoder::take(const SchemaNode& child, Node key, Node value) {
  if (child.field == kNoField) {
    if (value.type() == Node::Type::kNull) {
      reset(child);
      return require(child, {}, key.place());
    }
    if (value.type() != Node::Type::kMap) {
      std::vector<std::string_view> names;
      for (const SchemaNode& each : child.children) names.push_back(each.name);
      return error(value.place(), "not a map", fmt::format("{} is a map of {}", child.name, listed(names)));
    }
    return walk(value, child, key.place());
  }
  const SchemaField& field = schema_->fields[child.field];
  if (field.path == "kind") return;
  std::optional<Json> read = values_.read(field, key, value);
  if (field.path == "apiVersion") return;
  if (!read) return writer_.set_wrong(child.field);
  if (field.path == "metadata.name") {
    name_ = *read->string();
    return;
  }
  writer_.set(child.field, *read);
}

void Decoder::complain_of_unknown(const SchemaNode& group, Node key) {
  std::vector<std::string_view> names;
  for (const SchemaNode& child : group.children) names.push_back(child.name);
  std::string hint = did_you_mean(key.text(), names);
  if (hint.empty()) {
    std::vector<std::string_view> homes;
    find_homes(schema_->root, key.text(), homes);
    std::ranges::stable_sort(homes, {}, [](std::string_view path) { return std::ranges::count(path, '.'); });
    if (!homes.empty()) hint = fmt::format("; it stands below {}", homes.front());
  }
  const std::string where = group.path.empty() ? fmt::format("a {} document", to_string(schema_->kind))
                                               : fmt::format("{} of {}", group.path, to_string(schema_->kind));
  error(key.place(), "unknown field", fmt::format("{} has no \"{}\"{}", where, shown(key.text()), hint));
}

void Decoder::require(const SchemaNode& group, const std::vector<const SchemaNode*>& seen, Place place) {
  for (const SchemaNode& child : group.children) {
    if (std::ranges::find(seen, &child) != seen.end()) continue;
    std::vector<std::string_view> required;
    if (child.field == kNoField) {
      collect_required(child, *schema_, required);
    } else if (schema_->fields[child.field].row->required && child.path != "spec.template.spec.zone") {
      required.push_back(child.path);
    }
    if (required.empty()) continue;
    const FieldRow* row = child.field == kNoField ? nullptr : schema_->fields[child.field].row;
    const std::string_view kind = to_string(schema_->kind);
    error(place, fmt::format("{} is missing", child.name),
          row != nullptr ? fmt::format("{} is {}", child.path, type_for_people(*row))
                         : fmt::format("{} {} needs {}", kind == "Account" ? "an" : "a", kind, listed(required)));
  }
}

// `sipTrace: null` restores the built-in default of all below it.
void Decoder::reset(const SchemaNode& group) {
  for (const SchemaNode& child : group.children) {
    if (child.field == kNoField) {
      reset(child);
    } else if (schema_->fields[child.field].option != kNoField) {
      writer_.set(child.field, Json());
    }
  }
}

struct Found {
  Node deepest;  // the value, or the key of the deepest part that is written
  bool whole;
};

Found find_path(const Document& document, std::string_view path) {
  Node at = document.root();
  Node shown_at = at.type() == Node::Type::kMap && at.first().exists() ? at.first() : at;
  while (!path.empty()) {
    if (path.front() == '[') {
      const std::size_t end = std::min(path.find(']'), path.size());
      std::size_t index = 0;
      for (const char c : path.substr(1, end - 1)) index = index * 10 + static_cast<std::size_t>(c - '0');
      Node element = at.type() == Node::Type::kList ? at.first() : Node(at).find("");
      while (index > 0 && element.exists()) {
        element = element.next();
        --index;
      }
      if (!element.exists()) return {shown_at, false};
      at = shown_at = element;
      path.remove_prefix(std::min(end + 1, path.size()));
    } else {
      if (path.front() == '.') path.remove_prefix(1);
      if (at.type() != Node::Type::kMap) return {shown_at, false};
      // Names of labels may hold dots: the longest key that the rest of the path starts with.
      Node key = at.first();
      while (key.exists()) {
        const std::string_view name = key.text();
        const bool fits = path.starts_with(name) &&
                          (path.size() == name.size() || path[name.size()] == '.' || path[name.size()] == '[');
        if (fits && key.type() == Node::Type::kScalar && !name.empty()) break;
        key = key.next().next();
      }
      if (!key.exists()) return {shown_at, false};
      path.remove_prefix(key.text().size());
      at = key.next();
      shown_at = at.type() == Node::Type::kScalar ? at : key;
    }
  }
  return {shown_at, true};
}

}  // namespace

DecodedFile decode_file(const SourceText& text) {
  DecodedFile file;
  if (auto unreadable = text.unreadable()) {
    file.lost = true;
    file.complaints.push_back(std::move(*unreadable));
    return file;
  }
  Decoder decoder(text, file);
  const YamlReport report =
      parse_yaml(text, YamlLimits{}, file.complaints,
                 [&](const Document& document, std::uint32_t number) { decoder.decode(document, number); });
  file.documents = report.documents;
  file.lost = file.lost || report.lost;
  return file;
}

Place find_place(const Document& document, std::string_view path) {
  return find_path(document, path).deepest.place();
}

bool has_path(const Document& document, std::string_view path) {
  return find_path(document, path).whole;
}

}  // namespace switchyard
