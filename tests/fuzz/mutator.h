#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "specs/base/random.h"

namespace switchyard::fuzz {

// The inputs that are in the tree for a target, by name, and the words of its dictionary.
struct Material {
  std::map<std::string, std::string> inputs;
  std::vector<std::string> words;
};
// From tests/fuzz/corpus/TARGET and tests/fuzz/dictionaries/TARGET.dict below `tree`, and for what reads specs from the
// golden files of mistakes.
Material material_of(const std::filesystem::path& tree, std::string_view target);

// The words of a dictionary in libFuzzer's form: name="text", with \xNN, \\ and \".
std::vector<std::string> words_in(std::string_view dictionary);

// An input that is one or several small changes away from those in the tree. The same `random` gives the same bytes.
std::string mutated(const Material& material, std::size_t longest, Random& random);

}  // namespace switchyard::fuzz
