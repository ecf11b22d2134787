#include "tests/reconciler/wish.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "specs/base/digest.h"

namespace switchyard::testing {

std::string yaml_of(std::string_view lines) {
  std::istringstream in{std::string(lines)};
  std::string text;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string kind;
    std::string name;
    if (!(words >> kind >> name)) continue;
    std::string spec;
    std::getline(words, spec);
    const std::size_t bar = spec.rfind(" | ");
    const std::string more = bar == std::string::npos ? "" : ", " + spec.substr(bar + 3);
    if (bar != std::string::npos) spec.resize(bar);
    text += fmt::format("---\napiVersion: switchyard/v1\nkind: {}\nmetadata: {{name: {}{}}}\nspec: {}\n", kind, name,
                        more, spec);
  }
  return text;
}

LoadedSpecs load_lines(const Files& files, const std::vector<std::string>& scope) {
  SpecSource source;
  for (const auto& [path, lines] : files) {
    std::string bytes = yaml_of(lines);
    source.files.push_back({.shown = path, .absolute = path, .hash = fast_hash_hex(bytes), .bytes = std::move(bytes)});
  }
  source.scope = scope;
  return load(std::move(source), {.missing_secret = LoadOptions::Missing::kError});
}

LoadedSpecs load_lines(std::string_view lines) {
  return load_lines({{"/fleet/all.yaml", std::string(lines)}}, {"/fleet"});
}

std::string complaints_of(const LoadedSpecs& specs) {
  std::string text;
  for (const Diagnostic& diagnostic : specs.diagnostics) text += to_string(diagnostic) + "\n";
  return text;
}

Key server(std::string_view name) {
  return Key{Kind::kServer, std::string(name)};
}

Key media(std::string_view name) {
  return Key{Kind::kRtpServer, std::string(name)};
}

namespace {

std::string deed(const Change& change) {
  return fmt::format("{} {}", to_string(change.action), to_string(change.resource));
}

}  // namespace

std::vector<std::string> changes_of(const Plan& plan) {
  std::vector<std::string> texts;
  for (const Change& change : plan.changes) {
    std::string text = deed(change);
    for (const int id : change.after) text += " <- " + deed(plan.changes[static_cast<std::size_t>(id) - 1]);
    for (const int id : change.after_end) text += " ~ " + deed(plan.changes[static_cast<std::size_t>(id) - 1]);
    texts.push_back(std::move(text));
  }
  return texts;
}

std::vector<std::string> holds_of(const std::vector<Hold>& holds) {
  std::vector<std::string> texts;
  for (const Hold& hold : holds) {
    std::string text = fmt::format("{} {}: {}", to_string(hold.action), to_string(hold.resource), to_string(hold.gate));
    if (hold.needs) text += ", needs " + to_string(*hold.needs);
    if (hold.short_by) text += ", short " + to_string(*hold.short_by);
    texts.push_back(std::move(text));
  }
  return texts;
}

std::vector<std::string> fields_of(const Change& change) {
  std::vector<std::string> texts;
  for (const FieldChange& field : change.fields) {
    texts.push_back(fmt::format("{} {} -> {} {}", field.path, to_string(field.before), to_string(field.after),
                                to_string(field.effect)));
  }
  return texts;
}

const Change* find_change(const Plan& plan, Action action, const Key& resource) {
  const auto at = std::ranges::find_if(
      plan.changes, [&](const Change& change) { return change.action == action && change.resource == resource; });
  return at == plan.changes.end() ? nullptr : &*at;
}

const Hold* find_hold(const std::vector<Hold>& holds, Action action, const Key& resource) {
  const auto at =
      std::ranges::find_if(holds, [&](const Hold& hold) { return hold.action == action && hold.resource == resource; });
  return at == holds.end() ? nullptr : &*at;
}

std::string without_sources(const Plan& plan) {
  Plan bare = plan;
  for (Change& change : bare.changes) change.source = {};
  for (Hold& hold : bare.holds) hold.source = {};
  return to_string(to_json(bare));
}

}  // namespace switchyard::testing
