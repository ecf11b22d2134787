#include "tests/live/phone.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>

namespace switchyard::live {

const char* const kPlainSdp =
    "v=0\r\no=u 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n"
    "a=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n";
const char* const kWebrtcSdp =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
    "m=audio 40002 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 127.0.0.1\r\na=rtcp-mux\r\na=mid:0\r\na=sendrecv\r\n"
    "a=rtpmap:0 PCMU/8000\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"
    "a=fingerprint:sha-256 "
    "AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA\r\n"
    "a=setup:actpass\r\na=candidate:1 1 udp 2130706431 127.0.0.1 40002 typ host\r\n";

// The connection. Written and read by one thread.
struct Phone::Line {
  ~Line() {
    if (tls != nullptr) SSL_free(tls);
    if (context != nullptr) SSL_CTX_free(context);
    if (socket >= 0) ::close(socket);
  }
  // What is there within the time; empty at its end or at the connection's.
  std::string read(std::chrono::milliseconds patience) {
    std::array<char, 16384> bytes{};
    if (SSL_pending(tls) == 0) {
      pollfd wait{.fd = socket, .events = POLLIN, .revents = 0};
      if (::poll(&wait, 1, static_cast<int>(patience.count())) <= 0) return {};
    }
    const int length = SSL_read(tls, bytes.data(), static_cast<int>(bytes.size()));
    return length <= 0 ? std::string() : std::string(bytes.data(), static_cast<std::size_t>(length));
  }
  int socket = -1;
  SSL_CTX* context = nullptr;
  SSL* tls = nullptr;
};

namespace {

std::string unique(std::string_view start) {
  static std::atomic<std::uint64_t> number{0};
  return fmt::format("{}{}x{}", start, ::getpid(), ++number);
}

// One text frame of a client, masked with zeros (RFC 6455 5.2).
std::string framed(const std::string& text) {
  std::string frame("\x81", 1);
  if (text.size() < 126) {
    frame += static_cast<char>(0x80U | text.size());
  } else {
    frame += static_cast<char>(0x80U | 126U);
    frame += static_cast<char>(text.size() >> 8U);
    frame += static_cast<char>(text.size() & 0xFFU);
  }
  return frame + std::string(4, '\0') + text;
}

// Takes one frame of a server out of the buffer; control frames come back as an empty text.
std::optional<std::string> take_frame(std::string& buffer) {
  if (buffer.size() < 2) return std::nullopt;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(buffer[at]); };
  std::size_t length = byte(1) & 0x7FU;
  std::size_t start = 2;
  if (length == 126) {
    if (buffer.size() < 4) return std::nullopt;
    length = (static_cast<std::size_t>(byte(2)) << 8U) + byte(3);
    start = 4;
  }
  if (buffer.size() < start + length) return std::nullopt;
  const bool is_text = (byte(0) & 0x0FU) <= 2;
  std::string text = is_text ? buffer.substr(start, length) : std::string();
  buffer.erase(0, start + length);
  return text;
}

std::optional<std::string> take_message(std::string& buffer) {
  while (buffer.starts_with("\r\n")) buffer.erase(0, 2);
  const std::size_t end = buffer.find("\r\n\r\n");
  if (end == std::string::npos) return std::nullopt;
  const std::size_t length = end + 4 + std::stoul("0" + header(buffer.substr(0, end + 2), "Content-Length"));
  if (buffer.size() < length) return std::nullopt;
  std::string message = buffer.substr(0, length);
  buffer.erase(0, length);
  return message;
}

}  // namespace

std::vector<std::string> headers(std::string_view message, std::string_view name) {
  std::vector<std::string> values;
  const std::string start = fmt::format("\r\n{}: ", name);
  for (std::size_t at = message.find(start); at != std::string_view::npos; at = message.find(start, at + 1)) {
    const std::size_t from = message.find_first_not_of(' ', at + start.size());
    values.emplace_back(message.substr(from, message.find("\r\n", from) - from));
  }
  return values;
}

std::string header(std::string_view message, std::string_view name) {
  const std::vector<std::string> values = headers(message, name);
  return values.empty() ? "" : values.front();
}

