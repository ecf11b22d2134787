#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard {

// How text for people is written: with the terminal's colours or without.
enum class Colour { kOff, kOn };

enum class Paint { kPlain, kBold, kDim, kGreen, kYellow, kRed, kMagenta, kCyan };

// `text` in a colour, or as it is where colours are off.
std::string paint(Paint paint, std::string_view text, Colour colour);

// How many columns a text takes: characters, not bytes; escape sequences of paint() take none.
std::size_t display_width(std::string_view text);

// `text` filled up with spaces to `width` columns; longer text stays as it is.
std::string padded(std::string_view text, std::size_t width);

// "1 server", "2 servers".
std::string counted(std::int64_t number, std::string_view noun);

// Names for a sentence: "a", "a and b", "a, b and c".
std::string listed(const std::vector<std::string>& names);

// Text that a stranger's machine supplied (names at a provider, messages), safe to show: control characters, which
// could move the cursor or forge a line, become '?'.
std::string harmless(std::string_view text);

// Columns of text, each as wide as its widest cell, two spaces between them, none at the end of a line.
class Table {
 public:
  explicit Table(std::vector<std::string> head);
  void add(std::vector<std::string> row);
  bool empty() const { return rows_.empty(); }
  // The head (in bold) and the rows, each line after `indent`.
  std::string text(Colour colour, std::string_view indent = "") const;

 private:
  std::vector<std::string> head_;  // empty: none is shown
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace switchyard
