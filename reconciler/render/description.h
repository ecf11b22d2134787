#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reconciler/render/style.h"
#include "specs/fleet.h"
#include "state/model/intent.h"
#include "state/model/observation.h"
#include "state/model/record.h"

namespace switchyard {

// Everything that is known of one resource, for `describe`.
struct Description {
  Key key;
  Timestamp now;                   // engine's clock
  Timestamp provider_now{};        // the clock of the provider that reported it
  std::optional<Source> source{};  // where its document stands
  // What its document says besides a server's configuration, as pairs for people: ("region", "lon1").
  std::vector<std::pair<std::string, Json>> declared{};
  Fields wanted{};                           // a server's configuration
  std::optional<ObservedServer> observed{};  // of a server
  std::optional<ObservedAccount> account{};  // of an account; servers are only counted
  std::optional<Declaration> declaration{};
  std::vector<Condition> conditions{};
  std::vector<OpenIntent> open_intents{};
  std::vector<Attempts> attempts{};
  std::vector<Override> overrides{};
  std::vector<Event> events{};  // the last ones, oldest first

  // Whether anything at all is known of it.
  bool known() const;
};

// What the document of an account, zone, cluster or server says, for Description::declared.
std::vector<std::pair<std::string, Json>> declared_of(const DesiredFleet& desired, const Key& key);

std::string render_description(const Description& description, Colour colour);
Json to_json(const Description& description);

}  // namespace switchyard
