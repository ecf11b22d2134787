#include "specs/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "specs/packed.h"
#include "specs/scalar.h"
#include "specs/suggest.h"
#include "specs/syntax.h"
#include "specs/type_words.h"

namespace switchyard {
namespace {

bool less(const Json& a, const Json& b) {
  if (a.integer() != nullptr && b.integer() != nullptr) return *a.integer() < *b.integer();
  if (a.string() != nullptr && b.string() != nullptr) return *a.string() < *b.string();
  return false;
}

// A label's name or value: what selectors and providers can carry.
bool is_label(std::string_view text) {
  const auto word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= 63 && word(text.front()) && word(text.back()) &&
         std::ranges::all_of(text, [&](char c) { return word(c) || c == '-' || c == '_' || c == '.' || c == '/'; });
}

bool is_variable(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && letter(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

}  // namespace

std::nullopt_t ValueReader::error(Place at, std::string message, std::string detail) {
  complaints_.push_back(text_.complain(Severity::kError, at, std::move(message), std::move(detail)));
  return std::nullopt;
}

std::optional<Json> ValueReader::read(const SchemaField& field, Node key, Node value) {
  const FieldRow& row = *field.row;
  in_template_ = field.in_template;
  if (value.type() == Node::Type::kNull) {
    if (!row.required) return Json();
    return error(key.place(), fmt::format("{} is missing", last_part(field.path)),
                 fmt::format("{} is {}", field.path, type_for_people(row)));
  }
  if (row.many != Many::kOne) return read_list(row, value);
  if (row.type == Type::kSecret) return read_secret_place(row, value);
  if (row.type == Type::kTextMap) return read_text_map(field, value);
  return read_one(row, value);
}

std::optional<Json> ValueReader::read_one(const FieldRow& row, Node value) {
  if (row.type == Type::kObject) return read_object(row, value);
  if (value.type() != Node::Type::kScalar) {
    return error(value.place(), "wrong type", fmt::format("{} is {}", last_part(row.path), type_for_people(row)));
  }
  Reading reading = in_template_ ? read_template_scalar(row, value.text(), value.quoted())
                                 : read_scalar(row, value.text(), value.quoted());
  if (!reading.ok()) return error(value.place(), std::move(reading.message), std::move(reading.detail));
  return std::move(reading.value);
}

std::optional<Json> ValueReader::read_list(const FieldRow& row, Node value) {
  if (value.type() != Node::Type::kList) {
    const std::string hint = value.type() == Node::Type::kScalar
                                 ? fmt::format("write [{}]", shown(value.text()))
                                 : fmt::format("{} is {}", last_part(row.path), type_for_people(row));
    return error(value.place(), "not a list", hint);
  }
  Json::Array elements;
  bool well = true;
  for (Node element = value.first(); element.exists(); element = element.next()) {
    if (element.type() == Node::Type::kNull) {
      error(element.place(), "an empty element", "write a value, or leave the \"-\" out");
      well = false;
      continue;
    }
    std::optional<Json> read = read_one(row, element);
    if (!read) {
      well = false;
      continue;
    }
    if (row.type != Type::kObject && std::ranges::find(elements, *read) != elements.end()) {
      error(element.place(), "listed twice", fmt::format("\"{}\" stands already in this list", shown(element.text())));
      well = false;
      continue;
    }
    elements.push_back(std::move(*read));
    if (elements.size() > 10'000) return error(element.place(), "a list too long", "a list has at most 10000 elements");
  }
  if (!well) return std::nullopt;
  if (row.required && elements.empty())
    return error(value.place(), "an empty list", fmt::format("{} has at least one element", last_part(row.path)));
  if (row.many == Many::kSet) std::ranges::sort(elements, less);
  return Json(std::move(elements));
}

std::optional<Json> ValueReader::read_object(const FieldRow& row, Node value) {
  if (value.type() != Node::Type::kMap)
    return error(value.place(), "wrong type",
                 fmt::format("an element of {} is {}", last_part(row.path), element_for_people(row)));
  std::vector<std::string_view> names;
  for (const FieldRow& member : row.members) names.push_back(member.path);
  bool well = true;
  for (Node key = value.first(); key.exists(); key = key.next().next()) {
    if (std::ranges::find(names, key.text()) != names.end()) continue;
    error(key.place(), "unknown field",
          fmt::format("an element of {} has no \"{}\"{}", last_part(row.path), shown(key.text()),
                      did_you_mean(key.text(), names)));
    well = false;
  }
  Json::Object object;
  for (const FieldRow& member : row.members) {
    const Node given = value.find(member.path);
    if (given.exists() && given.type() != Node::Type::kNull) {
      std::optional<Json> read = member.many == Many::kOne ? read_one(member, given) : read_list(member, given);
      if (read) object.emplace_back(member.path, std::move(*read));
      well = well && read.has_value();
    } else if (member.required) {
      error(value.place(), fmt::format("{} is missing", member.path),
            fmt::format("each element of {} has a {}: {}", last_part(row.path), member.path, type_for_people(member)));
      well = false;
    } else if (const std::string fallback = pack_fallback(member); !fallback.empty()) {
      object.emplace_back(member.path, Packed(fallback).unpack());
    }
  }
  if (!well) return std::nullopt;
  return Json(std::move(object));
}

std::optional<Json> ValueReader::read_secret_place(const FieldRow& row, Node value) {
  const auto name = last_part(row.path);
  if (value.type() == Node::Type::kScalar) {
    return error(
        value.place(), "a secret in the open",
        fmt::format("write {}: {{env: NAME}} or {}: {{file: path}}, and change the secret if this was ever shared",
                    name, name));
  }
  if (value.type() != Node::Type::kMap)
    return error(value.place(), "wrong type", fmt::format("{} is {}", name, type_for_people(row)));
  static constexpr std::array<std::string_view, 2> kPlaces{"env", "file"};
  const Node key = value.first();
  if (!key.exists() || key.next().next().exists()) {
    return error(value.place(), "not a secret's place",
                 fmt::format("{} is exactly one of {{env: NAME}} and {{file: path}}", name));
  }
  if (std::ranges::find(kPlaces, key.text()) == kPlaces.end()) {
    return error(key.place(), "unknown field",
                 fmt::format("a secret has no \"{}\"{}", shown(key.text()),
                             did_you_mean(key.text(), {kPlaces.begin(), kPlaces.end()})));
  }
  const Node place = key.next();
  const bool is_env = key.text() == "env";
  if (place.type() != Node::Type::kScalar)
    return error(place.place(), "wrong type",
                 is_env ? "env is the name of a variable" : "file is a path, relative to this file");
  const std::string_view text = place.text();
  if (is_env && !is_variable(text))
    return error(place.place(), "not a variable's name",
                 "a variable's name has letters, digits and \"_\", like SIM_TOKEN");
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (is_control(text, at))
      return error(place.place(), "a control character in text", "a path is one line of printable characters");
  }
  if (text.empty()) return error(place.place(), "empty text", "file is a path, relative to this file");
  return Json(Json::Object{{std::string(key.text()), Json(text)}});
}

std::optional<Json> ValueReader::read_text_map(const SchemaField& field, Node value) {
  const bool labels = field.path.ends_with("labels");
  if (value.type() != Node::Type::kMap)
    return error(value.place(), "not a map", fmt::format("{} is a map, like {{tier: gold}}", last_part(field.path)));
  Json::Object object;
  bool well = true;
  for (Node key = value.first(); key.exists(); key = key.next().next()) {
    const Node given = key.next();
    const std::string_view text = given.type() == Node::Type::kScalar ? given.text() : "";
    if (!is_label(key.text())) {
      error(key.place(), "invalid name",
            "a name here has letters, digits, \"-\", \"_\", \".\" and \"/\", at most 63 of them");
      well = false;
    } else if (given.type() != Node::Type::kScalar) {
      error(given.place(), "wrong type", "the value is text");
      well = false;
    } else if (!given.quoted() && looks_like_other_than_text(text)) {
      error(given.place(), "text that reads as something else",
            fmt::format("tools may take it for a number, a boolean or a date; write \"{}\" in quotes", shown(text)));
      well = false;
    } else if (labels && !text.empty() && !is_label(text) &&
               !(in_template_ && text.find("${") != std::string_view::npos)) {
      error(given.place(), "invalid label",
            "a label's value has letters, digits, \"-\", \"_\", \".\" and \"/\", at most 63 of them");
      well = false;
    } else if (text.size() > 4096) {
      error(given.place(), "text too long", "a note has at most 4096 bytes");
      well = false;
    } else {
      object.emplace_back(key.text(), Json(text));
    }
  }
  if (!well) return std::nullopt;
  if (object.size() > 256)
    return error(value.place(), "too many of them", fmt::format("{} has at most 256 members", last_part(field.path)));
  std::ranges::sort(object, {}, &Json::Member::first);
  const auto same_name = [](const Json::Member& a, const Json::Member& b) { return a.first == b.first; };
  object.erase(std::unique(object.begin(), object.end(), same_name), object.end());
  return Json(std::move(object));
}

}  // namespace switchyard
