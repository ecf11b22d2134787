#include "reconciler/cli/drift.h"

#include <fmt/format.h>

#include <algorithm>

#include "reconciler/render/words.h"

namespace switchyard {
namespace {

using Entries = std::vector<std::pair<Intent, std::optional<Outcome>>>;

bool went_well(const std::optional<Outcome>& outcome) {
  return outcome && outcome->kind == Outcome::Kind::kDone;
}

// The digest of the configuration that was last brought into force from here; nothing: the journal knows of none.
std::optional<std::string> last_sent(const Entries& entries) {
  for (const auto& [intent, outcome] : entries) {
    if (!went_well(outcome)) continue;
    if (auto digest = intent.request.string_or("digest", ""); !digest.empty()) return digest;
  }
  return std::nullopt;
}

// Whether the last action on its power from here was `action`; a server that was created runs.
bool last_power_was(const Entries& entries, Action action) {
  for (const auto& [intent, outcome] : entries) {
    if (!went_well(outcome)) continue;
    if (intent.action == Action::kStart || intent.action == Action::kStop) return intent.action == action;
    if (intent.action == Action::kCreate) return action == Action::kStart;
  }
  return false;
}

bool was_there(const DriftInput& input, const Key& key) {
  return std::ranges::any_of(input.declarations, [&key](const Declaration& declaration) {
    return declaration.resource == key && !declaration.uid.empty();
  });
}

bool is_drift(const DriftInput& input, const Key& key, Action action) {
  switch (action) {
    case Action::kCreate:
      return was_there(input, key);
    case Action::kDelete:   // it is no longer declared
    case Action::kReplace:  // its zone, type or account changed
    case Action::kUpgrade:  // a release came out
      return false;
    case Action::kUpdate:
    case Action::kInstall:
    case Action::kResize: {
      const auto* server = input.desired.server(key);
      const auto sent = last_sent(input.journal(key));
      // Without a journal (a state that was lost) nobody is known to have changed the YAML either.
      return server == nullptr || !sent || *sent == server->digest;
    }
    case Action::kStart:
    case Action::kStop:
      return last_power_was(input.journal(key), action);
    case Action::kRestart:
    case Action::kOsCycle:
    case Action::kPowerCycle:
    case Action::kReactivate:
    case Action::kFlush:
    case Action::kDrain:
    case Action::kUndrain:
      return true;
  }
  return true;
}

void append(std::string& out, const PlanView& view, const Key& key, Action action, const std::string& reason,
            const std::vector<FieldChange>& fields, const Source& source, Colour colour) {
  out += fmt::format("  {} {}  {}\n", symbol_of(action, colour), to_string(key), harmless(reason));
  Table table({});
  for (const auto& field : fields) {
    const auto* line = view.field(key, field.path);
    table.add({harmless(field.path), fmt::format("observed {}", to_text(field.before)),
               fmt::format("desired {}", to_text(field.after)),
               paint(Paint::kDim, to_text(line == nullptr ? source : *line), colour)});
  }
  if (action != Action::kCreate) out += table.text(colour, "      ");
}

}  // namespace

Drift drift_of(const DriftInput& input) {
  Drift drift;
  for (const auto& change : input.plan.changes) {
    if (is_drift(input, change.resource, change.action)) {
      drift.changes.push_back(change);
    } else {
      ++drift.from_specs;
    }
  }
  for (const auto& hold : input.plan.holds) {
    if (is_drift(input, hold.resource, hold.action)) {
      drift.holds.push_back(hold);
    } else {
      ++drift.from_specs;
    }
  }
  return drift;
}

std::string render_drift(const Drift& drift, const PlanView& view, Colour colour) {
  std::string out;
  for (const auto& change : drift.changes) {
    append(out, view, change.resource, change.action, change.reason, change.fields, change.source, colour);
  }
  for (const auto& hold : drift.holds) {
    append(out, view, hold.resource, hold.action, hold.reason + fmt::format(" (held: {})", to_string(hold.gate)),
           hold.fields, hold.source, colour);
  }
  const auto count = static_cast<std::int64_t>(drift.changes.size() + drift.holds.size());
  if (!drift.empty()) out += '\n';
  out += paint(Paint::kBold,
               drift.empty() ? std::string("No drift.")
                             : fmt::format("Drift: {} to bring back; apply does.", counted(count, "difference")),
               colour);
  out += '\n';
  if (drift.from_specs > 0) {
    out += fmt::format("{} from changed specs, not drift; see plan.\n",
                       drift.from_specs == 1 ? std::string("1 difference comes")
                                             : fmt::format("{} differences come", drift.from_specs));
  }
  return out;
}

}  // namespace switchyard
