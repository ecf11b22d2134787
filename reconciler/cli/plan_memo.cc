#include "reconciler/cli/plan_memo.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <set>
#include <utility>
#include <vector>

#include "specs/base/digest.h"

namespace switchyard {
namespace {

// Changes when a file is written, replaced or removed. An empty one says what none says: SQLite's log comes and goes
// with whoever looks.
std::string stamp_of(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0 || found.st_size == 0) return "none";
  return fmt::format("{}.{}.{}.{}", found.st_ino, found.st_size, found.st_mtim.tv_sec, found.st_mtim.tv_nsec);
}

using Places = std::set<std::pair<bool, std::string>>;  // is it a variable, and where

Places secret_places(const LoadedSpecs& specs) {
  Places places;
  const auto add = [&places](const SecretRef& ref) {
    places.emplace(ref.from == SecretRef::From::kEnvironment, ref.place);
  };
  for (const auto& account : specs.fleet.accounts) {
    if (account.token) add(*account.token);
  }
  if (specs.fleet.field_source != nullptr) {
    for (std::size_t i = 0; i < specs.fleet.servers.size(); ++i) {
      for (const auto& secret : specs.fleet.field_source->secrets(i)) add(secret.ref);
    }
  }
  return places;
}

// One fingerprint for all secrets as they read now; nothing when one cannot be read.
std::optional<std::string> fingerprint_of(const Places& places, std::string_view salt) {
  std::string all;
  for (const auto& [variable, place] : places) {
    const auto secret =
        read_secret({.from = variable ? SecretRef::From::kEnvironment : SecretRef::From::kFile, .place = place});
    if (!secret) return std::nullopt;
    all += fmt::format("{}:{}\n", secret->size(), *secret);
  }
  return hmac_sha256_hex(salt, all);
}

Json to_json(const Places& places) {
  Json::Array array;
  for (const auto& [variable, place] : places) array.push_back(Json::Object{{"variable", variable}, {"place", place}});
  return array;
}

Places places_from_json(const Json* json) {
  Places places;
  if (json == nullptr || json->array() == nullptr) return places;
  for (const auto& item : *json->array())
    places.emplace(item.boolean_or("variable", false), item.string_or("place", ""));
  return places;
}

Json exact(const Diagnostics& diagnostics) {
  Json::Array array;
  for (const auto& found : diagnostics) {
    array.push_back(Json::Object{{"file", found.file},
                                 {"line", static_cast<std::int64_t>(found.line)},
                                 {"column", static_cast<std::int64_t>(found.column)},
                                 {"width", static_cast<std::int64_t>(found.width)},
                                 {"message", found.message},
                                 {"detail", found.detail},
                                 {"text", found.text}});
  }
  return array;
}

Diagnostics warnings_from_json(const Json* json) {
  Diagnostics warnings;
  if (json == nullptr || json->array() == nullptr) return warnings;
  for (const auto& item : *json->array()) {
    warnings.push_back({.severity = Severity::kWarning,
                        .file = item.string_or("file", ""),
                        .line = static_cast<int>(item.integer_or("line", 1)),
                        .column = static_cast<int>(item.integer_or("column", 1)),
                        .width = static_cast<int>(item.integer_or("width", 1)),
                        .message = item.string_or("message", ""),
                        .detail = item.string_or("detail", ""),
                        .text = item.string_or("text", "")});
  }
  return warnings;
}

bool has_certificates(const DesiredFleet& fleet) {
  for (const auto& [key, source] : fleet.documents) {
    if (key.kind == Kind::kCertificate) return true;
  }
  return false;
}

}  // namespace

PlanMemo::PlanMemo(CacheFile& cache, const Context& context, const SpecSource& source, std::int64_t generation,
                   const Json& options)
    : cache_(cache), folder_(context.state_folder()) {
  // Scope decides what may be removed; the hash knows files only.
  std::string scope;
  for (const auto& path : source.scope) scope += path + "\n";
  key_ = "plan-" + fast_hash_hex(fmt::format("{}\n{}\n{}\n{}\n{}", source.hash, scope, generation, to_string(options),
                                             program_version()));
}

std::string PlanMemo::worlds_stamp(const Json& accounts) const {
  std::string stamp;
  if (accounts.array() == nullptr) return stamp;
  for (const auto& account : *accounts.array()) {
    const auto file = fmt::format("{}/sim-{}.db", folder_, account.string() == nullptr ? "" : *account.string());
    stamp += fmt::format("{} {} {}\n", file, stamp_of(file), stamp_of(file + "-wal"));
  }
  return stamp;
}

std::optional<PlanMemo::Remembered> PlanMemo::recall() {
  const auto text = cache_.get(key_);
  if (!text) return std::nullopt;
  const auto json = parse_json(*text);
  if (!json) return std::nullopt;
  const auto* view_json = json->find("view");
  const auto now = parse_timestamp(json->string_or("now", ""));
  const auto* accounts = json->find("embedded");
  if (view_json == nullptr || !now || accounts == nullptr) return std::nullopt;

  const bool embedded = !accounts->is_null();
  if (embedded && worlds_stamp(*accounts) != json->string_or("worlds", "")) return std::nullopt;
  // An embedded world stands still between commands: it is as late as it was.
  const auto today = embedded ? *now : machine_now();
  if (const auto until = parse_timestamp(json->string_or("validUntil", "")); until && today >= *until)
    return std::nullopt;
  if (today < *now) return std::nullopt;  // the clock was set back
  const auto places = places_from_json(json->find("secrets"));
  if (fingerprint_of(places, json->string_or("salt", "")) != json->string_or("fingerprint", "")) return std::nullopt;

  auto view = plan_view_from_json(*view_json);
  if (!view) return std::nullopt;
  return Remembered{.view = *std::move(view), .now = today, .warnings = warnings_from_json(json->find("warnings"))};
}

void PlanMemo::remember(const Remembered& plan, const LoadedSpecs& specs, bool embedded) {
  if (has_certificates(specs.fleet)) return;
  const auto places = secret_places(specs);
  const auto salt = random_hex(16);
  const auto fingerprint = fingerprint_of(places, salt);
  if (!fingerprint) return;
  Json accounts;
  if (embedded) {
    Json::Array names;
    for (const auto& account : specs.fleet.accounts) names.push_back(account.name);
    accounts = std::move(names);
  }
  Json json = Json::Object{{"view", to_json(plan.view)},
                           {"now", to_string(plan.now)},
                           {"warnings", exact(plan.warnings)},
                           {"secrets", to_json(places)},
                           {"salt", salt},
                           {"fingerprint", *fingerprint},
                           {"worlds", worlds_stamp(accounts)},
                           {"embedded", accounts}};
  if (plan.view.plan.valid_until) json.set("validUntil", to_string(*plan.view.plan.valid_until));
  cache_.put(key_, to_string(json));
  cache_.flush();
}

}  // namespace switchyard
