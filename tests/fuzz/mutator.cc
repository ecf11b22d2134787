#include "tests/fuzz/mutator.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

namespace switchyard::fuzz {
namespace {

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Numbers at which something ends.
constexpr std::string_view kEdges[] = {"0",
                                       "-1",
                                       "1",
                                       "9223372036854775807",
                                       "-9223372036854775808",
                                       "2147483648",
                                       "4294967295",
                                       "999999999999999",
                                       "1e9",
                                       "0.000000001",
                                       "18446744073709551616"};

const std::string& any_of(const Material& material, Random& random) {
  const auto at = std::next(material.inputs.begin(), static_cast<std::ptrdiff_t>(random.below(material.inputs.size())));
  return at->second;
}

void replace_a_number(std::string& text, Random& random) {
  const std::size_t from = random.below(text.size());
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto first = std::find_if(text.begin() + static_cast<std::ptrdiff_t>(from), text.end(), digit);
  const auto last = std::find_if_not(first, text.end(), digit);
  text.replace(first, last, kEdges[random.below(std::size(kEdges))]);
}

void change(std::string& text, const Material& material, Random& random) {
  if (text.empty()) text = any_of(material, random);
  if (text.empty()) text = "a";
  const std::size_t at = random.below(text.size());
  const std::size_t length = 1 + random.below(1 + random.below(std::min<std::size_t>(text.size(), 64)));
  switch (random.below(8)) {
    case 0:
      text[at] = static_cast<char>(random.below(256));
      return;
    case 1:
      text[at] = static_cast<char>(static_cast<unsigned char>(text[at]) ^ (1U << random.below(8)));
      return;
    case 2:
      text.erase(at, length);
      return;
    case 3:
      text.insert(random.below(text.size()), text.substr(at, length));
      return;
    case 4:
      if (!material.words.empty()) text.insert(at, material.words[random.below(material.words.size())]);
      return;
    case 5:
      if (!material.words.empty()) text.replace(at, length, material.words[random.below(material.words.size())]);
      return;
    case 6: {
      const std::string& other = any_of(material, random);
      if (!other.empty()) text.replace(at, std::string::npos, other.substr(random.below(other.size())));
      return;
    }
    default:
      replace_a_number(text, random);
  }
}

}  // namespace

std::vector<std::string> words_in(std::string_view dictionary) {
  std::vector<std::string> words;
  while (!dictionary.empty()) {
    const std::size_t end = std::min(dictionary.find('\n'), dictionary.size());
    const std::string_view line = dictionary.substr(0, end);
    dictionary.remove_prefix(std::min(end + 1, dictionary.size()));
    const std::size_t quote = line.find('"');
    if (line.starts_with('#') || quote == std::string_view::npos) continue;
    std::string word;
    for (std::size_t i = quote + 1; i < line.size() && line[i] != '"'; ++i) {
      if (line[i] != '\\' || i + 1 == line.size()) {
        word += line[i];
      } else if (line[i + 1] == 'x' && i + 3 < line.size()) {
        unsigned byte = 0;
        std::from_chars(line.data() + i + 2, line.data() + i + 4, byte, 16);
        word += static_cast<char>(byte);
        i += 3;
      } else {
        word += line[++i];
      }
    }
    words.push_back(std::move(word));
  }
  return words;
}

Material material_of(const std::filesystem::path& tree, std::string_view target) {
  Material material;
  const auto take = [&material](const std::filesystem::path& folder) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (!entry.is_regular_file() || entry.path().extension() == ".expected") continue;
      material.inputs.emplace(entry.path().filename().string(), bytes_of(entry.path()));
    }
  };
  const std::filesystem::path here = tree / "tests/fuzz";
  take(here / "corpus" / target);
  if (target == "yaml" || target == "fleet") take(tree / "tests/golden/diagnostics");
  material.words = words_in(bytes_of(here / "dictionaries" / (std::string(target) + ".dict")));
  return material;
}

std::string mutated(const Material& material, std::size_t longest, Random& random) {
  std::string text = any_of(material, random);
  const std::uint64_t changes = 1 + random.below(6);
  for (std::uint64_t i = 0; i < changes; ++i) change(text, material, random);
  if (text.size() > longest) text.resize(longest);
  return text;
}

}  // namespace switchyard::fuzz
