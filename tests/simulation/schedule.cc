#include "tests/simulation/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "specs/base/random.h"

namespace switchyard::simulation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using What = Incident::What;

constexpr std::array<std::string_view, kIncidentKinds> kWords = {
    "edit",  "act",   "override", "part",  "lift",  "stop", "intruder", "balance",   "expire",       "vanish",
    "power", "drift", "release",  "calls", "fault", "kill", "clock",    "slow-disk", "slow-network",
};

// How often each kind is drawn, against the others.
constexpr std::array<int, kIncidentKinds> kWeights = {
    18, 4, 2, 2, 5, 3, 4, 5, 4, 4, 5, 8, 2, 12, 16, 14, 4, 3, 4,
};

What drawn_what(Random& random) {
  int sum = 0;
  for (const int weight : kWeights) sum += weight;
  auto left = static_cast<int>(random.below(static_cast<std::uint64_t>(sum)));
  std::size_t kind = 0;
  while (left >= kWeights[kind]) left -= kWeights[kind++];
  return static_cast<What>(kind);
}

// Most things are over in minutes, a few take hours.
Duration drawn_span(Random& random) {
  return random.below(4) == 0 ? Duration(minutes(random.between(30, 400)))
                              : Duration(seconds(random.between(20, 1500)));
}

}  // namespace

std::string_view word_of(Incident::What what) {
  return kWords[static_cast<std::size_t>(what)];
}

std::string to_text(const Incident& incident) {
  return fmt::format("#{} {}", incident.number, word_of(incident.what));
}

Schedule draw_schedule(std::uint64_t seed, Duration length) {
  Random random(seed ^ 0x5eed5c4ed01eULL);
  Schedule schedule{.seed = seed,
                    .length = length,
                    .interval = minutes(random.between(60, 600)),
                    .rounds = static_cast<int>(random.below(3) == 0 ? 1 : random.between(2, 60)),
                    .incidents = {}};
  // Between a quiet month and one in which something happens every hour or two. Half of the incidents come in bursts,
  // because what goes wrong while something else does is what nobody thought of.
  const std::int64_t mean = random.between(70, 600);
  Duration at = minutes(random.between(5, 60));
  while (at < length) {
    const std::int64_t together = random.below(2) == 0 ? 1 : random.between(2, 6);
    for (std::int64_t i = 0; i < together && at < length; ++i) {
      const What what = drawn_what(random);
      const std::uint64_t draw = random.next();
      schedule.incidents.push_back(Incident{.number = static_cast<int>(schedule.incidents.size()),
                                            .at = at,
                                            .what = what,
                                            .draw = draw,
                                            .lasts = drawn_span(random)});
      at += random.below(3) == 0 ? Duration(0) : Duration(random.between(50, 400'000));
    }
    at += minutes(random.between(1, 2 * mean));
  }
  return schedule;
}

Schedule only(const Schedule& schedule, const std::vector<int>& numbers) {
  Schedule part = schedule;
  std::erase_if(part.incidents,
                [&](const Incident& incident) { return std::ranges::find(numbers, incident.number) == numbers.end(); });
  return part;
}

}  // namespace switchyard::simulation
