#include <fmt/format.h>

#include <map>

#include "specs/rules/rules.h"

namespace switchyard {

void check_clusters(const Inventory& inventory, Complaints& complaints) {
  struct Sum {
    std::int64_t cps = 0;
    std::int64_t channels = 0;
    std::int64_t members = 0;
  };
  std::map<std::string_view, Sum> sums;
  const ServerIds& ids = server_ids();
  const KindSchema& schema = schema_of(Kind::kServer);
  const auto or_default = [&](const Resource& server, FieldId id) {
    return server.find(id).integer_or(Packed(schema.fields[id].fallback).integer_or(0));
  };
  for (const Resource& server : inventory.all(Kind::kServer)) {
    const std::string_view cluster = server.find(ids.cluster).text_or("");
    if (cluster.empty() || server.find(ids.type).text_or("switch") != "switch") continue;
    Sum& sum = sums[cluster];
    sum.cps += or_default(server, ids.cps);
    sum.channels += or_default(server, ids.channels);
    ++sum.members;
  }
  for (const Resource& cluster : inventory.all(Kind::kCluster)) {
    const Sum sum = sums[cluster.name];
    const auto compare = [&](std::string_view path, std::string_view unit, std::int64_t of_members) {
      const auto limit = cluster.find(path).integer();
      if (!limit || of_members <= *limit) return;
      complaints.warn(cluster, path, "members may do more than the cluster",
                      fmt::format("its {} may do {} {}; together they are admitted {}",
                                  sum.members == 1 ? "one switch" : fmt::format("{} switches", sum.members), of_members,
                                  unit, *limit));
    };
    compare("spec.limits.cps", "calls a second", sum.cps);
    compare("spec.limits.channels", "channels", sum.channels);
  }
}

void check_carriers(const Inventory& inventory, Complaints& complaints) {
  for (const Resource& carrier : inventory.all(Kind::kCarrier)) {
    const auto has = [&](std::string_view path) {
      const Packed value = carrier.find(path);
      return value.exists() && !value.is_null();
    };
    const bool any = has("spec.registration.registrar") || has("spec.registration.username") ||
                     has("spec.registration.password") || has("spec.registration.registerOn");
    if (!any) continue;
    for (const std::string_view part : {"registrar", "username", "password"}) {
      if (has(fmt::format("spec.registration.{}", part))) continue;
      complaints.error(carrier, "spec.registration", fmt::format("{} is missing", part),
                       "a registration has a registrar, a username and a password");
    }
  }
}

void check_media(const Inventory& inventory, Complaints& complaints) {
  constexpr std::int64_t kPortsPerSession = 4;  // RTP and RTCP, towards both sides
  std::map<std::string_view, const Resource*> names;
  for (const Resource& media : inventory.all(Kind::kRtpServer)) names.emplace(media.name, &media);
  for (const Resource& media : inventory.all(Kind::kRtpServer)) {
    const std::int64_t from = media.get("spec.ports.from").integer_or(0);
    const std::int64_t to = media.get("spec.ports.to").integer_or(0);
    const std::int64_t sessions = media.get("spec.maxSessions").integer_or(0);
    const std::string_view path = media.find("spec.ports.to").exists()     ? "spec.ports.to"
                                  : media.find("spec.ports.from").exists() ? "spec.ports.from"
                                                                           : "spec.maxSessions";
    if (to < from) {
      complaints.error(media, path, "a range that ends before it begins",
                       fmt::format("ports go from {} to {}", from, to));
    } else if (to - from + 1 < kPortsPerSession * sessions) {
      complaints.error(media, path, "too few ports",
                       fmt::format("{} sessions need {} ports, {} to {} are {}; widen the range or lower maxSessions",
                                   sessions, kPortsPerSession * sessions, from, to, to - from + 1));
    }
    media.find("spec.aliases").each([&](Packed alias) {
      const auto [at, fresh] = names.emplace(alias.text_or(""), &media);
      if (fresh) return;
      complaints.error(media, "spec.aliases", "an alias that is taken",
                       at->second == &media ? fmt::format("\"{}\" is its own name", at->first)
                                            : fmt::format("\"{}\" is RtpServer/{} {}", at->first, at->second->name,
                                                          Complaint::mention(*at->second)));
    });
  }
}

}  // namespace switchyard
