#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace switchyard {

// The candidate that `word` was most likely meant to be, by edit distance; empty when none is near.
std::string nearest(std::string_view word, const std::vector<std::string_view>& candidates);

// `; did you mean "lon1"?`, or nothing when none is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates);

// "a", "b" or "c".
std::string one_of(const std::vector<std::string_view>& words);

}  // namespace switchyard
