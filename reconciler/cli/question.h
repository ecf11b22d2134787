#pragma once

#include <string_view>

#include "reconciler/cli/context.h"
#include "state/lock.h"

namespace switchyard {

// What came of a question to the person at the terminal.
enum class Answered { kYes, kNo, kInterrupted, kLockLost };

// Asks on stderr and reads one line from stdin; only "yes" or "y" is taken as agreement. The lock's lease is renewed as
// long as the question is open, so that a plan that was read with care can still be carried out.
Answered ask(Context& context, std::string_view question, Lock* lock);

}  // namespace switchyard
