#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "providers/http/listener.h"

namespace switchyard {

// Takes HTTP/1.1 requests (RFC 9112) apart as their bytes arrive, within bounds. Pure: it reads no socket.
class RequestReader {
 public:
  RequestReader(std::size_t largest_head, std::size_t largest_body)
      : largest_head_(largest_head), largest_body_(largest_body) {}

  void add(std::string_view bytes) { buffer_ += bytes; }
  bool empty() const { return buffer_.empty(); }

  struct Outcome {
    std::optional<ListenerRequest> request;  // whole
    bool keep_alive = true;
    int refusal = 0;              // a status to answer with before the connection ends; 0: none
    bool wants_continue = false;  // the sender waits for "100 Continue" before it sends the body
  };
  // The next request, if all of it is there. Bytes behind it are kept for the next call.
  Outcome next();

 private:
  std::size_t largest_head_;
  std::size_t largest_body_;
  std::string buffer_;
  bool continue_said_ = false;
};

}  // namespace switchyard
