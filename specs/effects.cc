#include "specs/effects.h"

#include <array>
#include <string>

#include "specs/kinds/schema.h"
#include "specs/kinds/tables.h"

namespace switchyard {
namespace {

constexpr std::int64_t kSoundChannels = 1000;

// Where a server's field is declared: its own tables, or those of what it takes from others.
const FieldRow* row_of(std::string_view path) {
  const auto find = [](Kind kind, const std::string& in_spec) -> const FieldRow* {
    const KindSchema& schema = schema_of(kind);
    // A label's name may hold dots: metadata.labels is one field.
    const FieldId id = in_spec.starts_with("metadata.labels.") ? schema.id("metadata.labels") : schema.id(in_spec);
    return id == kNoField ? nullptr : schema.fields[id].row;
  };
  const auto below = [&](std::string_view prefix, Kind kind) -> const FieldRow* {
    const std::size_t dot = path.find('.', prefix.size());
    return dot == std::string_view::npos ? nullptr : find(kind, "spec" + std::string(path.substr(dot)));
  };
  if (path.starts_with("cluster.")) return find(Kind::kCluster, "spec" + std::string(path.substr(7)));
  if (path.starts_with("carriers.")) return below("carriers.", Kind::kCarrier);
  if (path.starts_with("certificates.")) return below("certificates.", Kind::kCertificate);
  for (const Kind kind : {Kind::kServer, Kind::kRtpServer, Kind::kZone, Kind::kCluster, Kind::kCarrier,
                          Kind::kCertificate, Kind::kAccount, Kind::kServerSet}) {
    if (const FieldRow* row = find(kind, std::string(path))) return row;
  }
  return nullptr;
}

bool is_set(const Json& value) {
  return !value.is_null() && (value.array() == nullptr || !value.array()->empty());
}

}  // namespace

Effect effect_of_change(std::string_view path, const Json& before, const Json& after) {
  // How many a cluster's limits are divided by where its members cannot count together: a limit, like those.
  if (path == "cluster.members") return Effect::kLive;
  const FieldRow* row = row_of(path);
  if (row == nullptr) return Effect::kRestart;
  switch (row->effect) {
    case EffectRule::kLive:
      return Effect::kLive;
    case EffectRule::kRestart:
      return Effect::kRestart;
    case EffectRule::kReboot:
      return Effect::kReboot;
    case EffectRule::kReplace:
      return Effect::kReplace;
    case EffectRule::kChannels: {
      const auto many = [](const Json& value) {
        return value.integer() != nullptr && *value.integer() > kSoundChannels;
      };
      return many(before) || many(after) ? Effect::kReboot : Effect::kLive;
    }
    case EffectRule::kTlsMaterial:
      return is_set(before) && is_set(after) ? Effect::kLive : Effect::kRestart;
    case EffectRule::kTrace:
      return is_set(before) && is_set(after) ? Effect::kRestart : Effect::kLive;
  }
  return Effect::kRestart;
}

}  // namespace switchyard
