#include <algorithm>
#include <array>

#include "specs/kinds/tables.h"

namespace switchyard {
namespace {

constexpr std::array<std::string_view, 1> kVersions{"switchyard/v1"};
constexpr auto kKindWords = [] {
  std::array<std::string_view, kKinds.size()> words;
  std::ranges::transform(kKinds, words.begin(), &KindWord::word);
  return words;
}();

constexpr std::array kRows{
    FieldRow{.path = "apiVersion",
             .type = Type::kWord,
             .meaning = "the version of the language",
             .rule = "switchyard/v1",
             .effect = EffectRule::kLive,
             .required = true,
             .words = kVersions},
    FieldRow{.path = "kind",
             .type = Type::kWord,
             .meaning = "what the document declares",
             .rule = "switchyard/v1",
             .effect = EffectRule::kLive,
             .required = true,
             .words = kKindWords},
    FieldRow{.path = "metadata.name",
             .type = Type::kName,
             .meaning = "the name that other documents and people use; one resource of a kind has it",
             .rule = "RFC 1123 2.1 (a DNS label)",
             .effect = EffectRule::kReplace,
             .required = true},
    FieldRow{.path = "metadata.labels",
             .type = Type::kTextMap,
             .meaning = "words to select resources by (--target label=value)",
             .rule = "switchyard/v1",
             .effect = EffectRule::kLive},
    FieldRow{.path = "metadata.annotations",
             .type = Type::kTextMap,
             .meaning = "notes for people; they reach no server and change no plan",
             .rule = "switchyard/v1",
             .effect = EffectRule::kLive},
    FieldRow{.path = "metadata.formerly",
             .type = Type::kName,
             .meaning = "names that the resource had before, so that a rename keeps what exists",
             .rule = "switchyard/v1",
             .effect = EffectRule::kLive,
             .many = Many::kList},
};

}  // namespace

std::span<const FieldRow> common_rows() {
  return kRows;
}

bool is_text(Type type) {
  switch (type) {
    case Type::kText:
    case Type::kName:
    case Type::kReference:
    case Type::kToken:
    case Type::kHostname:
    case Type::kDomain:
    case Type::kHostPort:
    case Type::kUrl:
    case Type::kSipUri:
      return true;
    case Type::kBoolean:
    case Type::kInteger:
    case Type::kDuration:
    case Type::kMoney:
    case Type::kCountOrPercent:
    case Type::kWord:
    case Type::kCurrency:
    case Type::kTimezone:
    case Type::kSecret:
    case Type::kTextMap:
    case Type::kObject:
    case Type::kOptions:
    case Type::kServerSpec:
      return false;
  }
  return false;
}

}  // namespace switchyard
