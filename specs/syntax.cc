#include "specs/syntax.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

namespace switchyard {
namespace {

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word(char c) {
  return is_lower(c) || is_upper(c) || is_digit(c);
}

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::ranges::all_of(text, [](char c) { return is_word(c) || c == '-'; });
}

bool is_address(std::string_view text, int family) {
  unsigned char out[16];
  return text.size() < 64 && inet_pton(family, std::string(text).c_str(), out) == 1;
}

// A hostname of one label or more, or an IPv4 address.
bool is_host(std::string_view text) {
  if (is_address(text, AF_INET)) return true;
  if (text.empty() || text.size() > 253) return false;
  std::size_t from = 0;
  std::string_view label;
  while (from <= text.size()) {
    const std::size_t dot = std::min(text.find('.', from), text.size());
    label = text.substr(from, dot - from);
    if (!is_label(label)) return false;
    from = dot + 1;
  }
  return !std::ranges::all_of(label, is_digit);
}

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::ranges::all_of(text, is_digit)) return false;
  const int port = std::stoi(std::string(text));
  return text.front() != '0' && port >= 1 && port <= 65535;
}

}  // namespace

std::string check_name(std::string_view text) {
  const bool fits = is_label(text) && std::ranges::none_of(text, is_upper);
  if (fits) return {};
  if (text.size() > 63) return fmt::format("a name has at most 63 characters, this one has {}", text.size());
  std::string better;
  for (const char c : text) {
    if (is_upper(c)) {
      better += static_cast<char>(c - 'A' + 'a');
    } else {
      better += is_word(c) ? c : '-';
    }
  }
  better.erase(0, std::min(better.find_first_not_of('-'), better.size()));
  better.erase(better.find_last_not_of('-') + 1);
  return fmt::format("a name has small letters, digits and \"-\" inside{}",
                     better.empty() ? "" : fmt::format("; write {}", better));
}

std::string check_hostname(std::string_view text) {
  if (is_address(text, AF_INET) || is_address(text, AF_INET6))
    return "an address is no name; write a name like sip.example.net";
  if (!is_host(text))
    return "a host name is like sip.example.net: letters, digits, \"-\" and dots, at most 253 of them";
  if (text.find('.') == std::string_view::npos) return "a fully qualified name has a dot in it, like sip.example.net";
  return {};
}

std::string check_domain(std::string_view text) {
  if (text.starts_with("*.")) text.remove_prefix(2);
  return check_hostname(text);
}

std::string check_token(std::string_view text) {
  const auto fits = [](char c) { return is_word(c) || c == '-' || c == '_' || c == '.'; };
  if (!text.empty() && text.size() <= 64 && is_word(text.front()) && std::ranges::all_of(text, fits)) return {};
  return "the provider's words have letters, digits, \"-\", \"_\" and \".\", at most 64 of them";
}

std::string check_timezone(std::string_view text) {
  const auto fits = [](char c) { return is_word(c) || c == '-' || c == '_' || c == '+' || c == '/'; };
  if (!text.empty() && text.size() <= 64 && (is_upper(text.front()) || is_lower(text.front())) && text.back() != '/' &&
      text.find("//") == std::string_view::npos && std::ranges::all_of(text, fits)) {
    return {};
  }
  return "a time zone is like Europe/London or UTC";
}

std::string check_host_port(std::string_view text, Port port) {
  std::string form = port == Port::kRequired
                         ? "write host:port, like 10.0.0.9:9060, sip.example.net:9060 or [2001:db8::9]:9060"
                         : "write a host or host:port, like sip.example.net or [2001:db8::9]:5060";
  std::string_view host = text;
  std::string_view number;
  bool has_port = false;
  if (text.starts_with("[")) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || !is_address(text.substr(1, end - 1), AF_INET6)) return form;
    has_port = end + 1 < text.size();
    if (has_port && text[end + 1] != ':') return form;
    if (has_port) number = text.substr(end + 2);
  } else {
    if (is_address(text, AF_INET6)) return fmt::format("an IPv6 address stands in brackets: [{}]:9060", text);
    const std::size_t colon = text.find(':');
    has_port = colon != std::string_view::npos;
    host = text.substr(0, colon);
    if (has_port) number = text.substr(colon + 1);
    if (!is_host(host)) return form;
  }
  if (has_port && !is_port(number)) return "a port is a number from 1 to 65535";
  if (!has_port && port == Port::kRequired) return form;
  return {};
}

std::string check_url(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else {
    return "an endpoint starts with http:// or https://";
  }
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos) return "a secret is never inline; use credentials.token";
  if (authority.size() < rest.size() && rest[authority.size()] != '/') return "an endpoint has no query";
  if (std::ranges::any_of(rest, [](char c) { return c <= ' ' || c == 0x7F || c == '?' || c == '#'; })) {
    return "an endpoint has no spaces and no query";
  }
  const std::string problem = check_host_port(authority, Port::kOptional);
  return problem.empty() ? "" : "an endpoint is like http://127.0.0.1:9180";
}

std::string check_sip_uri(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with("sip:")) {
    rest.remove_prefix(4);
  } else if (rest.starts_with("sips:")) {
    rest.remove_prefix(5);
  } else {
    return "a SIP URI starts with sip: or sips:, like sip:gw1.carrier.example";
  }
  if (std::ranges::any_of(rest, [](char c) { return c <= ' ' || c == 0x7F || c == '<' || c == '>' || c == '"'; })) {
    return "a SIP URI has no spaces, quotes or angle brackets";
  }
  if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
    if (rest.substr(0, at).find(':') != std::string_view::npos)
      return "a secret is never inline; use registration.password";
    if (at == 0) return "nothing stands before the \"@\"";
    rest.remove_prefix(at + 1);
  }
  const std::string problem = check_host_port(rest.substr(0, rest.find_first_of(";?")), Port::kOptional);
  return problem.empty() ? "" : "a SIP URI is like sip:gw1.carrier.example:5060;transport=tcp";
}

std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  if (first >= 0xC2 && first <= 0xDF) length = 2;
  if (first >= 0xE0 && first <= 0xEF) length = 3;
  if (first >= 0xF0 && first <= 0xF4) length = 4;
  if (length == 0 || at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0U) != 0x80) return 0;
  }
  const unsigned char second = byte(at + 1);
  if (first == 0xE0 && second < 0xA0) return 0;
  if (first == 0xED && second > 0x9F) return 0;
  if (first == 0xF0 && second < 0x90) return 0;
  if (first == 0xF4 && second > 0x8F) return 0;
  return length;
}

bool is_control(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x20 || byte == 0x7F) return true;
  return byte == 0xC2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0;
}

}  // namespace switchyard
