#pragma once

#include <string>
#include <string_view>

#include "specs/base/json.h"
#include "specs/kinds/field.h"

// Scalars are strict: what some YAML tools read one way and some another is refused, with the spelling to use.
namespace switchyard {

// A value, or what is wrong with it: `message` stands on the line of the error, `detail` behind the caret.
struct Reading {
  Json value;
  std::string message{};  // empty: nothing is wrong
  std::string detail{};

  bool ok() const { return message.empty(); }
};

// Reads one scalar of a field. `text` is its content, `quoted` whether it stood in quotes (or was a block).
// Durations become milliseconds, money stays text, words and names stay as they are.
Reading read_scalar(const FieldRow& row, std::string_view text, bool quoted);
// The same for a ServerSet's template, where texts may hold ${name} and ${index}; the value keeps them.
Reading read_template_scalar(const FieldRow& row, std::string_view text, bool quoted);

// Puts a member's name and number into a text of a template. Error: kInvalid for any other ${...}.
Result<std::string> fill_in(std::string_view text, std::string_view name, std::string_view index);

// The packed built-in default of a row; empty when it has none.
std::string pack_fallback(const FieldRow& row);

// Text that came from a file, fit for a terminal: bounded, no control characters.
std::string shown(std::string_view text);

// How the last part of a path is called: "spec.options.tls" -> "tls".
std::string_view last_part(std::string_view path);

// A plain YAML scalar that some tool takes for something else than text: a number, a boolean, null, a date.
bool looks_like_other_than_text(std::string_view text);

}  // namespace switchyard
