#pragma once

#include <string>

#include "specs/complaints.h"
#include "specs/resource.h"

namespace switchyard {

// The members of a ServerSet as packed Server resources NAME-1 ... NAME-N (resource.h), each with the set's document as
// its source. Complains about what a placeholder makes of a text, and about a set that says no zone.
std::string expand_set(const Resource& set, Complaints& complaints);

}  // namespace switchyard
