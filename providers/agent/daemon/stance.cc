#include "providers/agent/daemon/stance.h"

#include "providers/agent/daemon/durable_file.h"
#include "specs/base/digest.h"

namespace switchyard {

Result<Stance> Stance::open(const std::string& folder) {
  Stance stance(folder);
  const Result<std::string> salt = read_text(folder + "/salt");
  if (salt) {
    stance.salt_ = *salt;
  } else {
    if (salt.error().code != ErrorCode::kNotFound) return salt.error();
    stance.salt_ = random_hex(16);
    if (auto done = write_durably(folder + "/salt", stance.salt_); !done) return done.error();
  }
  const Result<std::string> text = read_text(folder + "/stance.json");
  if (!text) {
    if (text.error().code != ErrorCode::kNotFound) return text.error();
    return stance;
  }
  const Result<Json> json = parse_json(*text);
  if (!json) return Error{ErrorCode::kUnreadable, "\"" + folder + "/stance.json\" makes no sense"};
  stance.traffic_ = json->boolean_or("drained", false) ? Traffic::kRefused : Traffic::kTaken;
  stance.power_ = json->boolean_or("stopped", false) ? Power::kStopped : Power::kRunning;
  stance.fence_ = json->integer_or("fence", 0);
  if (const Result<Timestamp> until = parse_timestamp(json->string_or("uncountedUntil", ""))) {
    stance.uncounted_until_ = *until;
  }
  return stance;
}

Result<Done> Stance::write(const Stance& next) {
  Json json = Json::Object{{"drained", next.traffic_ == Traffic::kRefused},
                           {"stopped", next.power_ == Power::kStopped},
                           {"fence", next.fence_}};
  if (next.uncounted_until_) json.set("uncountedUntil", to_string(*next.uncounted_until_));
  if (auto done = write_durably(folder_ + "/stance.json", to_string(json)); !done) return done;
  *this = next;
  return Done{};
}

Result<Done> Stance::set(Traffic traffic) {
  if (traffic == traffic_) return Done{};
  Stance next = *this;
  next.traffic_ = traffic;
  return write(next);
}

Result<Done> Stance::set(Power power) {
  if (power == power_) return Done{};
  Stance next = *this;
  next.power_ = power;
  return write(next);
}

Result<Done> Stance::set_uncounted_until(std::optional<Timestamp> until) {
  if (until == uncounted_until_) return Done{};
  Stance next = *this;
  next.uncounted_until_ = until;
  return write(next);
}

Result<Done> Stance::admit(std::int64_t fence) {
  if (fence < fence_) {
    return Error{ErrorCode::kFenced, "fencing number " + std::to_string(fence) + " is older than " +
                                         std::to_string(fence_) +
                                         ", which this agent has seen: another process took over"};
  }
  if (fence == fence_) return Done{};
  Stance next = *this;
  next.fence_ = fence;
  return write(next);
}

}  // namespace switchyard
