#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "specs/kinds/schema.h"
#include "specs/kinds/tables.h"
#include "specs/load.h"
#include "specs/scalar.h"
#include "specs/suggest.h"
#include "specs/type_words.h"

namespace switchyard {
namespace {

// What a path of `explain` names: a kind, a group of fields, a field, or a member of the objects in a list.
struct Subject {
  Kind kind;
  const SchemaNode* node;
  const FieldRow* member = nullptr;
};

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

void collect_paths(const SchemaNode& node, std::vector<std::string_view>& paths) {
  for (const SchemaNode& child : node.children) {
    paths.push_back(child.path);
    collect_paths(child, paths);
  }
}

const FieldRow* row_of(const KindSchema& schema, const SchemaNode* node) {
  return node == nullptr || node->field == kNoField ? nullptr : schema.fields[node->field].row;
}

// As people type it: with or without "spec.", the last parts alone where they are unique ("Server.tls").
const SchemaNode* find_node(const KindSchema& schema, std::string_view field) {
  if (field.empty()) return &schema.root;
  if (const SchemaNode* node = schema.node(field)) return node;
  if (const SchemaNode* node = schema.node(fmt::format("spec.{}", field))) return node;
  std::vector<std::string_view> paths;
  collect_paths(schema.root, paths);
  const std::string ending = fmt::format(".{}", field);
  std::erase_if(paths, [&](std::string_view path) { return !path.ends_with(ending); });
  return paths.size() == 1 ? schema.node(paths.front()) : nullptr;
}

Result<Subject> find_subject(std::string_view path) {
  const std::size_t dot = path.find('.');
  const std::string_view kind_word = path.substr(0, dot);
  std::vector<std::string_view> kinds;
  for (const Kind kind : all_kinds()) {
    kinds.push_back(to_string(kind));
    if (lower(to_string(kind)) != lower(kind_word)) continue;
    const KindSchema& schema = schema_of(kind);
    const std::string_view field = dot == std::string_view::npos ? "" : path.substr(dot + 1);
    if (const SchemaNode* node = find_node(schema, field)) return Subject{kind, node};
    // A member of an object in a list: certificates.domains.
    const std::size_t last = field.rfind('.');
    const SchemaNode* list = last == std::string_view::npos ? nullptr : find_node(schema, field.substr(0, last));
    if (const FieldRow* row = row_of(schema, list)) {
      const auto member = std::ranges::find(row->members, field.substr(last + 1), &FieldRow::path);
      if (member != row->members.end()) return Subject{kind, list, &*member};
    }
    std::vector<std::string_view> paths;
    collect_paths(schema.root, paths);
    std::vector<std::string_view> words(paths);
    for (const std::string_view each : paths) words.push_back(last_part(each));
    return Error{ErrorCode::kInvalid,
                 fmt::format("{} has no field \"{}\"{}", to_string(kind), shown(field), did_you_mean(field, words))};
  }
  return Error{ErrorCode::kInvalid, fmt::format("there is no kind \"{}\"{}; the kinds are {}", shown(kind_word),
                                                did_you_mean(kind_word, kinds), one_of(kinds))};
}

std::string_view effect_for_people(EffectRule effect) {
  switch (effect) {
    case EffectRule::kLive:
      return "live: no call notices";
    case EffectRule::kRestart:
      return "restart: of the SIP process, after a drain";
    case EffectRule::kReboot:
      return "reboot: of the machine, after a drain";
    case EffectRule::kReplace:
      return "replace: the new one serves before the old one goes";
    case EffectRule::kChannels:
      return "live up to 1,000; across or above 1,000 reboot, after a drain";
    case EffectRule::kTlsMaterial:
      return "live on a server that has TLS; otherwise restart, after a drain";
    case EffectRule::kTrace:
      return "live for on and off; another target or transport is a restart, after a drain";
  }
  return "";
}

std::string default_for_people(const FieldRow& row) {
  if (row.required) return "none: it has to be written";
  if (!row.fallback_note.empty()) return std::string(row.fallback_note);
  return row.fallback.empty() ? "none" : std::string(row.fallback);
}

void append_row(const FieldRow& row, std::string& text) {
  text += fmt::format("  type     {}\n", type_for_people(row));
  text += fmt::format("  default  {}\n", default_for_people(row));
  text += fmt::format("  effect   {}\n", effect_for_people(row.effect));
  text += fmt::format("  rule     {}\n", row.rule);
}

void append_children(const KindSchema& schema, const SchemaNode& group, std::string& text) {
  std::size_t widest = 0;
  std::vector<const SchemaNode*> leaves;
  const auto collect = [&](const auto& self, const SchemaNode& node) -> void {
    for (const SchemaNode& child : node.children) {
      if (child.field == kNoField) {
        self(self, child);
      } else {
        leaves.push_back(&child);
        widest = std::max(widest, child.path.size());
      }
    }
  };
  collect(collect, group);
  for (const SchemaNode* leaf : leaves) {
    const FieldRow& row = *schema.fields[leaf->field].row;
    text += fmt::format("  {:<{}}  {}{}\n", leaf->path, widest, row.meaning, row.required ? " (required)" : "");
  }
}

Json row_json(std::string_view path, const FieldRow& row) {
  Json json;
  json.set("path", Json(path)).set("type", Json(type_for_people(row))).set("default", Json(default_for_people(row)));
  json.set("required", Json(row.required)).set("effect", Json(effect_for_people(row.effect)));
  json.set("meaning", Json(row.meaning)).set("rule", Json(row.rule));
  return json;
}

}  // namespace

Result<std::string> explain(std::string_view path) {
  const Result<Subject> subject = find_subject(path);
  if (!subject.ok()) return subject.error();
  const KindSchema& schema = schema_of(subject->kind);
  const std::string_view kind = to_string(subject->kind);
  if (subject->member != nullptr) {
    std::string text =
        fmt::format("{}.{}[].{}\n  {}\n\n", kind, subject->node->path, subject->member->path, subject->member->meaning);
    append_row(*subject->member, text);
    return text;
  }
  if (const FieldRow* row = row_of(schema, subject->node)) {
    std::string text = fmt::format("{}.{}\n  {}\n\n", kind, subject->node->path, row->meaning);
    append_row(*row, text);
    if (!row->members.empty()) text += "\nEach element has:\n";
    for (const FieldRow& member : row->members)
      text += fmt::format("  {:<8} {}{}\n", member.path, member.meaning, member.required ? " (required)" : "");
    return text;
  }
  if (subject->node->path.empty()) {
    std::string text = fmt::format("{}\n  {}\n\n", kind, meaning_of(subject->kind));
    append_children(schema, *subject->node, text);
    return text;
  }
  std::string text = fmt::format("{}.{}\n", kind, subject->node->path);
  if (!subject->node->meaning.empty()) text += fmt::format("  {}\n", subject->node->meaning);
  text += '\n';
  append_children(schema, *subject->node, text);
  return text;
}

Json explain_json(std::string_view path) {
  Json json;
  json.set("formatVersion", Json(1));
  const Result<Subject> subject = find_subject(path);
  if (!subject.ok()) return json.set("error", Json(subject.error().message));
  const KindSchema& schema = schema_of(subject->kind);
  json.set("kind", Json(to_string(subject->kind))).set("meaning", Json(meaning_of(subject->kind)));
  Json::Array fields;
  if (subject->member != nullptr) {
    fields.push_back(row_json(fmt::format("{}[].{}", subject->node->path, subject->member->path), *subject->member));
  } else {
    for (const SchemaField& field : schema.fields) {
      const std::string& wanted = subject->node->path;
      const bool below = wanted.empty() || field.path == wanted || field.path.starts_with(wanted + ".");
      if (below) fields.push_back(row_json(field.path, *field.row));
    }
  }
  return json.set("fields", Json(std::move(fields)));
}

}  // namespace switchyard
