#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "state/sqlite/database.h"

namespace switchyard::sqlite {

// A stored format and its history: steps[0] makes version 1 from nothing, steps[n] makes version n + 1 from version n.
// A step that was ever released is never edited. The version is the file's `user_version`.
struct Format {
  std::string name;             // as in "state file", for messages
  std::int32_t application_id;  // says in the file's header whose it is
  std::span<const char* const> steps;

  std::int64_t version() const { return static_cast<std::int64_t>(steps.size()); }
};

// The version of a file of this format; 0 for an empty one. Errors: kTooNew (says which version and what to do),
// kUnreadable (damaged, or a database of another program).
Result<std::int64_t> version_of(Database& database, const Format& format);

// Brings a file to the newest version, each step whole or not at all; processes that do it at once do it once. Errors:
// as version_of(), and those of writing.
Result<Done> migrate(Database& database, const Format& format);

}  // namespace switchyard::sqlite
