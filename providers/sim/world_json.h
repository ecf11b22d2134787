#pragma once

#include <string>
#include <utility>
#include <vector>

#include "providers/sim/world.h"
#include "specs/base/json.h"

namespace switchyard {

// The parts of a world that its file keeps as JSON. Errors of reading: kUnreadable.
Json to_json(const WorldRoot& root);  // without now and balance, which have columns of their own
Result<WorldRoot> root_from_json(const Json& json);

Json to_json(const SimWork& work);
Result<SimWork> work_from_json(const Json& json);

Json to_json(const SimConfiguration& configuration);
Result<SimConfiguration> configuration_from_json(const Json& json);

Json to_json(const std::vector<Peer>& peers);
Result<std::vector<Peer>> peers_from_json(const Json& json);

using TextPairs = std::vector<std::pair<std::string, std::string>>;
Json to_json(const TextPairs& pairs);
Result<TextPairs> pairs_from_json(const Json& json);

}  // namespace switchyard
