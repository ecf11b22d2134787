#include "specs/source_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "specs/syntax.h"

namespace switchyard {
namespace {

constexpr std::size_t kLongestLine = 400;  // bytes that are shown

// A column in bytes as a column in characters.
int characters(std::string_view text) {
  return static_cast<int>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

// Hides what looks like a secret: the value of a key that is named so, and what stands before the "@" of a URI.
std::string redacted(std::string line) {
  std::string lower(line);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  const auto hide = [&](std::size_t from, std::size_t to) {
    line.replace(from, to - from, std::string(to - from, '*'));
    lower.replace(from, to - from, std::string(to - from, '*'));
  };
  for (const std::string_view word : {"pass", "token", "secret", "key"}) {
    for (std::size_t at = lower.find(word); at != std::string::npos; at = lower.find(word, at + 1)) {
      const std::size_t colon = lower.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-\"'", at);
      if (colon == std::string::npos || lower[colon] != ':') continue;
      const std::size_t value = lower.find_first_not_of(' ', colon + 1);
      if (value == std::string::npos || lower[value] == '{' || lower[value] == '#') continue;
      hide(value, std::min(lower.find_first_of(",}", value), lower.size()));
    }
  }
  for (std::size_t at = lower.find('@'); at != std::string::npos; at = lower.find('@', at + 1)) {
    const std::size_t start = lower.find_last_of(" \"'/", at);
    const std::size_t scheme = start == std::string::npos ? 0 : start + 1;
    const std::size_t user = lower.compare(scheme, 4, "sip:") == 0    ? scheme + 4
                             : lower.compare(scheme, 5, "sips:") == 0 ? scheme + 5
                                                                      : scheme;
    const std::size_t colon = lower.find(':', user);
    if (colon < at) hide(colon + 1, at);
  }
  return line;
}

// A line fit for a terminal: bounded, tabs as one space, no control characters.
std::string printable(std::string_view line) {
  std::string out;
  for (std::size_t at = 0; at < line.size() && out.size() < kLongestLine;) {
    const std::size_t length = utf8_length(line, at);
    if (line[at] == '\t') {
      out += ' ';
    } else if (length == 0 || is_control(line, at)) {
      out += "\xEF\xBF\xBD";
    } else {
      out += line.substr(at, length);
    }
    at += std::max<std::size_t>(length, 1);
  }
  return out;
}

}  // namespace

void SourceText::index_lines() const {
  if (!lines_.empty()) return;
  lines_.push_back(0);
  for (std::size_t at = bytes_.find('\n'); at != std::string_view::npos; at = bytes_.find('\n', at + 1)) {
    lines_.push_back(at + 1);
  }
}

std::size_t SourceText::offset_of(std::uint32_t line) const {
  index_lines();
  return line < lines_.size() ? lines_[line] : bytes_.size();
}

std::string_view SourceText::line(std::uint32_t number) const {
  const std::size_t from = offset_of(number);
  std::string_view text = bytes_.substr(from, std::min(bytes_.find('\n', from), bytes_.size()) - from);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

Diagnostic SourceText::complain(Severity severity, Place place, std::string message, std::string detail) const {
  const std::string_view text = line(place.line);
  const std::string_view before = text.substr(0, place.column);
  const std::string_view under = place.column < text.size() ? text.substr(place.column, place.width) : "";
  return {.severity = severity,
          .file = file_,
          .line = static_cast<int>(place.line) + 1,
          .column = characters(before) + 1,
          .width = std::clamp(characters(under), 1, 80),
          .message = std::move(message),
          .detail = std::move(detail),
          .text = place.column < kLongestLine ? redacted(printable(text)) : ""};
}

Diagnostic SourceText::complain_of_file(Severity severity, std::string file, std::string message, std::string detail) {
  return {.severity = severity,
          .file = std::move(file),
          .line = 1,
          .column = 1,
          .width = 1,
          .message = std::move(message),
          .detail = std::move(detail),
          .text = {}};
}

std::optional<Diagnostic> SourceText::unreadable() const {
  if (bytes_.starts_with("\xFF\xFE") || bytes_.starts_with("\xFE\xFF") ||
      bytes_.starts_with(std::string_view("\0", 1))) {
    return complain_of_file(Severity::kError, file_, "not UTF-8",
                            "the file looks like UTF-16 or binary; save it as UTF-8");
  }
  std::uint32_t line = 0;
  std::size_t line_start = 0;
  const auto here = [&](std::size_t at) { return Place{line, static_cast<std::uint32_t>(at - line_start), 1}; };
  for (std::size_t at = 0; at < bytes_.size();) {
    const auto byte = static_cast<unsigned char>(bytes_[at]);
    if ((byte >= 0x20 && byte < 0x7F) || byte == '\t' ||
        (byte == '\r' && at + 1 < bytes_.size() && bytes_[at + 1] == '\n')) {
      ++at;
    } else if (byte == '\n') {
      ++line;
      line_start = ++at;
    } else if (byte == '\r') {
      return complain(Severity::kError, here(at), "a carriage return inside a line", "end lines with LF or CR LF");
    } else if (is_control(bytes_, at)) {
      return complain(Severity::kError, here(at), "a control character",
                      fmt::format("the byte 0x{:02x} has no place in YAML; remove it", byte));
    } else {
      const std::size_t length = utf8_length(bytes_, at);
      if (length == 0) {
        return complain(Severity::kError, here(at), "not UTF-8",
                        fmt::format("the byte 0x{:02x} starts no UTF-8 character; save the file as UTF-8", byte));
      }
      at += length;
    }
  }
  return std::nullopt;
}

}  // namespace switchyard
