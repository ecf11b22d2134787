#pragma once

#include <string_view>

#include "providers/call.h"
#include "specs/base/json.h"

// How calls, answers and differences stand in a record.
namespace switchyard {

// The file's first line names it. A record of a newer version is refused (kTooNew).
inline constexpr std::int64_t kRecordVersion = 1;
inline constexpr std::string_view kRecordMember = "switchyardRecord";

// A call as it was sent, its secrets by their names only.
Json recorded(const Call& call);
// What came of it. The fingerprints in it are to be replaced before.
Json recorded(const Result<Answer>& answer);
// Error: kUnreadable.
Result<Result<Answer>> answer_from_record(const Call& call, const Json& json);

// "env:SIP_PASSWORD", "file:/etc/key.pem".
std::string name_of(const SecretRef& ref);

// Where two decisions part: the first path at which they differ, with both values. Words for people ("reason",
// "message" ...) and positions in files decide nothing and are not compared. Nothing: the same.
struct Difference {
  std::string path;  // "changes[2].action"
  Json recorded;
  Json now;
};
std::optional<Difference> first_difference(const Json& recorded, const Json& now);

}  // namespace switchyard
