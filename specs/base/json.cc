#include "specs/base/json.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "specs/base/bounded_json.h"

namespace switchyard {
namespace {

constexpr int kDeepest = 64;

// Length of the UTF-8 sequence at `text[at]`, or 0 when it is not a valid one (RFC 3629).
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

void write_string(std::string_view text, std::string& out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) {
      const std::size_t length = utf8_length(text, at);
      if (length == 0) {
        out += "\xEF\xBF\xBD";
        ++at;
      } else {
        out += text.substr(at, length);
        at += length;
      }
      continue;
    }
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (byte < 0x20 || byte == 0x7F) {
          out += "\\u00";
          out += kDigits[byte >> 4U];
          out += kDigits[byte & 0xFU];
        } else {
          out += c;
        }
    }
    ++at;
  }
  out += '"';
}

// `indent` below zero: one line.
void write(const Json& value, int indent, int depth, std::string& out) {
  const auto new_line = [&](int levels) {
    if (indent < 0) return;
    out += '\n';
    out.append(static_cast<std::size_t>(indent) * static_cast<std::size_t>(levels), ' ');
  };
  if (value.is_null()) {
    out += "null";
  } else if (const bool* boolean = value.boolean()) {
    out += *boolean ? "true" : "false";
  } else if (const std::int64_t* integer = value.integer()) {
    out += std::to_string(*integer);
  } else if (const Json::Decimal* decimal = value.decimal()) {
    out += decimal->text;
  } else if (const std::string* text = value.string()) {
    write_string(*text, out);
  } else if (const Json::Array* array = value.array()) {
    out += '[';
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (i > 0) out += ',';
      new_line(depth + 1);
      write((*array)[i], indent, depth + 1, out);
    }
    if (!array->empty()) new_line(depth);
    out += ']';
  } else if (const Json::Object* object = value.object()) {
    out += '{';
    for (std::size_t i = 0; i < object->size(); ++i) {
      if (i > 0) out += ',';
      new_line(depth + 1);
      write_string((*object)[i].first, out);
      out += indent < 0 ? ":" : ": ";
      write((*object)[i].second, indent, depth + 1, out);
    }
    if (!object->empty()) new_line(depth);
    out += '}';
  }
}

// Builds our values from the parser's events: no floating point, bounded depth, and no second tree.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(std::size_t most_values) : values_left_(most_values) {}

  bool null() override { return add(Json()); }
  bool boolean(bool value) override { return add(Json(value)); }
  bool number_integer(number_integer_t value) override { return add(Json(static_cast<std::int64_t>(value))); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > static_cast<number_unsigned_t>(INT64_MAX)) return add(Json(Json::Decimal{std::to_string(value)}));
    return add(Json(static_cast<std::int64_t>(value)));
  }
  bool number_float(number_float_t /*value*/, const string_t& text) override { return add(Json(Json::Decimal{text})); }
  bool string(string_t& text) override { return add(Json(std::move(text))); }
  bool binary(binary_t& /*bytes*/) override { return false; }
  bool start_object(std::size_t /*members*/) override { return open(Json(Json::Object{})); }
  bool key(string_t& name) override {
    names_.back() = std::move(name);
    return true;
  }
  bool end_object() override { return close(); }
  bool start_array(std::size_t /*elements*/) override { return open(Json(Json::Array{})); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::json::exception& /*error*/) override {
    problem = "unreadable JSON at byte " + std::to_string(position);
    return false;
  }

  Json result;
  std::string problem;

 private:
  bool open(Json container) {
    if (stack_.size() >= kDeepest) {
      problem = "JSON nested more than " + std::to_string(kDeepest) + " levels deep";
      return false;
    }
    stack_.push_back(std::move(container));
    names_.emplace_back();
    return true;
  }
  bool close() {
    Json finished = std::move(stack_.back());
    stack_.pop_back();
    names_.pop_back();
    return add(std::move(finished));
  }
  bool add(Json value) {
    if (values_left_ == 0) {
      problem = "JSON of too many values";
      return false;
    }
    --values_left_;
    if (stack_.empty()) {
      result = std::move(value);
    } else if (Json::Array* array = stack_.back().array()) {
      array->push_back(std::move(value));
    } else {
      stack_.back().object()->emplace_back(std::move(names_.back()), std::move(value));
    }
    return true;
  }

  std::size_t values_left_;
  std::vector<Json> stack_;
  std::vector<std::string> names_;
};

}  // namespace

const Json* Json::find(std::string_view name) const {
  const Object* members = object();
  if (members == nullptr) return nullptr;
  const auto at = std::ranges::find(*members, name, &Member::first);
  return at == members->end() ? nullptr : &at->second;
}

std::string Json::string_or(std::string_view name, std::string_view fallback) const {
  const Json* member = find(name);
  const std::string* text = member == nullptr ? nullptr : member->string();
  return text == nullptr ? std::string(fallback) : *text;
}

std::int64_t Json::integer_or(std::string_view name, std::int64_t fallback) const {
  const Json* member = find(name);
  const std::int64_t* number = member == nullptr ? nullptr : member->integer();
  return number == nullptr ? fallback : *number;
}

bool Json::boolean_or(std::string_view name, bool fallback) const {
  const Json* member = find(name);
  const bool* truth = member == nullptr ? nullptr : member->boolean();
  return truth == nullptr ? fallback : *truth;
}

Json& Json::set(std::string_view name, Json value) {
  if (is_null()) held_ = Object{};
  Object* members = object();
  if (members == nullptr) std::abort();
  const auto at = std::ranges::find(*members, name, &Member::first);
  if (at == members->end()) {
    members->emplace_back(std::string(name), std::move(value));
  } else {
    at->second = std::move(value);
  }
  return *this;
}

Json& Json::push_back(Json value) {
  if (is_null()) held_ = Array{};
  Array* elements = array();
  if (elements == nullptr) std::abort();
  elements->push_back(std::move(value));
  return *this;
}

std::string to_string(const Json& value) {
  std::string out;
  write(value, -1, 0, out);
  return out;
}

std::string to_pretty_string(const Json& value) {
  std::string out;
  write(value, 2, 0, out);
  return out;
}

Result<Json> parse_json(std::string_view text) {
  return parse_bounded_json(text, std::numeric_limits<std::size_t>::max());
}

Result<Json> parse_bounded_json(std::string_view text, std::size_t most_values) {
  Builder builder(most_values);
  try {
    if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) {
      return Error{ErrorCode::kUnreadable, builder.problem.empty() ? "unreadable JSON" : builder.problem};
    }
  } catch (const nlohmann::json::exception&) {
    return Error{ErrorCode::kUnreadable, "unreadable JSON"};
  }
  return std::move(builder.result);
}

}  // namespace switchyard
