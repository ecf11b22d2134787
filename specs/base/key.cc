#include "specs/base/key.h"

#include <algorithm>
#include <array>
#include <utility>

#include "specs/base/effect.h"

namespace switchyard {
namespace {

constexpr std::array<std::pair<Effect, std::string_view>, 5> kEffects{{
    {Effect::kLive, "live"},
    {Effect::kRestart, "restart"},
    {Effect::kReboot, "reboot"},
    {Effect::kRebuild, "rebuild"},
    {Effect::kReplace, "replace"},
}};

bool equal_but_for_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace

std::span<const Kind> all_kinds() {
  static constexpr auto kAll = [] {
    std::array<Kind, kKinds.size()> all{};
    std::ranges::transform(kKinds, all.begin(), &KindWord::kind);
    return all;
  }();
  return kAll;
}

std::string_view meaning_of(Kind kind) {
  return std::ranges::find(kKinds, kind, &KindWord::kind)->meaning;
}

std::string_view to_string(Kind kind) {
  return std::ranges::find(kKinds, kind, &KindWord::kind)->word;
}

std::optional<Kind> parse_kind(std::string_view text) {
  for (const auto& [kind, word, meaning] : kKinds) {
    if (word == text) return kind;
  }
  return std::nullopt;
}

std::string to_string(const Key& key) {
  return std::string(to_string(key.kind)) + "/" + key.name;
}

std::optional<Key> parse_key(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash + 1 == text.size()) return std::nullopt;
  for (const auto& [kind, word, meaning] : kKinds) {
    if (equal_but_for_case(word, text.substr(0, slash))) return Key{kind, std::string(text.substr(slash + 1))};
  }
  return std::nullopt;
}

std::string_view to_string(Effect effect) {
  return std::ranges::find(kEffects, effect, &std::pair<Effect, std::string_view>::first)->second;
}

std::optional<Effect> parse_effect(std::string_view text) {
  for (const auto& [effect, word] : kEffects) {
    if (word == text) return effect;
  }
  return std::nullopt;
}

}  // namespace switchyard