std::string body(std::string_view message) {
  const std::size_t end = message.find("\r\n\r\n");
  return end == std::string_view::npos ? "" : std::string(message.substr(end + 4));
}

Phone::Phone(Over over, const std::string& from, const std::string& to, std::uint16_t port, const std::string& name)
    : line_(std::make_unique<Line>()), over_(over), from_(from), to_(to), port_(port) {
  line_->socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  ::inet_pton(AF_INET, from.c_str(), &own.sin_addr);
  sockaddr_in far = own;
  far.sin_port = htons(port);
  ::inet_pton(AF_INET, to.c_str(), &far.sin_addr);
  if (::bind(line_->socket, reinterpret_cast<const sockaddr*>(&own), sizeof(own)) != 0 ||
      ::connect(line_->socket, reinterpret_cast<const sockaddr*>(&far), sizeof(far)) != 0) {
    trouble_ = "no connection";
    return;
  }
  const timeval longest{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(line_->socket, SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof(longest));
  line_->context = SSL_CTX_new(TLS_client_method());
  line_->tls = SSL_new(line_->context);
  SSL_set_fd(line_->tls, line_->socket);
  SSL_ctrl(line_->tls, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(name.c_str()));
  if (SSL_connect(line_->tls) != 1) {
    trouble_ = "no TLS";
    return;
  }
  if (over == Over::kTls) return;
  const std::string handshake = fmt::format(
      "GET / HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "
      "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\nSec-WebSocket-Version: 13\r\n\r\n",
      name);
  SSL_write(line_->tls, handshake.data(), static_cast<int>(handshake.size()));
  while (buffer_.find("\r\n\r\n") == std::string::npos) {
    const std::string more = line_->read(std::chrono::seconds(10));
    if (more.empty()) break;
    buffer_ += more;
  }
  if (!buffer_.starts_with("HTTP/1.1 101")) trouble_ = "no websocket: " + buffer_.substr(0, 60);
  buffer_.erase(0, std::min(buffer_.size(), buffer_.find("\r\n\r\n") + 4));
}

Phone::~Phone() = default;

bool Phone::connected() const {
  return trouble_.empty();
}
const std::string& Phone::trouble() const {
  return trouble_;
}

std::string Phone::shown() const {
  X509* certificate = SSL_get1_peer_certificate(line_->tls);
  if (certificate == nullptr) return {};
  std::array<char, 256> name{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(), name.size());
  X509_free(certificate);
  return name.data();
}

void Phone::send(const std::string& message) {
  const std::string bytes = over_ == Over::kWebsocket ? framed(message) : message;
  SSL_write(line_->tls, bytes.data(), static_cast<int>(bytes.size()));
}

std::optional<std::string> Phone::receive(std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (true) {
    std::optional<std::string> message = over_ == Over::kWebsocket ? take_frame(buffer_) : take_message(buffer_);
    if (message && !message->empty()) return message;
    if (message) continue;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return std::nullopt;
    const std::string more = line_->read(left);
    if (more.empty()) return std::nullopt;
    buffer_ += more;
  }
}

std::optional<std::string> Phone::receive_start(std::string_view start, std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    std::optional<std::string> message = left.count() <= 0 ? std::nullopt : receive(left);
    if (!message || message->starts_with(start)) return message;
  }
}

std::string Phone::contact(const std::string& user) const {
  // A browser does not know its own address (RFC 7118 5).
  return over_ == Over::kWebsocket ? fmt::format("<sip:{}@phone.invalid;transport=ws>", user)
                                   : fmt::format("<sip:{}@{}:5061;transport=tls>", user, from_);
}

std::string Phone::via(const std::string& branch) const {
  return fmt::format("SIP/2.0/{} {};branch={};rport", over_ == Over::kWebsocket ? "WSS" : "TLS",
                     over_ == Over::kWebsocket ? "phone.invalid" : from_, branch);
}

