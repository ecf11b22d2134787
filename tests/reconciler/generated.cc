#include "tests/reconciler/generated.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace switchyard::testing {
namespace {

template <std::size_t N>
std::string one_of(Random& random, const std::array<const char*, N>& words) {
  return words[random.below(N)];
}

std::string one_of(Random& random, const std::vector<const char*>& words) {
  return words[random.below(words.size())];
}

std::string flow(const std::map<std::string, std::string>& fields) {
  std::string text;
  for (const auto& [name, value] : fields) text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", name, value);
  return "{" + text + "}";
}

constexpr std::array<const char*, 2> kClusters{"core", "edge"};
constexpr std::array<const char*, 2> kSizes{"s-1vcpu-2gb", "s-2vcpu-4gb"};
constexpr std::array<const char*, 4> kChannels{"200", "500", "800", "1000"};

}  // namespace

Generated::Generated(std::uint64_t seed) {
  Random random(seed);
  documents_.push_back({"Account", "main", {{"provider", "sim"}}, {}});
  documents_.push_back({"Zone", "london", {{"account", "main"}, {"region", "lon1"}}, {}});
  documents_.push_back({"Zone", "frankfurt", {{"account", "main"}, {"region", "fra1"}}, {}});
  documents_.push_back({"Zone", "islington", {{"account", "main"}, {"region", "lon1"}}, {}});
  zones_ = {"london", "frankfurt", "islington"};
  if (random.below(2) == 0) {
    documents_.push_back(
        {"Account", "other", {{"provider", "sim"}, {"deposit", "{base: \"5.00\", perServer: \"10.00\"}"}}, {}});
    documents_.push_back({"Zone", "camden", {{"account", "other"}, {"region", "lon1"}}, {}});
    zones_.push_back("camden");
  }
  for (const char* cluster : kClusters) {
    const std::string rollout = fmt::format("{{maxUnavailable: {}, drainTimeout: 10m}}", random.between(1, 2));
    documents_.push_back({"Cluster", cluster, {{"rollout", rollout}}, {}});
  }
  const std::int64_t media = random.between(0, 1);
  for (std::int64_t i = 0; i < media; ++i) {
    documents_.push_back({"RtpServer",
                          fmt::format("relay-{}", ++made_),
                          {{"zone", one_of(random, zones_)}, {"size", one_of(random, kSizes)}, {"maxSessions", "100"}},
                          {}});
  }
  const std::int64_t switches = random.between(1, 5);
  for (std::int64_t i = 0; i < switches; ++i) {
    documents_.push_back(drawn_switch(random, fmt::format("sw-{}", ++made_)));
  }
  for (std::int64_t i = random.between(0, 1); i > 0; --i) {
    documents_.push_back(drawn_set(random, fmt::format("set-{}", ++made_)));
  }
  for (const char* cluster : kClusters) {
    const bool any = std::ranges::any_of(documents_, [&](const Document& document) {
      const auto in = document.spec.find("cluster");
      return document.kind == "Server" && in != document.spec.end() && in->second == cluster;
    });
    if (!any || random.below(2) == 0) continue;
    documents_.push_back({"Server",
                          fmt::format("front-{}", cluster),
                          {{"zone", one_of(random, zones_)},
                           {"type", "dispatcher"},
                           {"size", kSizes[0]},
                           {"balancer", fmt::format("{{cluster: {}}}", cluster)}},
                          {}});
  }
  list_names();
}

Generated::Document Generated::drawn_switch(Random& random, const std::string& name) const {
  Document made{"Server",
                name,
                {{"zone", one_of(random, zones_)},
                 {"size", one_of(random, kSizes)},
                 {"channels", one_of(random, kChannels)},
                 {"priority", std::to_string(random.between(0, 2))}},
                {}};
  if (random.below(4) != 0) made.spec["cluster"] = one_of(random, kClusters);
  if (random.below(6) == 0) made.spec["power"] = "stopped";
  if (random.below(3) == 0) made.options["tlsInternals"] = "true";
  if (random.below(3) == 0) made.options["autoUpgrade"] = "true";
  return made;
}

Generated::Document Generated::drawn_set(Random& random, const std::string& name) const {
  Document made{"ServerSet", name, {{"replicas", std::to_string(random.between(0, 3))}}, {}};
  edit_set(random, made);
  return made;
}

