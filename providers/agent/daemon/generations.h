#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "providers/agent/daemon/driver.h"

namespace switchyard {

// A whole configuration as it was rendered once, with what it was rendered from.
struct Generation {
  std::int64_t number;
  Configuration wanted;
  Rendered rendered;
};

// The rendered configurations of one server, a folder each:
//   generations/7/       its files, and generation.json (what it was rendered from), complete before anything names it
//   current -> generations/7   what a process reads
//   good -> generations/7      the newest one that was read back from a running process
// A crash leaves a folder that nobody names (removed at the next make()), or the links as they were before or after.
class Generations {
 public:
  static constexpr std::size_t kKept = 5;

  // `folder` is Place::folder and is there.
  explicit Generations(std::string folder);

  // Writes a new one, all of it synced, that nothing names yet. Error: kStorage.
  Result<Generation> make(const Configuration& wanted, const Rendered& rendered);
  // Writes an existing one's files again, each in one step: for what is pushed anyway.
  Result<Done> rewrite(const Generation& generation);
  Result<Done> remove(std::int64_t number);

  Result<Done> make_current(std::int64_t number);
  Result<Done> forget_current();
  // Notes it as good, and removes the oldest beyond kKept that nothing names.
  Result<Done> mark_good(std::int64_t number);

  // Nothing: none yet. Error: kUnreadable when its folder is damaged.
  Result<std::optional<Generation>> current() const;
  Result<std::optional<Generation>> good() const;

  std::string path(std::int64_t number) const;
  std::vector<std::int64_t> numbers() const;  // ascending

 private:
  std::optional<std::int64_t> named_by(const std::string& link) const;
  Result<std::optional<Generation>> read(std::optional<std::int64_t> number) const;
  Result<Done> write_files(const Generation& generation) const;

  std::string folder_;
};

}  // namespace switchyard
