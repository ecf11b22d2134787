#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "specs/base/result.h"
#include "state/model/observation.h"

// How an observed server is kept in the state file: compact, because 100,000 of them are read at once. Two parts: the
// body (what seldom changes) and the latest reading (what every look changes: times, latencies, calls). `account`, `id`
// and `seen` have columns of their own. The bytes are the same on every machine; a new layout needs a new first byte.
namespace switchyard {

void encode_body(const ObservedServer& server, std::string& bytes);    // appends
void encode_latest(const ObservedServer& server, std::string& bytes);  // appends

// Fill in what the bytes hold; the body first. Error: kUnreadable.
Result<Done> decode_body(std::string_view bytes, ObservedServer& server);
Result<Done> decode_latest(std::string_view bytes, ObservedServer& server);

// XXH3 of a body: equal hashes mean that nothing has to be written.
std::int64_t hash_of_body(std::string_view bytes);

}  // namespace switchyard
