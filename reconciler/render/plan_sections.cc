#include "reconciler/render/plan_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <vector>

#include "reconciler/render/words.h"

namespace switchyard {
namespace {

std::string heading(std::string_view text, Colour colour) {
  return paint(Paint::kBold, text, colour) + "\n";
}

std::string named(const Change& change) {
  return fmt::format("{} {}", to_string(change.action), to_string(change.resource));
}

void append_account(std::string& out, const AccountMoney& money) {
  const auto into = std::back_inserter(out);
  fmt::format_to(into, "  {}: ", money.account);
  if (!money.available) {
    fmt::format_to(into, "balance unknown, {}\n", counted(money.servers, "server"));
    return;
  }
  fmt::format_to(into, "{} available, {} kept in reserve, {}", for_people(*money.available), to_string(money.reserve),
                 counted(money.servers, "server"));
  if (money.affordable > 0) fmt::format_to(into, "; {} affordable now", counted(money.affordable, "create"));
  out += '\n';
  if (money.burn) {
    if (money.burn->micro_minor_per_hour == 0) {
      out += "    nothing that runs costs anything";
    } else {
      fmt::format_to(into, "    lasts {} at {}", lasting(money.runway), to_text(money.burn));
    }
    if (money.burn_after && money.burn_after != money.burn) {
      fmt::format_to(into, "; {} at {} once this is done", lasting(money.runway_after), to_text(money.burn_after));
    }
    out += '\n';
  } else {
    out += "    how long it lasts is unknown: a price is missing\n";
  }
}

void append_short(std::string& out, const Hold& hold) {
  const auto into = std::back_inserter(out);
  fmt::format_to(into, "    {} {}", to_string(hold.action), to_string(hold.resource));
  if (hold.needs) fmt::format_to(into, " needs {}", for_people(*hold.needs));
  if (hold.short_by) fmt::format_to(into, ", {} short", for_people(*hold.short_by));
  out += '\n';
}

}  // namespace

std::string order_section(const Plan& plan, Colour colour) {
  const auto waits = [](const Change& change) { return !change.after.empty() || !change.after_end.empty(); };
  const auto waiting = std::ranges::count_if(plan.changes, waits);
  if (waiting == 0) return {};
  std::map<int, const Change*> by_id;
  for (const auto& change : plan.changes) by_id.emplace(change.id, &change);
  const auto names = [&by_id](const std::vector<int>& ids) {
    std::vector<std::string> found;
    for (const auto id : ids) {
      const auto at = by_id.find(id);
      found.push_back(at == by_id.end() ? fmt::format("change {}", id) : named(*at->second));
    }
    return listed(found);
  };

  std::string out = heading("Order", colour);
  const auto into = std::back_inserter(out);
  const auto at_once = static_cast<std::int64_t>(plan.changes.size()) - waiting;
  fmt::format_to(into, "  {} may start at once, {} for others:\n", counted(at_once, "change"),
                 waiting == 1 ? "1 waits" : fmt::format("{} wait", waiting));
  for (const auto& change : plan.changes) {
    if (!waits(change)) continue;
    fmt::format_to(into, "  {}", named(change));
    if (!change.after.empty()) fmt::format_to(into, " only if {} went well", names(change.after));
    if (!change.after.empty() && !change.after_end.empty()) out += ',';
    if (!change.after_end.empty()) fmt::format_to(into, " after {}", names(change.after_end));
    out += '\n';
  }
  out += '\n';
  return out;
}

std::string money_section(const Plan& plan, Colour colour) {
  if (plan.balances.empty()) return {};
  std::string out = heading("Money", colour);
  for (const auto& money : plan.balances) {
    append_account(out, money);
    for (const auto& hold : plan.holds) {
      if (hold.account == money.account && (hold.needs || hold.short_by)) append_short(out, hold);
    }
  }
  out += '\n';
  return out;
}

std::string safety_section(const Plan& plan, Colour colour) {
  const auto& safety = plan.safety;
  if (safety.destroys == 0 && safety.calls_affected == 0 && safety.lowest.empty()) return {};
  std::string out = heading("Safety", colour);
  const auto into = std::back_inserter(out);
  if (safety.destroys > 0) {
    fmt::format_to(into, "  {}{}\n", counted(safety.destroys, "destroy"),
                   safety.destroy_limit.empty() ? "" : fmt::format(", limit {}", safety.destroy_limit));
  }
  for (const auto& capacity : safety.lowest) {
    fmt::format_to(into, "  cluster {}: never below {} of {} channels, {} in use\n", capacity.cluster, capacity.lowest,
                   capacity.now, capacity.in_use);
  }
  if (safety.calls_affected > 0) {
    fmt::format_to(into, "  {} on servers that are drained first\n", counted(safety.calls_affected, "call"));
  }
  out += '\n';
  return out;
}

std::string notes_section(const Plan& plan, Timestamp now, Colour colour) {
  std::string out;
  const auto into = std::back_inserter(out);
  if (!plan.overrides.empty()) {
    out += heading("Overrides", colour);
    for (const auto& held : plan.overrides) {
      fmt::format_to(into, "  {} {}\n", to_string(held.resource), to_text(held));
    }
    out += '\n';
  }
  if (!plan.adopted.empty()) {
    out += heading("Adopted", colour);
    fmt::format_to(into, "  {} carrying this fleet's mark, new to this state; none is bought again\n",
                   counted(static_cast<std::int64_t>(plan.adopted.size()), "server"));
    for (const auto& key : plan.adopted) fmt::format_to(into, "  {}\n", to_string(key));
    out += '\n';
  }
  if (!plan.under_way.empty()) {
    out += heading("Under way", colour);
    for (const auto& key : plan.under_way) fmt::format_to(into, "  {}\n", to_string(key));
    out += '\n';
  }
  if (!plan.unmanaged.empty()) {
    out += heading("Not ours", colour);
    for (const auto& server : plan.unmanaged) {
      fmt::format_to(into, "  {}: \"{}\" (id {}) {}; costs {}\n", server.account, harmless(server.name),
                     harmless(server.id), harmless(server.why), to_text(server.price));
    }
    out += '\n';
  }
  if (!plan.warnings.empty()) {
    out += heading("Warnings", colour);
    for (const auto& warning : plan.warnings) fmt::format_to(into, "  {}\n", paint(Paint::kYellow, warning, colour));
    out += '\n';
  }
  if (plan.observed_at) {
    fmt::format_to(into, "Observed {} ({}).\n", to_string(*plan.observed_at),
                   ago(plan.looked_at.value_or(*plan.observed_at), now));
  }
  return out;
}

}  // namespace switchyard
