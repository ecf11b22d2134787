#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "specs/fleet.h"
#include "specs/inheritance.h"
#include "specs/inventory.h"

namespace switchyard {

// Turns a server's document and what it refers to into the fields of specs/base/fields.h. Fixed once made; any thread
// may ask. The inventory has to be without dangling references.
class ServerFields {
 public:
  using Sink = std::function<void(std::string_view path, Packed value)>;

  explicit ServerFields(const Inventory& inventory);

  // Calls `sink` for each field of a Server or RtpServer, in the order of paths. `effective` is resolve()d (unused for
  // an RtpServer); `scratch` is used again from one call to the next.
  void each(const Resource& server, const Effective& effective, std::string& scratch, const Sink& sink) const;

  // The media servers that a switch uses, sorted; none for others.
  std::vector<std::string> media(const Resource& server, const Effective& effective) const;
  // Where its secrets come from, by path, sorted. `folder_of` gives the folder that a file's paths are relative to.
  std::vector<SecretField> secrets(const Resource& server, const Effective& effective,
                                   const std::function<std::string(const Resource&)>& folder_of) const;

 private:
  using Lines = std::vector<std::pair<std::string, Packed>>;
  // A field of a server's spec: its own, an option, or its zone's region.
  struct Slot {
    std::string path;
    enum class From { kOwn, kOption, kRegion } from;
    FieldId id;
  };

  Lines taken_from(const Resource& other, const std::string& prefix) const;
  void each_of_media(const Resource& server, std::string& scratch, const Sink& sink) const;

  const Inventory& inventory_;
  std::vector<Slot> slots_;  // by path
  std::map<const Resource*, Lines> clusters_;
  std::map<const Resource*, std::string> members_;  // how many switches a cluster with limits is to have, packed
  std::map<const Resource*, Lines> carriers_;
  std::map<const Resource*, std::vector<std::string>> zone_media_;  // names, sorted
  std::map<const Resource*, std::string> zone_rtp_;                 // the same, packed
};

SecretRef secret_ref(Packed place, const std::string& folder);

}  // namespace switchyard