// Other zones or another template; the number of its members stays.
void Generated::edit_set(Random& random, Document& set) const {
  std::string zones = one_of(random, zones_);
  if (const std::string second = one_of(random, zones_); second != zones) zones += ", " + second;
  set.spec["zones"] = "[" + zones + "]";
  std::map<std::string, std::string> spec{{"size", one_of(random, kSizes)}, {"channels", one_of(random, kChannels)}};
  if (random.below(3) != 0) spec["cluster"] = one_of(random, kClusters);
  set.spec["template"] = "{spec: " + flow(spec) + "}";
}

void Generated::rename(Document& server) {
  server.formerly.push_back(server.name);
  server.name = fmt::format("sw-{}", ++made_);
}

void Generated::edit(Random& random) {
  std::vector<std::size_t> servers;
  std::vector<std::size_t> switches;
  std::vector<std::size_t> sets;
  for (std::size_t i = 0; i < documents_.size(); ++i) {
    if (documents_[i].kind == "ServerSet") sets.push_back(i);
    if (documents_[i].kind != "Server" && documents_[i].kind != "RtpServer") continue;
    servers.push_back(i);
    if (documents_[i].kind == "Server" && !documents_[i].spec.contains("type")) switches.push_back(i);
  }
  Document* some_switch = switches.empty() ? nullptr : &documents_[switches[random.below(switches.size())]];
  Document* set = sets.empty() ? nullptr : &documents_[sets[random.below(sets.size())]];
  const std::uint64_t what = random.below(14);
  if (what >= 11 && set == nullptr) {
    documents_.push_back(drawn_set(random, fmt::format("set-{}", ++made_)));
  } else if (what >= 12) {
    set->spec["replicas"] = std::to_string(random.between(0, 4));
  } else if (what == 11) {
    edit_set(random, *set);
  } else if (what == 0 || some_switch == nullptr) {
    documents_.push_back(drawn_switch(random, fmt::format("sw-{}", ++made_)));
  } else if (what == 1) {
    servers.insert(servers.end(), sets.begin(), sets.end());
    documents_.erase(documents_.begin() + static_cast<std::ptrdiff_t>(servers[random.below(servers.size())]));
  } else if (what == 2) {
    some_switch->spec["zone"] = one_of(random, zones_);
  } else if (what == 3) {
    some_switch->spec["size"] = one_of(random, kSizes);
  } else if (what == 4) {
    some_switch->spec["power"] = random.below(2) == 0 ? "stopped" : "running";
  } else if (what == 5) {
    some_switch->spec["channels"] = one_of(random, kChannels);
  } else if (what == 6) {
    some_switch->options["tlsInternals"] = random.below(2) == 0 ? "true" : "false";
  } else if (what == 7) {
    some_switch->spec["cps"] = std::to_string(random.between(10, 90));
  } else if (what == 8) {
    some_switch->spec["weight"] = std::to_string(random.between(1, 5));
  } else if (what == 9) {
    rename(*some_switch);
  } else {
    some_switch->spec["cluster"] = one_of(random, kClusters);
  }
  list_names();
}

std::vector<std::string> Generated::write_in_some(Random& random, const std::string& field, const std::string& value) {
  std::vector<std::string> names;
  for (Document& document : documents_) {
    if (document.kind != "Server" || document.spec.contains("type") || random.below(2) == 0) continue;
    if (field.starts_with("options.")) {
      document.options[field.substr(8)] = value;
    } else {
      document.spec[field] = value;
    }
    names.push_back(document.name);
  }
  return names;
}

void Generated::add(const std::string& kind, const std::string& name, const std::map<std::string, std::string>& spec) {
  documents_.push_back({kind, name, spec, {}});
}

std::string Generated::line_of(const Document& document) {
  std::map<std::string, std::string> spec = document.spec;
  if (!document.options.empty()) spec["options"] = flow(document.options);
  std::string former;
  for (const std::string& name : document.formerly) former += (former.empty() ? "" : ", ") + name;
  if (!former.empty()) former = " | formerly: [" + former + "]";
  return fmt::format("{} {} {}{}", document.kind, document.name, flow(spec), former);
}

std::vector<std::string> Generated::documents() const {
  std::vector<std::string> lines;
  for (const Document& document : documents_) lines.push_back(line_of(document));
  return lines;
}

std::string Generated::lines() const {
  std::string text;
  for (const std::string& line : documents()) text += line + "\n";
  return text;
}

void Generated::list_names() {
  names_.clear();
  for (const Document& document : documents_) {
    if (document.kind == "Server" || document.kind == "RtpServer") names_.push_back(document.name);
    if (document.kind != "ServerSet") continue;
    for (int i = 1; i <= std::stoi(document.spec.at("replicas")); ++i) {
      names_.push_back(fmt::format("{}-{}", document.name, i));
    }
  }
}

}  // namespace switchyard::testing
