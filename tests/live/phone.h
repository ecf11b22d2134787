#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::live {

// A telephone that speaks SIP over TLS, or over a websocket within TLS (RFC 7118); sipp speaks neither here.
class Phone {
 public:
  enum class Over { kTls, kWebsocket };
  // Connects; `name` is what it asks for (SNI). A phone without a line when it could not.
  Phone(Over over, const std::string& from, const std::string& to, std::uint16_t port, const std::string& name);
  ~Phone();
  Phone(const Phone&) = delete;
  Phone& operator=(const Phone&) = delete;

  bool connected() const;
  const std::string& trouble() const;
  // The common name of the certificate that it was shown.
  std::string shown() const;

  void send(const std::string& message);
  // The next SIP message, or nothing when none came in time.
  std::optional<std::string> receive(std::chrono::milliseconds patience = std::chrono::seconds(10));
  // The first message that starts with `start`; others are passed over.
  std::optional<std::string> receive_start(std::string_view start,
                                           std::chrono::milliseconds patience = std::chrono::seconds(10));

  // A whole call: INVITE, 200, ACK. True when it was answered; the answer is in said().
  bool call(const std::string& number, const std::string& sdp);
  bool hang_up();
  bool register_as(const std::string& user);
  // Waits for an INVITE and answers it with 200 and this SDP; the INVITE, or nothing.
  std::optional<std::string> answer_call(const std::string& sdp);
  const std::string& said() const { return said_; }

 private:
  struct Line;
  std::string contact(const std::string& user) const;
  std::string via(const std::string& branch) const;

  std::unique_ptr<Line> line_;
  Over over_;
  std::string from_;
  std::string to_;
  std::uint16_t port_;
  std::string trouble_;
  std::string buffer_;
  std::string said_;  // the answer to the INVITE
  std::string call_id_;
};

// The value of a header, its first one; empty when it is not there.
std::string header(std::string_view message, std::string_view name);
// All values of a header in their order.
std::vector<std::string> headers(std::string_view message, std::string_view name);
std::string body(std::string_view message);

extern const char* const kPlainSdp;   // a plain audio offer
extern const char* const kWebrtcSdp;  // what a browser offers

}  // namespace switchyard::live
