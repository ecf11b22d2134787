#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "specs/base/result.h"

namespace switchyard {

// A JSON value without floating point: a number that is not a whole 64-bit one is
// kept as its text (Decimal). Objects keep the order in which members were added.
class Json {
 public:
  struct Decimal {
    std::string text;
    friend bool operator==(const Decimal&, const Decimal&) = default;
  };
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;

  Json() = default;                                            // null
  Json(std::nullptr_t) {}                                      // NOLINT(google-explicit-constructor)
  Json(bool value) : held_(value) {}                           // NOLINT(google-explicit-constructor)
  Json(int value) : held_(std::int64_t{value}) {}              // NOLINT(google-explicit-constructor)
  Json(std::int64_t value) : held_(value) {}                   // NOLINT(google-explicit-constructor)
  Json(const char* value) : held_(std::string(value)) {}       // NOLINT(google-explicit-constructor)
  Json(std::string value) : held_(std::move(value)) {}         // NOLINT(google-explicit-constructor)
  Json(std::string_view value) : held_(std::string(value)) {}  // NOLINT(google-explicit-constructor)
  Json(Decimal value) : held_(std::move(value)) {}             // NOLINT(google-explicit-constructor)
  Json(Array value) : held_(std::move(value)) {}               // NOLINT(google-explicit-constructor)
  Json(Object value) : held_(std::move(value)) {}              // NOLINT(google-explicit-constructor)

  bool is_null() const { return std::holds_alternative<std::monostate>(held_); }
  // The held value, or nullptr when it is of another type.
  const bool* boolean() const { return std::get_if<bool>(&held_); }
  const std::int64_t* integer() const { return std::get_if<std::int64_t>(&held_); }
  const std::string* string() const { return std::get_if<std::string>(&held_); }
  const Decimal* decimal() const { return std::get_if<Decimal>(&held_); }
  const Array* array() const { return std::get_if<Array>(&held_); }
  Array* array() { return std::get_if<Array>(&held_); }
  const Object* object() const { return std::get_if<Object>(&held_); }
  Object* object() { return std::get_if<Object>(&held_); }

  // A member of an object, or nullptr when this is no object or has no such member.
  const Json* find(std::string_view name) const;
  // Shorthands that give the fallback when the member is missing or of another type.
  std::string string_or(std::string_view name, std::string_view fallback) const;
  std::int64_t integer_or(std::string_view name, std::int64_t fallback) const;
  bool boolean_or(std::string_view name, bool fallback) const;

  // Adds or replaces a member; a null becomes an object first. Returns *this.
  Json& set(std::string_view name, Json value);
  // Adds an element; a null becomes an array first.
  Json& push_back(Json value);

  friend bool operator==(const Json&, const Json&) = default;

 private:
  std::variant<std::monostate, bool, std::int64_t, Decimal, std::string, Array, Object> held_;
};

// One line without spaces. Invalid UTF-8 is replaced by U+FFFD.
std::string to_string(const Json& value);
// Indented by two spaces, for people.
std::string to_pretty_string(const Json& value);

// Reads one JSON text, at most 64 levels deep. Error: kUnreadable, with the offset.
Result<Json> parse_json(std::string_view text);

}  // namespace switchyard
