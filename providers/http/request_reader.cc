#include "providers/http/request_reader.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace switchyard {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c == '\t' || (c >= 0x20 && c != 0x7f); });
}

struct Head {
  ListenerRequest request;
  bool keep_alive = true;
  std::size_t length = 0;  // of the body
  int refusal = 0;
};

// "GET /v1/servers HTTP/1.1"
bool read_request_line(std::string_view line, Head& head) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return false;
  head.request.method = line.substr(0, first);
  head.request.target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  head.keep_alive = version == "HTTP/1.1";
  return is_token(head.request.method) && head.request.target.starts_with('/') &&
         head.request.target.find(' ') == std::string::npos && is_printable(head.request.target) &&
         (version == "HTTP/1.1" || version == "HTTP/1.0");
}

bool read_header(std::string_view line, Head& head) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (!is_token(name) || !is_printable(value)) return false;
  const auto [place, inserted] = head.request.headers.emplace(lower(name), value);
  // Two lengths are how one message is smuggled into another.
  return inserted || (place->first != "content-length" && place->first != "host");
}

Head read_head(std::string_view text) {
  Head head;
  bool first = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(kLineEnd), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + kLineEnd.size(), text.size()));
    if (!(first ? read_request_line(line, head) : read_header(line, head))) {
      head.refusal = 400;
      return head;
    }
    first = false;
  }
  if (first) head.refusal = 400;
  const auto& headers = head.request.headers;
  if (const auto connection = headers.find("connection"); connection != headers.end()) {
    if (lower(connection->second) == "close") head.keep_alive = false;
  }
  if (headers.contains("transfer-encoding")) head.refusal = 501;  // a body has a length here
  if (const auto length = headers.find("content-length"); length != headers.end()) {
    const std::string& digits = length->second;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), head.length);
    const bool whole = !digits.empty() && end == digits.data() + digits.size();
    if (whole && error == std::errc::result_out_of_range) {
      head.refusal = 413;
    } else if (!whole || error != std::errc{}) {
      head.refusal = 400;
    }
  }
  return head;
}

}  // namespace

RequestReader::Outcome RequestReader::next() {
  Outcome outcome;
  const auto refuse = [&outcome](int status) {
    outcome.refusal = status;
    outcome.keep_alive = false;
    return outcome;
  };
  constexpr std::string_view kHeadEnd = "\r\n\r\n";
  const std::size_t head_size = buffer_.find(kHeadEnd);
  if (head_size == std::string::npos) return buffer_.size() > largest_head_ ? refuse(431) : outcome;
  if (head_size > largest_head_) return refuse(431);

  Head head = read_head(std::string_view(buffer_).substr(0, head_size));
  if (head.refusal != 0) return refuse(head.refusal);
  if (head.length > largest_body_) return refuse(413);
  const std::size_t body_begin = head_size + kHeadEnd.size();
  if (buffer_.size() - body_begin < head.length) {
    const auto expect = head.request.headers.find("expect");
    outcome.wants_continue =
        !continue_said_ && expect != head.request.headers.end() && lower(expect->second) == "100-continue";
    continue_said_ = continue_said_ || outcome.wants_continue;
    return outcome;
  }
  head.request.body = buffer_.substr(body_begin, head.length);
  buffer_.erase(0, body_begin + head.length);
  continue_said_ = false;
  outcome.keep_alive = head.keep_alive;
  outcome.request = std::move(head.request);
  return outcome;
}

}  // namespace switchyard
