#pragma once

#include <string>

#include "specs/kinds/field.h"

namespace switchyard {

// "true or false", "a whole number from 1 to 65535", "a list, each the name of a Carrier document".
std::string type_for_people(const FieldRow& row);
// The same of one element of a list.
std::string element_for_people(const FieldRow& row);

}  // namespace switchyard
