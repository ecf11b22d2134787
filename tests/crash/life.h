#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace switchyard {

// What one world went through.
struct LifeStory {
  int rounds = 0;
  int kills = 0;        // kill -9 that ended an apply which had begun a change
  int early_kills = 0;  // before it had
  int interrupts = 0;   // SIGINT (once or twice) and SIGTERM
  int extra_runs = 0;   // applies beyond the first that a round needed until nothing was left to do
  std::map<std::string, std::int64_t> faults;  // how often each struck
  std::vector<std::string> wrong;              // empty: all is as it must be
};

// One world, served over HTTP with dropped connections and lagging lists, and one fleet whose specs go on changing.
// Each round changes them, stops `apply` at random moments, runs it to its end, and compares the world with what is
// wanted. It ends after so many kills, or with the first round that goes wrong.
LifeStory live(std::uint64_t seed, int kills);

}  // namespace switchyard