bool Phone::call(const std::string& number, const std::string& sdp) {
  call_id_ = unique("call");
  const std::string to = fmt::format("<sip:{}@{}>", number, to_);
  send(
      fmt::format("INVITE sip:{}@{}:{} SIP/2.0\r\nVia: {}\r\nMax-Forwards: 70\r\nFrom: <sip:me@{}>;tag=a\r\nTo: {}\r\n"
                  "Call-ID: {}\r\nCSeq: 1 INVITE\r\nContact: {}\r\nContent-Type: application/sdp\r\n"
                  "Content-Length: {}\r\n\r\n{}",
                  number, to_, port_, via(unique("z9hG4bK")), to_, to, call_id_, contact("me"), sdp.size(), sdp));
  while (true) {
    const std::optional<std::string> answer = receive_start("SIP/2.0 ");
    if (!answer) return false;
    said_ = *answer;
    if (!answer->starts_with("SIP/2.0 1")) break;
  }
  if (!said_.starts_with("SIP/2.0 200")) return false;
  std::string route;
  const std::vector<std::string> recorded = headers(said_, "Record-Route");
  for (auto at = recorded.rbegin(); at != recorded.rend(); ++at) route += fmt::format("Route: {}\r\n", *at);
  std::string target = header(said_, "Contact");
  target = target.substr(1, target.find('>') - 1);
  send(
      fmt::format("ACK {} SIP/2.0\r\nVia: {}\r\n{}Max-Forwards: 70\r\nFrom: <sip:me@{}>;tag=a\r\nTo: {}\r\n"
                  "Call-ID: {}\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n",
                  target, via(unique("z9hG4bK")), route, to_, header(said_, "To"), call_id_));
  return true;
}

bool Phone::hang_up() {
  std::string route;
  const std::vector<std::string> recorded = headers(said_, "Record-Route");
  for (auto at = recorded.rbegin(); at != recorded.rend(); ++at) route += fmt::format("Route: {}\r\n", *at);
  std::string target = header(said_, "Contact");
  target = target.substr(1, target.find('>') - 1);
  send(
      fmt::format("BYE {} SIP/2.0\r\nVia: {}\r\n{}Max-Forwards: 70\r\nFrom: <sip:me@{}>;tag=a\r\nTo: {}\r\n"
                  "Call-ID: {}\r\nCSeq: 2 BYE\r\nContent-Length: 0\r\n\r\n",
                  target, via(unique("z9hG4bK")), route, to_, header(said_, "To"), call_id_));
  const std::optional<std::string> answer = receive_start("SIP/2.0 ");
  return answer && answer->starts_with("SIP/2.0 200");
}

bool Phone::register_as(const std::string& user) {
  send(
      fmt::format("REGISTER sip:{0} SIP/2.0\r\nVia: {1}\r\nMax-Forwards: 70\r\nFrom: <sip:{2}@{0}>;tag=r\r\nTo: "
                  "<sip:{2}@{0}>\r\nCall-ID: {3}\r\nCSeq: 1 REGISTER\r\nContact: {4}\r\nExpires: 300\r\n"
                  "Content-Length: 0\r\n\r\n",
                  to_, via(unique("z9hG4bK")), user, unique("register"), contact(user)));
  const std::optional<std::string> answer = receive_start("SIP/2.0 ");
  said_ = answer.value_or("");
  return said_.starts_with("SIP/2.0 200");
}

std::optional<std::string> Phone::answer_call(const std::string& sdp) {
  std::optional<std::string> invite = receive_start("INVITE ", std::chrono::seconds(20));
  if (!invite) return std::nullopt;
  std::string ways;
  for (const std::string& one : headers(*invite, "Via")) ways += fmt::format("Via: {}\r\n", one);
  for (const std::string& one : headers(*invite, "Record-Route")) ways += fmt::format("Record-Route: {}\r\n", one);
  send(
      fmt::format("SIP/2.0 200 OK\r\n{}From: {}\r\nTo: {};tag=b\r\nCall-ID: {}\r\nCSeq: {}\r\nContact: {}\r\n"
                  "Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{}",
                  ways, header(*invite, "From"), header(*invite, "To"), header(*invite, "Call-ID"),
                  header(*invite, "CSeq"), contact("callee"), sdp.size(), sdp));
  return invite;
}

}  // namespace switchyard::live
