#include "providers/sim/faults.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace switchyard {
namespace {

constexpr std::int64_t kMillion = 1'000'000;

constexpr std::array<std::string_view, kFaultKinds> kNames = {
    "refuse",       "delay",       "drop-before-commit", "drop-after-commit", "lag-list",
    "partial-list", "lose-create", "fail-action",        "never-finish",
};

std::string all_names() {
  std::string names;
  for (const std::string_view name : kNames) names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
  return names;
}

Result<Fault> fault_from_json(const Json& entry) {
  const std::string name = entry.string_or("kind", "");
  const std::optional<FaultKind> kind = parse_fault(name);
  if (!kind) {
    return Error{ErrorCode::kInvalid, fmt::format("unknown fault \"{}\"; there are: {}", name, all_names())};
  }
  Fault fault{.kind = *kind};
  if (const Json* rate = entry.find("rate"); rate != nullptr && !rate->is_null()) {
    std::string text;
    if (rate->string() != nullptr) text = *rate->string();
    if (rate->decimal() != nullptr) text = rate->decimal()->text;
    if (rate->integer() != nullptr) text = std::to_string(*rate->integer());
    const Result<std::int64_t> ppm = parse_fault_rate(text);
    if (!ppm) return ppm.error();
    fault.rate_ppm = *ppm;
  }
  if (const Json* times = entry.find("times"); times != nullptr && !times->is_null()) {
    if (times->integer() == nullptr || *times->integer() < 0) {
      return Error{ErrorCode::kInvalid, fmt::format("the times of fault \"{}\" are a whole number from 0 up", name)};
    }
    fault.times = *times->integer();
  }
  return fault;
}

}  // namespace

std::string_view to_string(FaultKind kind) {
  return kNames[static_cast<std::size_t>(kind)];
}

std::optional<FaultKind> parse_fault(std::string_view text) {
  const auto found = std::ranges::find(kNames, text);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<FaultKind>(found - kNames.begin());
}

Result<std::int64_t> parse_fault_rate(std::string_view text) {
  const Error wrong{ErrorCode::kInvalid,
                    fmt::format("\"{}\" is not a rate; write a number between 0 and 1, such as 0.25", text)};
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string_view part = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  const auto digits = [](std::string_view run) {
    return std::ranges::all_of(run, [](char c) { return c >= '0' && c <= '9'; });
  };
  if ((whole.empty() && part.empty()) || !digits(whole) || !digits(part) || whole.size() > 6) return wrong;
  std::int64_t ppm = 0;
  if (!whole.empty()) std::from_chars(whole.data(), whole.data() + whole.size(), ppm);
  ppm *= kMillion;
  part = part.substr(0, 6);
  std::int64_t unit = kMillion;
  for (const char c : part) {
    unit /= 10;
    ppm += (c - '0') * unit;
  }
  if (ppm > kMillion) return wrong;
  return ppm;
}

Result<std::vector<Fault>> faults_from_json(std::string_view text) {
  const Result<Json> json = parse_json(text);
  if (!json) return json.error();
  const Json::Array* entries = json->array();
  if (entries == nullptr) {
    return Error{ErrorCode::kInvalid, R"(faults are a JSON list, such as [{"kind": "delay", "rate": "0.1"}])"};
  }
  std::vector<Fault> faults;
  for (const Json& entry : *entries) {
    Result<Fault> fault = fault_from_json(entry);
    if (!fault) return fault.error();
    faults.push_back(*fault);
  }
  return faults;
}

void FaultBook::set(const Fault& fault) {
  std::optional<Fault>& place = faults_[static_cast<std::size_t>(fault.kind)];
  const bool never = fault.rate_ppm == 0 || (fault.times && *fault.times == 0);
  place = never ? std::nullopt : std::optional(fault);
}

const Fault* FaultBook::find(FaultKind kind) const {
  const std::optional<Fault>& place = faults_[static_cast<std::size_t>(kind)];
  return place ? &*place : nullptr;
}

bool FaultBook::strikes(FaultKind kind) {
  std::optional<Fault>& place = faults_[static_cast<std::size_t>(kind)];
  if (!place) return false;
  if (place->rate_ppm < kMillion && random_.between(1, kMillion) > place->rate_ppm) return false;
  ++fired_[static_cast<std::size_t>(kind)];
  if (place->times && --*place->times == 0) place.reset();
  return true;
}

Json FaultBook::to_json() const {
  Json::Array faults;
  for (const std::optional<Fault>& fault : faults_) {
    if (!fault) continue;
    Json entry;
    entry.set("kind", to_string(fault->kind)).set("ratePpm", fault->rate_ppm);
    if (fault->times) entry.set("times", *fault->times);
    faults.push_back(std::move(entry));
  }
  Json fired = Json::Object{};
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    if (fired_[i] > 0) fired.set(kNames[i], fired_[i]);
  }
  Json json;
  // The generator's 64 bits, as text: JSON's integers are signed here.
  json.set("faults", std::move(faults))
      .set("fired", std::move(fired))
      .set("random", fmt::format("{}", random_.state()));
  return json;
}

Result<FaultBook> FaultBook::from_json(const Json& json) {
  const Error wrong{ErrorCode::kUnreadable, "the faults in the world's file make no sense"};
  const std::string text = json.string_or("random", "");
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc{} || end != text.data() + text.size()) return wrong;
  FaultBook book(seed);
  if (const Json* faults = json.find("faults"); faults != nullptr && faults->array() != nullptr) {
    for (const Json& entry : *faults->array()) {
      const std::optional<FaultKind> kind = parse_fault(entry.string_or("kind", ""));
      if (!kind) return wrong;
      Fault fault{.kind = *kind, .rate_ppm = entry.integer_or("ratePpm", kMillion)};
      if (const Json* times = entry.find("times"); times != nullptr && times->integer() != nullptr) {
        fault.times = *times->integer();
      }
      book.set(fault);
    }
  }
  if (const Json* fired = json.find("fired"); fired != nullptr && fired->object() != nullptr) {
    for (const auto& [name, count] : *fired->object()) {
      const std::optional<FaultKind> kind = parse_fault(name);
      if (!kind || count.integer() == nullptr) return wrong;
      book.fired_[static_cast<std::size_t>(*kind)] = *count.integer();
    }
  }
  return book;
}

}  // namespace switchyard
