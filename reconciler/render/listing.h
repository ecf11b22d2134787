#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reconciler/render/style.h"
#include "specs/fleet.h"
#include "state/model/observation.h"
#include "state/model/record.h"

// What `get` shows: rows of one kind, for people as a table and for programs as JSON, from the same cells.
namespace switchyard {

struct Cell {
  std::string text;
  Json value;
};

struct Listing {
  struct Column {
    std::string title;   // "IP"
    std::string member;  // "ipv4"
  };
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;

  std::string text(Colour colour) const;
  Json json() const;  // an array of objects
};

// What is known: specs may be missing (nullptr), then only what the state keeps is shown. `now`: the engine's clock.
struct Known {
  const DesiredFleet* desired;
  std::span<const ObservedAccount> observed;
  std::span<const Override> overrides;
  Timestamp now;
};

// Rows of `kind`, of one `name` or of all. Servers are listed as domain.md says: IP, type, cluster, alias, channels,
// CPS, expires, status, cost, latencies; those without our mark come last.
Listing list_resources(const Known& known, Kind kind, const std::optional<std::string>& name);

}  // namespace switchyard
