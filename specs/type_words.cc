#include "specs/type_words.h"

#include <fmt/format.h>

#include "specs/base/timestamp.h"
#include "specs/suggest.h"

namespace switchyard {

std::string element_for_people(const FieldRow& row) {
  switch (row.type) {
    case Type::kBoolean:
      return "true or false";
    case Type::kInteger:
      return row.high == INT64_MAX ? fmt::format("a whole number from {}", row.low)
                                   : fmt::format("a whole number from {} to {}", row.low, row.high);
    case Type::kDuration:
      return fmt::format("a duration from {} to {}, like 90s, 15m or 72h", to_string(Duration(row.low)),
                         to_string(Duration(row.high)));
    case Type::kMoney:
      return "an amount of money, like \"20.00\" or 20";
    case Type::kCountOrPercent:
      return "a count, like 5, or a share, like \"10%\"";
    case Type::kText:
      return row.high > 0 ? fmt::format("text of at most {} bytes", row.high) : "text";
    case Type::kName:
      return "a name (a DNS label)";
    case Type::kReference:
      return fmt::format("the name of {} {} document", to_string(*row.to) == "Account" ? "an" : "a",
                         to_string(*row.to));
    case Type::kWord:
      return one_of({row.words.begin(), row.words.end()});
    case Type::kToken:
      return "the provider's word";
    case Type::kHostname:
      return "a fully qualified host name";
    case Type::kDomain:
      return "a host name, or *. and one";
    case Type::kHostPort:
      return row.low == 1 ? "host:port" : "a host or host:port";
    case Type::kUrl:
      return "an http or https URL";
    case Type::kSipUri:
      return "a SIP URI";
    case Type::kCurrency:
      return "an ISO 4217 currency";
    case Type::kTimezone:
      return "an IANA time zone";
    case Type::kSecret:
      return "a secret's place: {env: NAME} or {file: path}";
    case Type::kTextMap:
      return "a map of texts";
    case Type::kObject: {
      std::string names;
      for (const FieldRow& member : row.members) names += (names.empty() ? "" : ", ") + std::string(member.path);
      return fmt::format("a map of {}", names);
    }
    case Type::kOptions:
      return "a map of options";
    case Type::kServerSpec:
      return "a server's spec";
  }
  return "";
}

std::string type_for_people(const FieldRow& row) {
  const std::string one = element_for_people(row);
  return row.many == Many::kOne ? one : fmt::format("a list, each {}", one);
}

}  // namespace switchyard
