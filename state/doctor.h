#pragma once

#include <cstdint>
#include <string>

#include "state/sqlite/database.h"
#include "state/store.h"

namespace switchyard {

// Looks the whole state file over and says what it found; repairs nothing. `now` is the machine's clock. Damage is a
// line of the report, not an error.
DoctorReport examine(sqlite::Database& database, const std::string& path, std::int64_t log_bytes_before, Timestamp now);

}  // namespace switchyard
