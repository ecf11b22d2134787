#include "providers/agent/kamailio/reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "providers/agent/kamailio/hot.h"

namespace switchyard::kamailio {
namespace {

void each_destination(const Json& answer, const std::function<void(std::int64_t set, const Json& destination)>& sink) {
  const Json* records = answer.find("RECORDS");
  if (records == nullptr || records->array() == nullptr) return;
  for (const Json& record : *records->array()) {
    const Json* set = record.find("SET");
    const Json* targets = set == nullptr ? nullptr : set->find("TARGETS");
    if (targets == nullptr || targets->array() == nullptr) continue;
    for (const Json& target : *targets->array()) {
      if (const Json* destination = target.find("DEST")) sink(set->integer_or("ID", -1), *destination);
    }
  }
}

Json sorted(std::vector<std::string> texts) {
  std::ranges::sort(texts);
  return Json(Json::Array(texts.begin(), texts.end()));
}

std::string attributes_of(const Json& destination) {
  const Json* attributes = destination.find("ATTRS");
  return attributes == nullptr ? "" : attributes->string_or("BODY", "");
}

// The first letter of its flags: A active, I inactive, D disabled, T trying (dispatcher module, RPC list).
std::string_view state_of(const Json& destination) {
  const std::string flags = destination.string_or("FLAGS", "");
  switch (flags.empty() ? ' ' : flags.front()) {
    case 'A':
      return "active";
    case 'I':
      return "inactive";
    case 'D':
      return "disabled";
    case 'T':
      return "trying";
  }
  return "unknown";
}

// Set numbers as hot.h has them.
std::string_view role_of(std::int64_t set) {
  switch (set) {
    case 1:
      return "switch";
    case 2:
      return "dispatcher";
    case 3:
      return "member";
    case 4:
      return "registrar";
  }
  return set >= 100 ? "carrier" : "other";
}

const Json::Array& elements(const Json& answer) {
  static const Json::Array none;
  return answer.array() == nullptr ? none : *answer.array();
}

// What auth_proxy says: the driver writes "sip:" and the registrar there.
std::string registrar_of(const Json& one) {
  const std::string proxy = one.string_or("auth_proxy", "");
  return proxy.starts_with("sip:") ? proxy.substr(4) : proxy;
}

// uac module, "Remote Registration": 1 disabled, 2 ongoing, 4 online, 8 authentication sent, 16 initialised.
std::string_view registration_state(std::int64_t flags) {
  if ((flags & 1) != 0) return "off";
  if ((flags & 4) != 0) return "registered";
  return (flags & 2) != 0 ? "registering" : "not registered";
}

}  // namespace

Json read_destinations(const Json& answer) {
  std::vector<std::string> lines;
  each_destination(answer, [&](std::int64_t set, const Json& destination) {
    lines.push_back(fmt::format("{} {} {} {} {}", set, destination.string_or("URI", ""),
                                state_of(destination) == "disabled" ? "off" : "on",
                                destination.integer_or("PRIORITY", 0), attributes_of(destination)));
  });
  return sorted(std::move(lines));
}

Json describe_destinations(const Json& answer) {
  Json list = Json::Array{};
  each_destination(answer, [&](std::int64_t set, const Json& destination) {
    list.push_back(Json::Object{{"for", role_of(set)},
                                {"uri", destination.string_or("URI", "")},
                                {"state", state_of(destination)},
                                {"set", set}});
  });
  return list;
}

Json read_media(const Json& answer) {
  std::vector<std::string> urls;
  for (const Json& server : elements(answer)) urls.push_back(server.string_or("url", ""));
  return sorted(std::move(urls));
}

Json read_registrations(const Json& answer) {
  std::vector<Json> list;
  for (const Json& one : elements(answer)) {
    list.push_back(hot_registration(one.string_or("l_uuid", ""), registrar_of(one), one.string_or("r_username", ""),
                                    one.string_or("auth_password", "")));
  }
  std::ranges::sort(list, {}, [](const Json& one) { return one.string_or("carrier", ""); });
  return Json(Json::Array(list.begin(), list.end()));
}

Json describe_registrations(const Json& answer) {
  Json list = Json::Array{};
  for (const Json& one : elements(answer)) {
    list.push_back(Json::Object{{"carrier", one.string_or("l_uuid", "")},
                                {"registrar", registrar_of(one)},
                                {"state", registration_state(one.integer_or("flags", 1))}});
  }
  return list;
}

Json describe_listeners(const Json& answer) {
  std::vector<std::string> listeners;
  for (const Json& entry : elements(answer)) {
    const Json* socket = entry.find("socket");
    if (socket == nullptr || socket->object() == nullptr) continue;
    listeners.push_back(fmt::format("{}:{}:{}", socket->string_or("proto", ""), socket->string_or("ipaddress", ""),
                                    socket->string_or("port", "")));
  }
  return sorted(std::move(listeners));
}

Json describe_bus(const Json& answer) {
  Json list = Json::Array{};
  for (const Json& node : elements(answer)) {
    if (node.integer_or("local", 0) != 0) continue;
    list.push_back(
        Json::Object{{"address", node.string_or("resolved_ip", "")}, {"state", node.string_or("status", "unknown")}});
  }
  return list;
}

std::optional<std::int64_t> read_channels(const Json& answer) {
  const Json* all = answer.find("all");
  if (all == nullptr || all->integer() == nullptr) return std::nullopt;
  return *all->integer();
}

Fields read_fields(const Json& settings) {
  Fields fields;
  const auto number = [&](std::string_view name, std::string_view path) {
    const Json* value = settings.find(name);
    if (value != nullptr && value->integer() != nullptr) set_field(fields, path, *value);
  };
  const auto flag = [&](std::string_view name, std::string_view path) {
    const Json* value = settings.find(name);
    if (value != nullptr && value->integer() != nullptr) set_field(fields, path, Json(*value->integer() != 0));
  };
  number("cps", "spec.cps");
  number("channels", "spec.channels");
  flag("ping", "spec.options.uacPing");
  flag("restrict_direct", "spec.options.restrictDirect");
  flag("any_reg", "spec.options.anyReg");
  if (settings.integer_or("cluster_cps", 0) > 0) number("cluster_cps", "cluster.limits.cps");
  if (settings.integer_or("cluster_channels", 0) > 0) number("cluster_channels", "cluster.limits.channels");
  return fields;
}

}  // namespace switchyard::kamailio
