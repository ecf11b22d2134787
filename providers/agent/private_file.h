#pragma once

#include <string>
#include <string_view>

#include "specs/base/result.h"

// Small files that are their owner's alone (0600) and are there whole or not at all, whatever dies meanwhile. Their
// folder has to exist. Errors: kStorage, unless it says otherwise.
namespace switchyard {

// Errors: kNotFound; kUnauthorized when others may read it: what it holds may be known to them then.
Result<std::string> read_private_file(const std::string& path);

// Never over another one. Durable when it returns. Error: kConflict (something is there).
Result<Done> create_private_file(const std::string& path, std::string_view text);

// Durable when it returns; until then the one before is there.
Result<Done> replace_private_file(const std::string& path, std::string_view text);

// Durably; one that is not there is success.
Result<Done> remove_private_file(const std::string& path);

}  // namespace switchyard
