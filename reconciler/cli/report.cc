#include "reconciler/cli/report.h"

#include <fmt/format.h>

#include <vector>

#include "reconciler/render/words.h"

namespace switchyard {
namespace {

Json as_json(const Hold& hold) {
  // One form for holds everywhere: that of a plan.
  Plan plan;
  plan.holds.push_back(hold);
  const auto json = to_json(plan);
  const auto* holds = json.find("holds");
  return holds != nullptr && holds->array() != nullptr && !holds->array()->empty() ? holds->array()->front() : Json();
}

Json array_of(const std::vector<std::string>& lines) {
  Json::Array array;
  for (const auto& line : lines) array.push_back(line);
  return array;
}

}  // namespace

std::string render_report(const ApplyReport& report, Colour colour) {
  std::string out;
  for (const auto& failure : report.failures) {
    out += fmt::format("{} {}\n", paint(Paint::kRed, "failed:", colour), harmless(failure));
  }
  for (const auto& stale : report.stale) {
    out += fmt::format("{} {}\n", paint(Paint::kMagenta, "stale:", colour), harmless(stale));
  }
  for (const auto& hold : report.holds) {
    out += fmt::format("{} {} {} ({}): {}\n", symbol_of_hold(colour), to_string(hold.action), to_string(hold.resource),
                       to_string(hold.gate), harmless(hold.reason));
  }
  std::string summary = counted(report.changes_done, "change") + " done";
  if (!report.holds.empty()) summary += fmt::format(", {} held", report.holds.size());
  if (!report.failures.empty()) summary += fmt::format(", {} failed", report.failures.size());
  if (!report.stale.empty()) summary += fmt::format(", {} stale", report.stale.size());
  if (report.interrupted) summary += "; stopped before the end: run it again to go on";
  out += paint(Paint::kBold, summary + ".", colour) + "\n";
  return out;
}

Json to_json(const ApplyReport& report) {
  Json::Array holds;
  for (const auto& hold : report.holds) holds.push_back(as_json(hold));
  return Json::Object{{"changesDone", static_cast<std::int64_t>(report.changes_done)},
                      {"holds", std::move(holds)},
                      {"failures", array_of(report.failures)},
                      {"stale", array_of(report.stale)},
                      {"interrupted", report.interrupted},
                      {"exitCode", static_cast<std::int64_t>(report.exit_code())}};
}

}  // namespace switchyard
