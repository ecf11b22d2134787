#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "specs/fleet.h"
#include "state/model/observation.h"
#include "state/model/record.h"

namespace switchyard {

// One resource and the machines at providers that carry its mark.
struct Member {
  explicit Member(Key of) : key(std::move(of)) {}

  Key key;
  const DesiredServer* desired = nullptr;         // nullptr: no longer wanted
  const ObservedServer* current = nullptr;        // the machine that is it; nullptr: none
  const ObservedServer* missing = nullptr;        // one that listings lack, not yet proven gone (law 4)
  const ObservedServer* gone = nullptr;           // one that was proven gone
  const ObservedServer* former = nullptr;         // one we made, under the name that the fleet had then
  std::vector<const ObservedServer*> superseded;  // what a replacement left to remove
  std::vector<const ObservedServer*> late;        // turned up under a uid that was given up (law 3)
  std::vector<const ObservedServer*> doubles;  // carry its mark, and nothing tells whose work that was: reported only
  const Declaration* declaration = nullptr;
};

// Who is who: joins what is wanted with what was seen, by mark (law 12).
class FleetIndex {
 public:
  FleetIndex(const DesiredFleet& desired, std::span<const ObservedAccount> observed,
             std::span<const Declaration> declarations, std::span<const GivenUp> given_up);

  const DesiredFleet& desired() const { return desired_; }
  // One for each desired server, in the order of DesiredFleet::servers.
  const std::vector<Member>& wanted() const { return wanted_; }
  // Declared earlier under the scope and no longer wanted; by key.
  const std::vector<Member>& unwanted() const { return unwanted_; }
  // Declared earlier under the scope, in an account that is no longer declared; by key.
  const std::vector<const Declaration*>& orphans() const { return orphans_; }
  // Neither wanted nor declared here, with the reason.
  struct Stranger {
    const ObservedServer* server;
    std::string why;
  };
  const std::vector<Stranger>& strangers() const { return strangers_; }

  const Member* find(const Key& key) const;  // among the wanted
  // The member of a server of desired().
  const Member& member(const DesiredServer& server) const { return wanted_[desired_.index_of(server)]; }
  const ObservedAccount* account(std::string_view name) const;

 private:
  void choose(Member& member, const std::vector<const ObservedServer*>& machines) const;

  const DesiredFleet& desired_;
  std::span<const ObservedAccount> observed_;
  std::span<const GivenUp> given_up_;
  std::vector<Member> wanted_;
  std::vector<Member> unwanted_;
  std::vector<const Declaration*> orphans_;
  std::vector<Stranger> strangers_;
};

// Whether `path` is one of the scope's files or lies below one of its folders (law 8).
bool in_scope(std::string_view path, std::span<const std::string> scope);

// In service: it can take calls.
bool serving(const ObservedServer& server);
// Neither takes calls nor answers: it comes back by a start or a reactivation.
bool is_down(const ObservedServer& server);
// It costs money by the hour now or will as soon as it is delivered.
bool runs(const ObservedServer& server);

}  // namespace switchyard
