#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "specs/base/json.h"

// Values as a large fleet keeps them: a few bytes each, one after the other, without an allocation of their own. The
// decode cache stores the same bytes; it vouches for them with a checksum, so that readers here need not.
namespace switchyard {

// Numbers of the format: seven bits a byte, lowest first.
void pack_number(std::uint64_t number, std::string& out);
void pack_text(std::string_view text, std::string& out);
void pack(const Json& value, std::string& out);

// Reads on from where it stands. Past the end everything is zero or empty.
class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}

  bool done() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }
  std::uint64_t number();
  std::string_view text();
  std::string_view take(std::size_t size);

 private:
  std::string_view rest_;
};

// One value, borrowed. Without bytes: there is no value at all.
class Packed {
 public:
  Packed() = default;
  explicit Packed(std::string_view bytes) : bytes_(bytes) {}

  // Takes the value that stands next.
  static Packed read(Unpacker& from);

  std::string_view bytes() const { return bytes_; }
  bool exists() const { return !bytes_.empty(); }
  bool is_null() const { return !bytes_.empty() && bytes_.front() == 'n'; }
  // Written, but wrong (ResourceWriter::set_wrong).
  bool is_wrong() const { return !bytes_.empty() && bytes_.front() == 'x'; }
  // The value, or the fallback where it is missing or of another type.
  bool boolean_or(bool fallback) const;
  std::int64_t integer_or(std::int64_t fallback) const;
  std::string_view text_or(std::string_view fallback) const;
  std::optional<std::int64_t> integer() const;
  // Elements of a list, members of a map; nothing for anything else.
  void each(const std::function<void(Packed)>& element) const;
  void each_member(const std::function<void(std::string_view, Packed)>& member) const;
  // A member of a map.
  Packed find(std::string_view name) const;
  std::size_t count() const;

  Json unpack() const;
  // Appends what to_string(unpack()) gives.
  void render(std::string& out) const;

  friend bool operator==(const Packed&, const Packed&) = default;

 private:
  std::string_view bytes_;
};

}  // namespace switchyard
