#include "providers/agent/kamailio/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace switchyard::kamailio {
namespace {

bool is_plain_mark(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  const bool digit = c >= '0' && c <= '9';
  return letter || digit || std::string_view("-._~:;=/+*!?&,%()[]'").find(c) != std::string_view::npos;
}

bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= 255 && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
  });
}

bool is_v6(std::string_view host) {
  return host.find(':') != std::string_view::npos && std::ranges::all_of(host, [](char c) {
           return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' || c == '.';
         });
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

}  // namespace

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, is_plain_mark);
}

std::string in_uri(std::string_view address) {
  return is_v6(address) ? fmt::format("[{}]", address) : std::string(address);
}

std::optional<HostPort> parse_host_port(std::string_view text, std::uint16_t fallback) {
  std::string_view host = text;
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || !is_v6(text.substr(1, end - 1))) return std::nullopt;
    host = text.substr(0, end + 1);
    has_port = end + 1 < text.size();
    if (has_port && text[end + 1] != ':') return std::nullopt;
    if (has_port) port = text.substr(end + 2);
  } else {
    const std::size_t colon = text.find(':');
    host = text.substr(0, colon);
    has_port = colon != std::string_view::npos;
    if (has_port) port = text.substr(colon + 1);
    if (!is_host(host)) return std::nullopt;
  }
  if (!has_port) return HostPort{.host = std::string(host), .port = fallback};
  const auto number = parse_port(port);
  if (!number) return std::nullopt;
  return HostPort{.host = std::string(host), .port = *number};
}

Result<std::string> list_uri(std::string_view uri) {
  const auto refuse = [&](std::string_view why) {
    return Error{.code = ErrorCode::kInvalid, .message = fmt::format("a destination's URI {}", why)};
  };
  const bool secure = uri.starts_with("sips:");
  if (!secure && !uri.starts_with("sip:")) return refuse("starts with neither sip: nor sips:");
  const std::string_view rest = uri.substr(secure ? 5 : 4);
  // The call keeps the number that was dialled; a user in a destination would never be sent.
  if (rest.find('@') != std::string_view::npos) {
    return refuse("names a user, but a call keeps the number that was dialled; leave out what stands before the \"@\"");
  }
  const std::string_view parameters = rest.substr(std::min(rest.size(), rest.find_first_of(";?")));
  const auto place = parse_host_port(rest.substr(0, rest.size() - parameters.size()), secure ? 5061 : 5060);
  if (!place) return refuse("has no host, or a port that is none");
  if (!is_plain(parameters)) return refuse("has characters that a SIP URI does not have");
  if (parameters.find('?') != std::string_view::npos) return refuse("carries headers, which are not sent");
  if (parameters.find(";transport=ws") != std::string_view::npos)
    return refuse("speaks over a websocket; a carrier does not");
  const bool named = rest.size() - parameters.size() > place->host.size();
  std::string text = fmt::format("sip:{}", place->host);
  if (named || secure) text += fmt::format(":{}", place->port);
  text += parameters;
  if (secure && parameters.find(";transport=") == std::string_view::npos) text += ";transport=tls";
  return text;
}

}  // namespace switchyard::kamailio
