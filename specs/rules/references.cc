#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "specs/kinds/tables.h"
#include "specs/rules/rules.h"
#include "specs/scalar.h"
#include "specs/suggest.h"

namespace switchyard {
namespace {

class ReferenceCheck {
 public:
  ReferenceCheck(const Inventory& inventory, Complaints& complaints) : inventory_(inventory), complaints_(complaints) {}

  void check(const Resource& resource) {
    const KindSchema& schema = schema_of(resource.kind);
    Unpacker from(resource.fields);
    while (!from.done()) {
      const std::uint64_t id = from.number();
      const Packed value = Packed::read(from);
      const SchemaField& field = schema.fields[id];
      if (field.row->to || !field.row->members.empty()) check_value(resource, *field.row, field.path, value);
    }
  }

 private:
  void check_value(const Resource& resource, const FieldRow& row, const std::string& path, Packed value) {
    if (row.many == Many::kOne) return check_one(resource, row, path, value);
    std::size_t index = 0;
    value.each([&](Packed element) {
      const std::string at = fmt::format("{}[{}]", path, index++);
      if (row.type != Type::kObject) return check_one(resource, row, row.many == Many::kSet ? path : at, element);
      for (const FieldRow& member : row.members) {
        if (member.to) check_one(resource, member, fmt::format("{}.{}", at, member.path), element.find(member.path));
      }
    });
  }

  void check_one(const Resource& resource, const FieldRow& row, const std::string& path, Packed value) {
    const std::string_view name = value.text_or("");
    if (name.empty() || name.find("${") != std::string_view::npos) return;
    const bool there = *row.to == Kind::kRtpServer ? inventory_.find_media(name) != nullptr
                                                   : inventory_.find(*row.to, name) != nullptr;
    if (there || inventory_.lost()) return;
    // What a set says itself is complained about there, and not again for each member.
    if (resource.kind == Kind::kServerSet) said_by_sets_.emplace(*row.to, name);
    if (resource.member > 0 && said_by_sets_.contains({*row.to, name})) return;
    const std::vector<std::string_view> names = inventory_.names(*row.to);
    const std::string hint = did_you_mean(name, names);
    complaints_.error(
        resource, path, fmt::format("no such {}", to_string(*row.to)),
        fmt::format("{}/{} is not declared{}", to_string(*row.to), name,
                    hint.empty() && names.empty() ? fmt::format("; no {} is", to_string(*row.to)) : hint));
  }

  const Inventory& inventory_;
  Complaints& complaints_;
  std::set<std::pair<Kind, std::string_view>> said_by_sets_;
};

// Complains once about each ring of resources that name each other, at the first of it by name.
void refuse_rings(const std::map<std::string_view, std::pair<const Resource*, std::string_view>>& next,
                  std::string_view path, std::string_view what, Complaints& complaints) {
  std::set<std::string_view> settled;
  for (const auto& [name, unused] : next) {
    std::vector<std::string_view> walk;
    std::string_view at = name;
    while (!settled.contains(at) && std::ranges::find(walk, at) == walk.end()) {
      walk.push_back(at);
      const auto step = next.find(at);
      if (step == next.end()) break;
      at = step->second.second;
    }
    const auto start = std::ranges::find(walk, at);
    const bool ring =
        start != walk.end() && next.contains(walk.back()) && next.at(walk.back()).second == at && !settled.contains(at);
    if (ring) {
      std::vector<std::string_view> members(start, walk.end());
      std::rotate(members.begin(), std::ranges::min_element(members), members.end());
      std::string around;
      for (const std::string_view member : members) around += fmt::format("\"{}\" -> ", member);
      complaints.error(*next.at(members.front()).first, path, fmt::format("a ring of {}", what),
                       fmt::format("{}\"{}\"; one of them has to name none", around, members.front()));
    }
    settled.insert(walk.begin(), walk.end());
  }
}

}  // namespace

void check_references(const Inventory& inventory, const Inheritance& inheritance, Complaints& complaints) {
  ReferenceCheck check(inventory, complaints);
  for (const Resource& set : inventory.all(Kind::kServerSet)) check.check(set);
  for (const Kind kind : all_kinds()) {
    if (kind == Kind::kServerSet) continue;
    for (const Resource& resource : inventory.all(kind)) check.check(resource);
  }
  std::map<std::string_view, std::pair<const Resource*, std::string_view>> zones;
  for (const Resource& zone : inventory.all(Kind::kZone)) {
    const std::string_view other = zone.find("spec.failover").text_or("");
    if (other == zone.name) {
      complaints.error(zone, "spec.failover", "its own failover",
                       fmt::format("zone \"{}\" names itself; name another zone", other));
    } else if (inventory.find(Kind::kZone, other) != nullptr) {
      zones.emplace(zone.name, std::pair(&zone, other));
    }
  }
  refuse_rings(zones, "spec.failover", "failovers", complaints);

  std::map<std::string_view, std::pair<const Resource*, std::string_view>> servers;
  Effective effective;
  for (const Resource& server : inventory.all(Kind::kServer)) {
    inheritance.resolve(server, effective);
    const std::string_view other = effective.option(option_ids().capacity_failover).text_or("");
    if (!other.empty() && other != server.name && inventory.find(Kind::kServer, other) != nullptr) {
      servers.emplace(server.name, std::pair(&server, inventory.find(Kind::kServer, other)->name));
    }
  }
  refuse_rings(servers, "spec.options.capacityFailover", "capacity failovers", complaints);
}

void check_former_names(const Inventory& inventory, Complaints& complaints) {
  std::map<Key, const Resource*> claimed;
  for (const Kind kind : all_kinds()) {
    if (kind == Kind::kServerSet) continue;  // its members claim theirs
    const FieldId formerly = schema_of(kind).id("metadata.formerly");
    for (const Resource& resource : inventory.all(kind)) {
      std::size_t index = 0;
      resource.find(formerly).each([&](Packed old) {
        const std::string path = fmt::format("metadata.formerly[{}]", index++);
        const Key key{kind, std::string(old.text_or(""))};
        if (const Resource* there = inventory.find(kind, key.name)) {
          complaints.error(resource, path, "a former name that is in use",
                           there == &resource ? "it is its name now; leave it out"
                                              : fmt::format("{} still exists {}; a rename has one document",
                                                            to_string(key), Complaint::mention(*there)));
        } else if (const auto [at, fresh] = claimed.emplace(key, &resource); !fresh) {
          complaints.error(
              resource, path, "a former name claimed twice",
              fmt::format("{}/{} says so too {}", to_string(kind), at->second->name, Complaint::mention(*at->second)));
        }
      });
    }
  }
}

}  // namespace switchyard
