#include "specs/packed.h"

#include <algorithm>
#include <charconv>

namespace switchyard {
namespace {

std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
}

std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1U) ^ -static_cast<std::int64_t>(value & 1U);
}

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; });
}

}  // namespace

void pack_number(std::uint64_t number, std::string& out) {
  while (number >= 0x80) {
    out += static_cast<char>(0x80U | (number & 0x7FU));
    number >>= 7U;
  }
  out += static_cast<char>(number);
}

void pack_text(std::string_view text, std::string& out) {
  pack_number(text.size(), out);
  out += text;
}

void pack(const Json& value, std::string& out) {
  if (value.is_null()) {
    out += 'n';
  } else if (const bool* boolean = value.boolean()) {
    out += *boolean ? 't' : 'f';
  } else if (const std::int64_t* integer = value.integer()) {
    out += 'i';
    pack_number(zigzag(*integer), out);
  } else if (const std::string* text = value.string()) {
    out += 's';
    pack_text(*text, out);
  } else if (const Json::Decimal* decimal = value.decimal()) {
    out += 's';
    pack_text(decimal->text, out);
  } else if (const Json::Array* array = value.array()) {
    std::string inner;
    for (const Json& element : *array) pack(element, inner);
    out += 'l';
    pack_text(inner, out);
  } else if (const Json::Object* object = value.object()) {
    std::string inner;
    for (const auto& [name, member] : *object) {
      pack_text(name, inner);
      pack(member, inner);
    }
    out += 'm';
    pack_text(inner, out);
  }
}

std::uint64_t Unpacker::number() {
  std::uint64_t number = 0;
  for (unsigned shift = 0; !rest_.empty() && shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    number |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) break;
  }
  return number;
}

std::string_view Unpacker::take(std::size_t size) {
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(taken.size());
  return taken;
}

std::string_view Unpacker::text() {
  const std::uint64_t size = number();
  return take(size);
}

Packed Packed::read(Unpacker& from) {
  const std::string_view start = from.rest();
  const std::string_view tag = from.take(1);
  if (tag == "i") {
    from.number();
  } else if (tag == "s" || tag == "l" || tag == "m") {
    from.text();
  }
  return Packed(start.substr(0, start.size() - from.rest().size()));
}

bool Packed::boolean_or(bool fallback) const {
  if (bytes_ == "t") return true;
  return bytes_ == "f" ? false : fallback;
}

std::optional<std::int64_t> Packed::integer() const {
  if (bytes_.empty() || bytes_.front() != 'i') return std::nullopt;
  return unzigzag(Unpacker(bytes_.substr(1)).number());
}

std::int64_t Packed::integer_or(std::int64_t fallback) const {
  return integer().value_or(fallback);
}

std::string_view Packed::text_or(std::string_view fallback) const {
  if (bytes_.empty() || bytes_.front() != 's') return fallback;
  return Unpacker(bytes_.substr(1)).text();
}

void Packed::each(const std::function<void(Packed)>& element) const {
  if (bytes_.empty() || bytes_.front() != 'l') return;
  Unpacker elements(Unpacker(bytes_.substr(1)).text());
  while (!elements.done()) element(read(elements));
}

void Packed::each_member(const std::function<void(std::string_view, Packed)>& member) const {
  if (bytes_.empty() || bytes_.front() != 'm') return;
  Unpacker members(Unpacker(bytes_.substr(1)).text());
  while (!members.done()) {
    const std::string_view name = members.text();
    member(name, read(members));
  }
}

Packed Packed::find(std::string_view name) const {
  Packed found;
  each_member([&](std::string_view member, Packed value) {
    if (member == name) found = value;
  });
  return found;
}

std::size_t Packed::count() const {
  std::size_t count = 0;
  each([&](Packed) { ++count; });
  each_member([&](std::string_view, Packed) { ++count; });
  return count;
}

Json Packed::unpack() const {
  if (bytes_.empty()) return {};
  switch (bytes_.front()) {
    case 't':
      return Json(true);
    case 'f':
      return Json(false);
    case 'i':
      return Json(integer_or(0));
    case 's':
      return Json(text_or(""));
    case 'l': {
      Json::Array array;
      each([&](Packed element) { array.push_back(element.unpack()); });
      return Json(std::move(array));
    }
    case 'm': {
      Json::Object object;
      each_member([&](std::string_view name, Packed value) { object.emplace_back(name, value.unpack()); });
      return Json(std::move(object));
    }
    default:
      return {};
  }
}

void Packed::render(std::string& out) const {
  if (bytes_ == "t") {
    out += "true";
  } else if (bytes_ == "f") {
    out += "false";
  } else if (const auto number = integer()) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, *number).ptr;
    out.append(digits, end);
  } else if (!bytes_.empty() && bytes_.front() == 's' && is_plain(text_or(""))) {
    out += '"';
    out += text_or("");
    out += '"';
  } else {
    out += to_string(unpack());
  }
}

}  // namespace switchyard
