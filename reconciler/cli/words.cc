#include "reconciler/cli/words.h"

#include "specs/suggest.h"

namespace switchyard {
std::optional<Kind> parse_kind_word(std::string_view text) {
  const auto as_key = [](std::string_view kind) { return parse_key(std::string(kind) + "/x"); };
  if (const auto key = as_key(text)) return key->kind;
  if (text.ends_with('s')) {
    if (const auto key = as_key(text.substr(0, text.size() - 1))) return key->kind;
  }
  return std::nullopt;
}

const std::vector<std::string>& kind_words() {
  static const std::vector<std::string> kWords = [] {
    std::vector<std::string> words;
    for (const Kind kind : all_kinds()) words.emplace_back(to_string(kind));
    return words;
  }();
  return kWords;
}

const std::vector<std::string>& action_words() {
  static const std::vector<std::string> kWords = [] {
    std::vector<std::string> words;
    for (const auto action :
         {Action::kInstall, Action::kStart, Action::kStop, Action::kRestart, Action::kOsCycle, Action::kPowerCycle,
          Action::kReactivate, Action::kResize, Action::kFlush, Action::kUpgrade, Action::kDrain, Action::kUndrain}) {
      words.emplace_back(to_string(action));
    }
    return words;
  }();
  return kWords;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  return did_you_mean(word, std::vector<std::string_view>(candidates.begin(), candidates.end()));
}

}  // namespace switchyard
