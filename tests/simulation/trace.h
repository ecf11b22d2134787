#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "specs/base/timestamp.h"

namespace switchyard::simulation {

// What happened, in its order. The hash covers every line, also those that are not kept.
class Trace {
 public:
  enum class Keep { kNothing, kStory, kEverything };
  // A story has what changes something: incidents, calls that change the world, deaths, ends of rounds. Detail is the
  // rest: looks, and every answer.
  enum class Line { kStory, kDetail };

  explicit Trace(Keep keep) : keep_(keep) {}

  void note(Timestamp at, Line line, std::string_view text);
  std::uint64_t hash() const { return hash_; }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  Keep keep_;
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
  std::vector<std::string> lines_;
};

}  // namespace switchyard::simulation
