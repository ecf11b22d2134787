#pragma once

#include <array>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "specs/complaints.h"
#include "specs/resource.h"

namespace switchyard {

// All resources of a source by kind, with the members of ServerSets among the servers. Not copied, not moved once
// resources are asked for: they point into it.
class Inventory {
 public:
  // `decoded[i]` is what file i decoded to; it stays here. Complains about names that are given twice and about
  // ServerSets that cannot be expanded.
  Inventory(std::vector<std::string> decoded, bool lost, Complaints& complaints);
  Inventory(const Inventory&) = delete;
  Inventory& operator=(const Inventory&) = delete;

  // Sorted by name, each name once.
  const std::vector<Resource>& all(Kind kind) const { return by_kind_[static_cast<std::size_t>(kind)]; }
  const Resource* find(Kind kind, std::string_view name) const;
  // An RtpServer by its name or one of its aliases.
  const Resource* find_media(std::string_view name) const;
  // For suggestions; a few thousand at most.
  std::vector<std::string_view> names(Kind kind) const;
  // A document could not be read: names that nobody has may have stood there.
  bool lost() const { return lost_; }

 private:
  void expand(const Resource& set, Complaints& complaints);
  void sort_and_refuse_duplicates(Kind kind, Complaints& complaints);

  std::vector<std::string> decoded_;
  std::deque<std::string> expanded_;  // members of one set each
  std::array<std::vector<Resource>, kKinds.size()> by_kind_;
  std::vector<std::pair<std::string_view, std::string_view>> media_aliases_;  // alias -> name, sorted
  std::size_t members_ = 0;
  bool lost_;
};

}  // namespace switchyard
