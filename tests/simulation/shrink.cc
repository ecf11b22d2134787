#include "tests/simulation/shrink.h"

#include <algorithm>

namespace switchyard::simulation {

Shrunk shrink(const Schedule& failing, const Fails& fails, int most_runs) {
  Shrunk shrunk{.schedule = failing, .runs = 0};
  const auto without = [&shrunk](std::size_t from, std::size_t number) {
    Schedule part = shrunk.schedule;
    const auto first = part.incidents.begin() + static_cast<std::ptrdiff_t>(from);
    part.incidents.erase(first, first + static_cast<std::ptrdiff_t>(number));
    return part;
  };
  std::size_t chunk = std::max<std::size_t>(1, failing.incidents.size() / 2);
  for (;;) {
    bool smaller = false;
    // From the end: what came later is the least likely to matter.
    std::size_t end = shrunk.schedule.incidents.size();
    while (end > 0) {
      if (shrunk.runs >= most_runs) return shrunk;
      const std::size_t number = std::min(chunk, end);
      Schedule part = without(end - number, number);
      ++shrunk.runs;
      if (fails(part)) {
        shrunk.schedule = std::move(part);
        smaller = true;
      }
      end -= number;
    }
    if (chunk > 1) {
      chunk = (chunk + 1) / 2;
    } else if (!smaller) {
      return shrunk;
    }
  }
}

}  // namespace switchyard::simulation
