#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "specs/base/key.h"
#include "state/model/action.h"

// What people may type, and what they may have meant.
namespace switchyard {

// A kind in any case, singular or plural: "servers", "Server".
std::optional<Kind> parse_kind_word(std::string_view text);

// All kinds as the language writes them.
const std::vector<std::string>& kind_words();

// The actions that can be asked for by hand (design 5).
const std::vector<std::string>& action_words();

// `; did you mean "plan"?`, or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace switchyard
