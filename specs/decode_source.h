#pragma once

#include <string>
#include <vector>

#include "specs/decode.h"
#include "specs/load.h"

namespace switchyard {

// Decodes every file of a source, in the order of the files, through the cache where there is one. The cache is used on
// the calling thread only. `keep_bytes` false: a file's bytes are released as soon as it is decoded.
std::vector<DecodedFile> decode_source(SpecSource& source, const LoadOptions& options, bool keep_bytes);

// The form in which a clean file is cached: a checksum and what it decoded to.
std::string to_cache(const DecodedFile& file);
std::optional<DecodedFile> from_cache(std::string_view bytes);

}  // namespace switchyard
