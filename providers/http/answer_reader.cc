#include "providers/http/answer_reader.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace switchyard {
namespace {

constexpr std::size_t kLargestHead = 64U << 10U;
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

// "HTTP/1.1 200 OK", and headers below it. False: it is none.
bool AnswerReader::read_head(std::string_view head) {
  const std::string_view first = head.substr(0, head.find(kLineEnd));
  int status = 0;
  if (!first.starts_with("HTTP/1.") || first.size() < 12 || first[8] != ' ' ||
      !read_number(first.substr(9, 3), status) || status < 100) {
    return false;
  }
  head.remove_prefix(std::min(head.size(), first.size() + kLineEnd.size()));
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find(kLineEnd));
    head.remove_prefix(std::min(head.size(), line.size() + kLineEnd.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    std::string name(line.substr(0, colon));
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    headers_[name] = trimmed(line.substr(colon + 1));
  }
  status_ = status;
  return true;
}

AnswerReader::Progress AnswerReader::add(std::string_view bytes) {
  buffer_ += bytes;
  while (!status_) {
    const std::size_t end = buffer_.find(kHeadEnd);
    if (std::min(end, buffer_.size()) > kLargestHead) return Progress::kTooLarge;
    if (end == std::string::npos) return Progress::kMore;
    if (!read_head(std::string_view(buffer_).substr(0, end))) return Progress::kNonsense;
    buffer_.erase(0, end + kHeadEnd.size());
    if (*status_ < 200) {  // "100 Continue": the answer is still to come
      status_.reset();
      headers_.clear();
      continue;
    }
    const auto length = headers_.find("content-length");
    if (headers_.contains("transfer-encoding") || length == headers_.end() || !read_number(length->second, length_)) {
      return Progress::kNonsense;
    }
  }
  if (length_ > largest_body_) return Progress::kTooLarge;
  return buffer_.size() < length_ ? Progress::kMore : Progress::kWhole;
}

}  // namespace switchyard
