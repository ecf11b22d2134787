#include "reconciler/render/plan_view.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace switchyard {
namespace {

Place place_of_observed(const Key& key, const ObservedServer& server) {
  Place place{.resource = key, .zone = {}, .cluster = {}};
  if (!server.agent) return place;
  const auto applied = parse_json(server.agent->applied);
  if (!applied) return place;
  place.zone = applied->string_or("spec.zone", "");
  place.cluster = applied->string_or("spec.cluster", "");
  return place;
}

std::vector<Key> resources_of(const Plan& plan) {
  std::vector<Key> keys;
  for (const auto& change : plan.changes) keys.push_back(change.resource);
  for (const auto& hold : plan.holds) keys.push_back(hold.resource);
  std::ranges::sort(keys);
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

std::vector<Place> places_of(const Plan& plan, const DesiredFleet& desired, std::span<const ObservedAccount> observed) {
  std::vector<Place> places;
  std::vector<Key> undeclared;
  for (const auto& key : resources_of(plan)) {
    if (const auto* server = desired.server(key)) {
      places.push_back({.resource = key, .zone = server->zone, .cluster = server->cluster.value_or("")});
    } else if (key.kind == Kind::kCluster) {
      places.push_back({.resource = key, .zone = {}, .cluster = key.name});
    } else {
      undeclared.push_back(key);
    }
  }
  if (!undeclared.empty()) {
    std::map<Key, Place> found;
    for (const auto& account : observed) {
      for (const auto& server : account.servers) {
        if (!server.mark || !std::ranges::binary_search(undeclared, server.mark->key)) continue;
        found.insert_or_assign(server.mark->key, place_of_observed(server.mark->key, server));
      }
    }
    for (const auto& key : undeclared) {
      const auto at = found.find(key);
      places.push_back(at == found.end() ? Place{.resource = key, .zone = {}, .cluster = {}} : at->second);
    }
  }
  std::ranges::sort(places, {}, &Place::resource);
  return places;
}

Json to_json(const Source& source) {
  return Json::Object{{"file", source.file}, {"line", static_cast<std::int64_t>(source.line)}};
}

Source source_from_json(const Json& json) {
  return {.file = json.string_or("file", ""), .line = static_cast<int>(json.integer_or("line", 0))};
}

auto field_order(const FieldPlace& field) {
  return std::tuple<const Key&, std::string_view>(field.resource, field.path);
}

Error unreadable() {
  return {ErrorCode::kUnreadable, "a remembered plan makes no sense"};
}

}  // namespace

const Place* PlanView::place(const Key& resource) const {
  const auto at = std::ranges::lower_bound(places, resource, {}, &Place::resource);
  return at != places.end() && at->resource == resource ? &*at : nullptr;
}

const Source* PlanView::field(const Key& resource, std::string_view path) const {
  const std::tuple<const Key&, std::string_view> wanted(resource, path);
  const auto at =
      std::lower_bound(fields.begin(), fields.end(), wanted,
                       [](const FieldPlace& field, const auto& sought) { return field_order(field) < sought; });
  return at != fields.end() && at->resource == resource && at->path == path ? &at->source : nullptr;
}

PlanView view_of(Plan plan, const DesiredFleet& desired, std::span<const ObservedAccount> observed,
                 const FieldLookup& lookup, std::size_t most) {
  PlanView view{.plan = std::move(plan), .places = {}, .fields = {}};
  view.places = places_of(view.plan, desired, observed);
  std::size_t asked = 0;
  const auto look_up = [&](const Key& resource, const std::vector<FieldChange>& fields) {
    for (const auto& field : fields) {
      if (asked == most) return;
      ++asked;
      if (auto source = lookup(resource, field.path)) {
        view.fields.push_back({.resource = resource, .path = field.path, .source = *std::move(source)});
      }
    }
  };
  for (const auto& change : view.plan.changes) {
    if (change.action != Action::kCreate) look_up(change.resource, change.fields);
  }
  for (const auto& hold : view.plan.holds) {
    if (hold.action != Action::kCreate) look_up(hold.resource, hold.fields);
  }
  std::ranges::sort(view.fields, [](const auto& a, const auto& b) { return field_order(a) < field_order(b); });
  return view;
}

Json to_json(const PlanView& view) {
  Json::Array places;
  for (const auto& place : view.places) {
    places.push_back(Json::Array{to_string(place.resource), place.zone, place.cluster});
  }
  Json::Array fields;
  for (const auto& field : view.fields) {
    fields.push_back(
        Json::Object{{"resource", to_string(field.resource)}, {"path", field.path}, {"source", to_json(field.source)}});
  }
  return Json::Object{{"plan", to_json(view.plan)}, {"places", std::move(places)}, {"fields", std::move(fields)}};
}

Result<PlanView> plan_view_from_json(const Json& json) {
  const auto* plan_json = json.find("plan");
  if (plan_json == nullptr) return unreadable();
  auto plan = plan_from_json(*plan_json);
  if (!plan) return plan.error();
  PlanView view{.plan = *std::move(plan), .places = {}, .fields = {}};

  const auto* places = json.find("places");
  const auto* fields = json.find("fields");
  if (places == nullptr || places->array() == nullptr || fields == nullptr || fields->array() == nullptr) {
    return unreadable();
  }
  for (const auto& place : *places->array()) {
    const auto* parts = place.array();
    if (parts == nullptr || parts->size() != 3) return unreadable();
    const auto* resource = parts->at(0).string();
    const auto* zone = parts->at(1).string();
    const auto* cluster = parts->at(2).string();
    if (resource == nullptr || zone == nullptr || cluster == nullptr) return unreadable();
    const auto key = parse_key(*resource);
    if (!key) return unreadable();
    view.places.push_back({.resource = *key, .zone = *zone, .cluster = *cluster});
  }
  for (const auto& field : *fields->array()) {
    const auto key = parse_key(field.string_or("resource", ""));
    const auto* source = field.find("source");
    if (!key || source == nullptr) return unreadable();
    view.fields.push_back({.resource = *key, .path = field.string_or("path", ""), .source = source_from_json(*source)});
  }
  return view;
}

}  // namespace switchyard
