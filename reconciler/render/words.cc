#include "reconciler/render/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace switchyard {
namespace {

// Whether YAML would read the text back as this very text without quotes; careful rather than exact.
bool plain(std::string_view text) {
  if (text.empty() || std::isspace(static_cast<unsigned char>(text.front())) != 0 ||
      std::isspace(static_cast<unsigned char>(text.back())) != 0) {
    return false;
  }
  static constexpr std::array kWords{"true", "false", "null", "yes", "no", "~", "unset"};
  if (std::ranges::find(kWords, text) != kWords.end()) return false;
  if (std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0 || c == '.'; })) return false;
  return text.find_first_of("\"'{}[],#&*!|>%@`") == std::string_view::npos && text.find(": ") == std::string_view::npos;
}

}  // namespace

std::string to_text(const Source& source) {
  if (source.file.empty()) return {};
  return source.line > 0 ? fmt::format("{}:{}", source.file, source.line) : source.file;
}

std::string ago(Timestamp then, Timestamp now) {
  const auto distance = now - then;
  if (distance >= std::chrono::seconds(1)) return span_text(distance) + " ago";
  if (distance <= std::chrono::seconds(-1)) return "in " + span_text(-distance);
  return "now";
}

std::string span_text(Duration span) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(span);
  return seconds.count() == 0 ? std::string("0s") : for_people(seconds);
}

std::string lasting(std::optional<std::chrono::seconds> span) {
  return span ? for_people(Duration(*span)) : std::string("for ever");
}

Json json_of(const std::optional<std::int64_t>& number) {
  if (number) return *number;
  return {};
}

Json json_of(const std::optional<std::string>& text) {
  if (text) return *text;
  return {};
}

Json json_of(const std::optional<Timestamp>& time) {
  if (time) return to_string(*time);
  return {};
}

Json json_of(const std::optional<Key>& key) {
  if (key) return to_string(*key);
  return {};
}

std::string to_text(const Json& value) {
  if (value.is_null()) return "unset";
  if (const auto* text = value.string()) return plain(*text) ? harmless(*text) : to_string(value);
  return to_string(value);
}

std::string difference(const Json& before, const Json& after) {
  const auto* old_items = before.array();
  const auto* new_items = after.array();
  if (old_items == nullptr || new_items == nullptr) return fmt::format("{} -> {}", to_text(before), to_text(after));
  const auto missing_from = [](const Json::Array& items, const Json::Array& others) {
    std::vector<std::string> missing;
    for (const auto& item : items) {
      if (std::ranges::find(others, item) == others.end()) missing.push_back(to_text(item));
    }
    return missing;
  };
  const auto gone = missing_from(*old_items, *new_items);
  const auto come = missing_from(*new_items, *old_items);
  const auto same = old_items->size() - gone.size();
  // Nothing in common, or the same in another order: both lists say it best.
  if (same == 0 || (gone.empty() && come.empty())) return fmt::format("{} -> {}", to_text(before), to_text(after));
  std::string text;
  if (!gone.empty()) text += fmt::format("without {}, ", listed(gone));
  if (!come.empty()) text += fmt::format("with {}, ", listed(come));
  return text + fmt::format("{} as before", same);
}

std::string to_text(const std::optional<Rate>& rate) {
  return rate ? fmt::format("{} {}/h", to_string(*rate), rate->currency.code()) : std::string("unknown");
}

std::string to_text(const Override& held) {
  std::string text = fmt::format("{} by {} since {}", to_string(held.what), harmless(held.who), to_string(held.since));
  if (held.until) text += ", until " + to_string(*held.until);
  if (!held.why.empty()) text += ": " + harmless(held.why);
  return text;
}

std::string passive(Action action) {
  switch (action) {
    case Action::kCreate:
      return "created";
    case Action::kUpdate:
      return "updated";
    case Action::kReplace:
      return "replaced";
    case Action::kDelete:
      return "deleted";
    case Action::kInstall:
      return "installed anew";
    case Action::kStart:
      return "started";
    case Action::kStop:
      return "stopped";
    case Action::kRestart:
      return "restarted";
    case Action::kOsCycle:
      return "shut down and started (os-cycle)";
    case Action::kPowerCycle:
      return "reset (power-cycle)";
    case Action::kReactivate:
      return "reactivated";
    case Action::kResize:
      return "resized";
    case Action::kFlush:
      return "flushed";
    case Action::kUpgrade:
      return "upgraded";
    case Action::kDrain:
      return "drained";
    case Action::kUndrain:
      return "undrained";
  }
  return {};
}

std::string symbol_of(Action action, Colour colour) {
  switch (action) {
    case Action::kCreate:
      return paint(Paint::kGreen, "+", colour);
    case Action::kReplace:
      return paint(Paint::kMagenta, "-/+", colour);
    case Action::kDelete:
      return paint(Paint::kRed, "-", colour);
    case Action::kUpdate:
    case Action::kInstall:
    case Action::kStart:
    case Action::kStop:
    case Action::kRestart:
    case Action::kOsCycle:
    case Action::kPowerCycle:
    case Action::kReactivate:
    case Action::kResize:
    case Action::kFlush:
    case Action::kUpgrade:
    case Action::kDrain:
    case Action::kUndrain:
      return paint(Paint::kYellow, "~", colour);
  }
  return {};
}

std::string symbol_of_hold(Colour colour) {
  return paint(Paint::kCyan, "!", colour);
}

}  // namespace switchyard
