#include "reconciler/render/style.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace switchyard {
namespace {

std::string_view code_of(Paint paint) {
  switch (paint) {
    case Paint::kPlain:
      return "";
    case Paint::kBold:
      return "\x1b[1m";
    case Paint::kDim:
      return "\x1b[2m";
    case Paint::kGreen:
      return "\x1b[32m";
    case Paint::kYellow:
      return "\x1b[33m";
    case Paint::kRed:
      return "\x1b[31m";
    case Paint::kMagenta:
      return "\x1b[35m";
    case Paint::kCyan:
      return "\x1b[36m";
  }
  return "";
}

bool starts_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

}  // namespace

std::string paint(Paint paint, std::string_view text, Colour colour) {
  if (colour == Colour::kOff || paint == Paint::kPlain || text.empty()) return std::string(text);
  std::string painted(code_of(paint));
  painted += text;
  painted += "\x1b[0m";
  return painted;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\x1b') {  // paint() writes nothing but "ESC [ ... m"
      while (at < text.size() && text[at] != 'm') ++at;
      continue;
    }
    if (starts_character(text[at])) ++width;
  }
  return width;
}

std::string padded(std::string_view text, std::size_t width) {
  std::string out(text);
  const auto now = display_width(text);
  if (now < width) out.append(width - now, ' ');
  return out;
}

std::string counted(std::int64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += i + 1 == names.size() ? " and " : ", ";
    out += names[i];
  }
  return out;
}

std::string harmless(std::string_view text) {
  std::string out(text);
  for (std::size_t at = 0; at < out.size(); ++at) {
    const auto byte = static_cast<unsigned char>(out[at]);
    if (byte < 0x20U || byte == 0x7FU) out[at] = '?';
    // U+0080 to U+009F are control characters as well, written as 0xC2 and the code.
    if (byte == 0xC2U && at + 1 < out.size() && static_cast<unsigned char>(out[at + 1]) < 0xA0U) {
      out.replace(at, 2, "?");
    }
  }
  return out;
}

Table::Table(std::vector<std::string> head) : head_(std::move(head)) {}

void Table::add(std::vector<std::string> row) {
  rows_.push_back(std::move(row));
}

std::string Table::text(Colour colour, std::string_view indent) const {
  std::vector<std::size_t> widths;
  const auto measure = [&widths](const std::vector<std::string>& row) {
    if (widths.size() < row.size()) widths.resize(row.size());
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  };
  measure(head_);
  for (const auto& row : rows_) measure(row);

  const auto line_of = [&widths](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += i + 1 < row.size() ? padded(row[i], widths[i] + 2) : row[i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
  };
  std::string out;
  if (!head_.empty()) {
    out += indent;
    out += paint(Paint::kBold, line_of(head_), colour);
    out += '\n';
  }
  for (const auto& row : rows_) {
    out += indent;
    out += line_of(row);
    out += '\n';
  }
  return out;
}

}  // namespace switchyard
