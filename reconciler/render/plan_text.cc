#include "reconciler/render/plan_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>
#include <vector>

#include "reconciler/render/plan_sections.h"
#include "reconciler/render/words.h"

namespace switchyard {
namespace {

// A change or a hold, in the place where it is shown.
struct Entry {
  std::string_view zone;
  std::string_view cluster;
  const Key* resource;
  const Change* change;  // one of the two
  const Hold* hold;
};

// What has no zone or cluster comes after what has one.
auto group_of(const Entry& entry) {
  return std::tuple(entry.zone.empty(), entry.zone, entry.cluster.empty(), entry.cluster);
}

std::vector<Entry> entries_of(const PlanView& view) {
  std::vector<Entry> entries;
  entries.reserve(view.plan.changes.size() + view.plan.holds.size());
  const auto add = [&](const Key& resource, const Change* change, const Hold* hold) {
    const auto* place = view.place(resource);
    entries.push_back({.zone = place == nullptr ? std::string_view() : place->zone,
                       .cluster = place == nullptr ? std::string_view() : place->cluster,
                       .resource = &resource,
                       .change = change,
                       .hold = hold});
  };
  for (const auto& change : view.plan.changes) add(change.resource, &change, nullptr);
  for (const auto& hold : view.plan.holds) add(hold.resource, nullptr, &hold);
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return std::tie(*a.resource) < std::tie(*b.resource); });
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return group_of(a) < group_of(b); });
  return entries;
}

std::string title_of(const Entry& entry) {
  if (entry.zone.empty() && entry.cluster.empty()) return "No zone";
  if (entry.zone.empty()) return fmt::format("Cluster {}", entry.cluster);
  if (entry.cluster.empty()) return fmt::format("Zone {}", entry.zone);
  return fmt::format("Zone {}, cluster {}", entry.zone, entry.cluster);
}

std::string what_of(const Change& change) {
  const bool speaks_for_itself =
      change.action == Action::kCreate || change.action == Action::kDelete || change.action == Action::kReplace;
  if (speaks_for_itself) return std::string(to_string(change.action));
  return fmt::format("{} ({})", to_string(change.action), to_string(change.effect));
}

std::string what_of(const Hold& hold) {
  return fmt::format("{} held ({})", to_string(hold.action), to_string(hold.gate));
}

void append_fields(std::string& out, const PlanView& view, const Key& resource, const std::vector<FieldChange>& fields,
                   const Source& document, Colour colour) {
  Table table({});
  for (const auto& field : fields) {
    const auto* line = view.field(resource, field.path);
    table.add({harmless(field.path), difference(field.before, field.after), std::string(to_string(field.effect)),
               paint(Paint::kDim, to_text(line == nullptr ? document : *line), colour)});
  }
  out += table.text(colour, "        ");
}

std::string drain_note(const Change& change) {
  if (!change.waits_for_zero_calls) return {};
  if (!change.channels) return "        drained first; how many calls are on it is not known\n";
  return fmt::format("        drained first; {} on it now\n", counted(*change.channels, "call"));
}

std::string hold_note(const Hold& hold, Timestamp now) {
  if (!hold.until) return {};
  return fmt::format("        lifts by itself at {} ({})\n", to_string(*hold.until), ago(*hold.until, now));
}

// One group: its title, and the lines of its entries in columns of their own.
void append_group(std::string& out, std::span<const Entry> group, const PlanView& view, Timestamp now, Colour colour) {
  std::size_t resource_width = 0;
  std::size_t what_width = 0;
  for (const auto& entry : group) {
    resource_width = std::max(resource_width, to_string(*entry.resource).size());
    what_width = std::max(what_width, (entry.change != nullptr ? what_of(*entry.change) : what_of(*entry.hold)).size());
  }
  out += paint(Paint::kBold, title_of(group.front()), colour);
  out += '\n';
  for (const auto& entry : group) {
    const auto& source = entry.change != nullptr ? entry.change->source : entry.hold->source;
    const auto symbol = entry.change != nullptr ? symbol_of(entry.change->action, colour) : symbol_of_hold(colour);
    const auto what = entry.change != nullptr ? what_of(*entry.change) : what_of(*entry.hold);
    const auto& reason = entry.change != nullptr ? entry.change->reason : entry.hold->reason;
    const auto action = entry.change != nullptr ? entry.change->action : entry.hold->action;
    const auto& fields = entry.change != nullptr ? entry.change->fields : entry.hold->fields;

    out += fmt::format("  {} {}  {}  ", padded(symbol, 3), padded(to_string(*entry.resource), resource_width),
                       padded(what, what_width));
    out += harmless(reason);
    if (const auto place = to_text(source); !place.empty()) {
      out += "  ";
      out += paint(Paint::kDim, place, colour);
    }
    out += '\n';
    // A create differs in everything; what it will be is what the specs say.
    if (action != Action::kCreate) append_fields(out, view, *entry.resource, fields, source, colour);
    if (entry.change != nullptr) out += drain_note(*entry.change);
    if (entry.hold != nullptr) out += hold_note(*entry.hold, now);
  }
  out += '\n';
}

}  // namespace

std::string render_summary(const Plan& plan) {
  const auto& summary = plan.summary;
  std::vector<std::string> parts;
  const auto add = [&parts](std::int64_t number, std::string_view words) {
    if (number > 0) parts.push_back(fmt::format("{} {}", number, words));
  };
  add(summary.create, "to create");
  add(summary.update, "to update");
  add(summary.replace, "to replace");
  add(summary.remove, "to delete");
  add(summary.action, summary.action == 1 ? "action" : "actions");
  add(summary.held, "held");
  if (parts.empty()) return fmt::format("No changes. {} as the specs say.", counted(summary.unchanged, "resource"));
  return fmt::format("Plan: {}, {} unchanged.", fmt::join(parts, ", "), summary.unchanged);
}

std::string render_plan(const PlanView& view, Timestamp now, Colour colour) {
  std::string out;
  const auto entries = entries_of(view);
  for (std::size_t begin = 0; begin < entries.size();) {
    auto end = begin + 1;
    while (end < entries.size() && group_of(entries[end]) == group_of(entries[begin])) ++end;
    append_group(out, std::span(entries).subspan(begin, end - begin), view, now, colour);
    begin = end;
  }
  if (!entries.empty()) {
    out += order_section(view.plan, colour);
    out += money_section(view.plan, colour);
    out += safety_section(view.plan, colour);
  }
  out += notes_section(view.plan, now, colour);
  out += paint(Paint::kBold, render_summary(view.plan), colour);
  out += '\n';
  return out;
}

}  // namespace switchyard
