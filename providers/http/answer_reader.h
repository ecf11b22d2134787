#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace switchyard {

// Takes one HTTP/1.1 answer (RFC 9112) apart as its bytes arrive, within bounds. Pure: it reads no socket. Its body has
// a length that is announced; others are not understood.
class AnswerReader {
 public:
  explicit AnswerReader(std::size_t largest_body) : largest_body_(largest_body) {}

  enum class Progress { kMore, kWhole, kTooLarge, kNonsense };
  Progress add(std::string_view bytes);

  std::optional<int> status() const { return status_; }                           // as soon as the head is there
  const std::map<std::string, std::string>& headers() const { return headers_; }  // names in lower case
  std::string take_body() { return buffer_.substr(0, length_); }

 private:
  bool read_head(std::string_view head);

  std::size_t largest_body_;
  std::string buffer_;  // what has come; the body alone once the head has been read
  std::optional<int> status_;
  std::map<std::string, std::string> headers_;
  std::size_t length_ = 0;
};

}  // namespace switchyard
