#include "providers/agent/rtpengine/bencode.h"

#include <charconv>
#include <optional>

namespace switchyard {
namespace {

constexpr int kDeepest = 16;

void append(std::string_view text, std::string& out) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

void append(const Json& value, std::string& out) {
  if (const auto* text = value.string()) return append(std::string_view(*text), out);
  if (const auto* number = value.integer()) {
    out += 'i' + std::to_string(*number) + 'e';
    return;
  }
  if (const auto* elements = value.array()) {
    out += 'l';
    for (const Json& element : *elements) append(element, out);
    out += 'e';
    return;
  }
  if (const auto* members = value.object()) {
    out += 'd';
    for (const auto& [name, member] : *members) {
      append(std::string_view(name), out);
      append(member, out);
    }
    out += 'e';
    return;
  }
  append(std::string_view(to_string(value)), out);
}

// Takes values from the front of a text; nothing once it made no sense.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::optional<Json> value(int depth) {
    if (rest_.empty() || depth > kDeepest) return std::nullopt;
    switch (rest_.front()) {
      case 'i': {
        rest_.remove_prefix(1);
        const auto number = whole_number('e');
        return number ? std::optional(Json(*number)) : std::nullopt;
      }
      case 'l': {
        rest_.remove_prefix(1);
        Json list{Json::Array{}};
        while (!ended()) {
          auto element = value(depth + 1);
          if (!element) return std::nullopt;
          list.push_back(*std::move(element));
        }
        return list;
      }
      case 'd': {
        rest_.remove_prefix(1);
        Json::Object members;
        while (!ended()) {
          auto name = text();
          auto member = name ? value(depth + 1) : std::nullopt;
          if (!member) return std::nullopt;
          members.emplace_back(*std::move(name), *std::move(member));
        }
        return Json(std::move(members));
      }
      default: {
        auto read = text();
        return read ? std::optional(Json(*std::move(read))) : std::nullopt;
      }
    }
  }
  bool empty() const { return rest_.empty(); }

 private:
  bool ended() {
    if (!rest_.starts_with('e')) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<std::int64_t> whole_number(char end) {
    std::int64_t number = 0;
    const auto [at, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
    const auto length = static_cast<std::size_t>(at - rest_.data());
    if (error != std::errc() || length >= rest_.size() || *at != end) return std::nullopt;
    rest_.remove_prefix(length + 1);
    return number;
  }
  std::optional<std::string> text() {
    const auto length = whole_number(':');
    if (!length || *length < 0 || static_cast<std::uint64_t>(*length) > rest_.size()) return std::nullopt;
    std::string read(rest_.substr(0, static_cast<std::size_t>(*length)));
    rest_.remove_prefix(read.size());
    return read;
  }

  std::string_view rest_;
};

}  // namespace

std::string to_bencode(const Json& value) {
  std::string out;
  append(value, out);
  return out;
}

Result<Json> parse_bencode(std::string_view text) {
  Reader reader(text);
  std::optional<Json> value = reader.value(0);
  if (!value || !reader.empty()) return Error{ErrorCode::kUnreadable, "a bencoded text makes no sense"};
  return *std::move(value);
}

}  // namespace switchyard
