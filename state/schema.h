#pragma once

#include "state/sqlite/migration.h"

namespace switchyard {

// The state file's format: its tables and their history (state/README.md says what each holds).
sqlite::Format state_format();

// What a person does about a damaged state file.
extern const char* const kIfStateDamaged;

}  // namespace switchyard
