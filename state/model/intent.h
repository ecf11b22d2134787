#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "specs/base/json.h"
#include "specs/base/key.h"
#include "specs/base/timestamp.h"
#include "state/model/action.h"

namespace switchyard {

// One call as it was written down before it was sent (law 3). A create, an update (a configuration sent to the agent),
// a delete and every action are one intent each; a change that takes several calls writes one for each.
struct Intent {
  std::int64_t id = 0;  // given by the store, ascending; 0: not written yet
  Key resource;
  std::string account;
  Action action;
  enum class Origin { kPlanned, kByHand } origin;
  std::string uid;                        // the server's; of a create: the new one's
  std::string provider_id;                // empty for a create
  Timestamp written;                      // engine's clock
  std::optional<Timestamp> provider_now;  // the last provider `now` recorded before sending
  std::string source_path;                // absolute path of the declaring file: the scope of law 8; empty by hand
  Json request;                           // what is sent, without secrets: enough to look for it and to repeat it
  std::string proof_before;               // what the proof was before sending: boot time or last action id
  std::string actor;
  std::string reason;

  friend bool operator==(const Intent&, const Intent&) = default;
};

std::string_view to_string(Intent::Origin origin);
std::optional<Intent::Origin> parse_origin(std::string_view text);

// What came of an intent. In progress: the provider took it, its end is still to be seen.
struct Outcome {
  std::int64_t intent = 0;
  enum class Kind { kDone, kInProgress, kRefused, kFailed, kUnknown } kind;
  std::string provider_id;  // of a create, once known
  std::string message;      // the provider's own words where it gave some
  Timestamp at;             // engine's clock

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

std::string_view to_string(Outcome::Kind kind);
std::optional<Outcome::Kind> parse_outcome(std::string_view text);
// Done, refused and failed close an intent, and unknown for one asked for by hand. An open intent is one without such
// an outcome.
constexpr bool closes(Outcome::Kind kind, Intent::Origin origin) {
  switch (kind) {
    case Outcome::Kind::kDone:
    case Outcome::Kind::kRefused:
    case Outcome::Kind::kFailed:
      return true;
    case Outcome::Kind::kUnknown:
      return origin == Intent::Origin::kByHand;
    case Outcome::Kind::kInProgress:
      return false;
  }
  return false;
}

// An intent whose end is not known yet, with what is known.
struct OpenIntent {
  Intent intent;
  std::optional<Outcome> outcome;  // in progress or unknown; nothing: no answer was ever recorded

  friend bool operator==(const OpenIntent&, const OpenIntent&) = default;
};

// A change of ours to a machine that was there, and is done. For a settling time listings may show the machine as it
// was before.
struct DoneChange {
  std::string account;
  std::string provider_id;
  std::string uid;
  std::optional<Key> mark;  // what it was marked as
  Timestamp at;             // engine's clock

  friend bool operator==(const DoneChange&, const DoneChange&) = default;
};

}  // namespace switchyard
