#include "specs/inventory.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "specs/expand.h"
#include "specs/kinds/tables.h"

namespace switchyard {
namespace {

constexpr std::size_t kMostMembers = 1'000'000;  // of all ServerSets together
constexpr std::size_t kMostSuggestions = 5'000;

}  // namespace

Inventory::Inventory(std::vector<std::string> decoded, bool lost, Complaints& complaints)
    : decoded_(std::move(decoded)), lost_(lost) {
  std::vector<Resource> resources;
  for (std::size_t file = 0; file < decoded_.size(); ++file) {
    read_resources(decoded_[file], static_cast<std::uint32_t>(file), resources);
  }
  std::array<std::size_t, kKinds.size()> counts{};
  for (const Resource& resource : resources) ++counts[static_cast<std::size_t>(resource.kind)];
  for (std::size_t kind = 0; kind < counts.size(); ++kind) by_kind_[kind].reserve(counts[kind]);
  for (const Resource& resource : resources) by_kind_[static_cast<std::size_t>(resource.kind)].push_back(resource);
  resources = {};
  sort_and_refuse_duplicates(Kind::kServerSet, complaints);
  for (const Resource& set : all(Kind::kServerSet)) expand(set, complaints);
  for (const Kind kind : all_kinds()) {
    if (kind != Kind::kServerSet) sort_and_refuse_duplicates(kind, complaints);
  }
  for (const Resource& media : all(Kind::kRtpServer)) {
    media.find("spec.aliases").each([&](Packed alias) { media_aliases_.emplace_back(alias.text_or(""), media.name); });
  }
  std::ranges::sort(media_aliases_);
}

void Inventory::expand(const Resource& set, Complaints& complaints) {
  const auto replicas = static_cast<std::size_t>(set.find("spec.replicas").integer_or(0));
  if (members_ + replicas > kMostMembers) {
    return complaints.error(set, "spec.replicas", "too many servers",
                            fmt::format("ServerSets have at most {} members in all", kMostMembers));
  }
  members_ += replicas;
  expanded_.push_back(expand_set(set, complaints));
  std::vector<Resource>& servers = by_kind_[static_cast<std::size_t>(Kind::kServer)];
  const std::size_t first = servers.size();
  read_resources(expanded_.back(), set.file, servers);
  for (std::size_t i = first; i < servers.size(); ++i) servers[i].member = static_cast<std::uint32_t>(i - first + 1);
}

void Inventory::sort_and_refuse_duplicates(Kind kind, Complaints& complaints) {
  std::vector<Resource>& resources = by_kind_[static_cast<std::size_t>(kind)];
  std::ranges::sort(resources, [](const Resource& a, const Resource& b) {
    return std::tie(a.name, a.file, a.document) < std::tie(b.name, b.file, b.document);
  });
  for (std::size_t i = 1; i < resources.size(); ++i) {
    const Resource& before = resources[i - 1];
    const Resource& again = resources[i];
    if (before.name != again.name) continue;
    // A member and a document of the same name: the set is to blame, whichever file comes first.
    const Resource& about = before.member > 0 && again.member == 0 ? before : again;
    const Resource& other = &about == &again ? before : again;
    complaints.error(about, "metadata.name", "declared twice",
                     fmt::format("{}/{}{} stands already {}", to_string(kind), again.name,
                                 about.member > 0 ? fmt::format(", member {} of this set,", about.member) : "",
                                 Complaint::mention(other)));
  }
  const auto same_name = [](const Resource& a, const Resource& b) { return a.name == b.name; };
  resources.erase(std::unique(resources.begin(), resources.end(), same_name), resources.end());
}

const Resource* Inventory::find(Kind kind, std::string_view name) const {
  const std::vector<Resource>& resources = all(kind);
  const auto at = std::ranges::lower_bound(resources, name, {}, &Resource::name);
  return at != resources.end() && at->name == name ? &*at : nullptr;
}

const Resource* Inventory::find_media(std::string_view name) const {
  if (const Resource* media = find(Kind::kRtpServer, name)) return media;
  const auto at =
      std::ranges::lower_bound(media_aliases_, name, {}, &std::pair<std::string_view, std::string_view>::first);
  return at != media_aliases_.end() && at->first == name ? find(Kind::kRtpServer, at->second) : nullptr;
}

std::vector<std::string_view> Inventory::names(Kind kind) const {
  std::vector<std::string_view> names;
  for (const Resource& resource : all(kind)) {
    if (names.size() == kMostSuggestions) break;
    names.push_back(resource.name);
  }
  if (kind == Kind::kRtpServer) {
    for (const auto& [alias, name] : media_aliases_) names.push_back(alias);
  }
  return names;
}

}  // namespace switchyard
