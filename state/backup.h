#pragma once

#include <string>

#include "state/sqlite/database.h"

namespace switchyard {

// Writes a consistent copy of a database: for its owner only (0600), durable when this returns, all of it or none, and
// never over an existing file. Errors: kInvalid (something is there), kStorage, kUnreadable (the source is damaged).
Result<Done> back_up(sqlite::Database& database, const std::string& to);

}  // namespace switchyard
