#include <algorithm>

#include "providers/agent/daemon/control.h"
#include "specs/base/digest.h"

// What the daemon says of its server: only what it saw.
namespace switchyard {
namespace {

Json dated(Json value, Timestamp at) {
  return Json::Object{{"value", std::move(value)}, {"at", to_string(at)}};
}

}  // namespace

// After a start that nobody planned, a SIP process knows nothing of calls that go on: its count is too low until the
// last of those has ended.
std::optional<std::string> Control::why_unknown() const {
  if (!running_) {
    if (stance_->power() == Power::kStopped || !good_) return std::nullopt;
    return "the process does not run";
  }
  if (!reading_) return "the process does not answer";
  const auto until = stance_->uncounted_until();
  if (until && clock_.now() < *until) {
    return "calls from before its start at " + to_string(running_->since) + " may go on until " + to_string(*until);
  }
  return std::nullopt;
}

Json Control::details() const {
  const Timestamp now = clock_.now();
  Json details{Json::Object{}};
  if (running_) {
    const Json process = Json::Object{{"pid", std::int64_t{running_->pid}},
                                      {"since", to_string(running_->since)},
                                      {"generation", running_->note.integer_or("generation", 0)}};
    details.set("process", dated(process, now));
  } else {
    details.set("process", dated(stance_->power() == Power::kStopped ? "stopped" : "does not run", now));
  }
  if (const auto why = why_unknown()) details.set("channels", dated("unknown: " + *why, now));
  if (reading_) {
    details.set("uptime", dated(reading_->uptime ? Json(to_string(Duration(*reading_->uptime))) : Json(), read_when_));
    if (!reading_->version.empty()) details.set("version", dated(reading_->version, read_when_));
    if (const Json::Object* members = reading_->details.object()) {
      for (const auto& [name, value] : *members) details.set(name, dated(value, read_when_));
    }
    Json::Array differing;
    for (const std::string& name : differences()) differing.emplace_back(name);
    if (!differing.empty()) details.set("otherwise", dated(std::move(differing), read_when_));
  }
  if (!icmp_trouble_.empty()) details.set("icmp", dated(icmp_trouble_, probed_when_));
  if (running_ && !sip_latency_us_ && probed_when_ != Timestamp()) details.set("sip", dated("no answer", probed_when_));
  if (trouble_) details.set("trouble", dated(trouble_->text, trouble_->at));
  return details;
}

AgentReport Control::report() {
  running_ = processes_.running();
  if (!running_) reading_.reset();
  if (running_ && (!reading_ || clock_.running() - read_at_ >= times_.fresh)) read_now();
  if (!next_release_) {
    next_release_ = clock_.running() + times_.release;
    if (const auto installed = driver_.installed()) installed_ = *installed;
  }
  Fields fields = good_ ? good_->wanted.fields : Fields();
  if (reading_ && good_) {
    // What the process itself says of a field goes before what it was told.
    for (const Field& field : reading_->fields) {
      if (find_field(fields, field.path) != nullptr) set_field(fields, field.path, field.value);
    }
  }
  AgentReport report{.at = clock_.now(),
                     .applied = to_string(to_json(fields)),
                     .applied_digest = digest_of(fields),
                     .peers = good_ ? good_->wanted.peers : std::vector<Peer>(),
                     .channels = std::nullopt,
                     .cps = reading_ ? reading_->cps : std::nullopt,
                     .drained = stance_->traffic() == Traffic::kRefused,
                     .booted = std::nullopt,
                     .release = {},
                     .pending_release = {},
                     .sip_latency_us = running_ ? sip_latency_us_ : std::nullopt,
                     .icmp_latency_us = icmp_latency_us_,
                     .salt = stance_->salt(),
                     .fingerprints = {}};
  if (!why_unknown()) report.channels = reading_ ? reading_->channels : std::optional<std::int64_t>(0);
  if (!running_ && report.channels) report.cps = 0;
  if (reading_ && reading_->drained) report.drained = *reading_->drained;
  if (running_) {
    report.booted = running_->since;
    report.release = running_->note.string_or("release", "");
    const bool newer = !installed_.empty() && installed_ != report.release;
    const bool rendered_anew = current_ && running_->note.string_or("restartKey", "") != current_->rendered.restart_key;
    if (newer) report.pending_release = installed_;
    if (!newer && rendered_anew) report.pending_release = report.release + ", configured as this agent does";
  } else {
    report.release = installed_;
  }
  if (good_) {
    for (const auto& [path, secret] : good_->wanted.secrets) {
      report.fingerprints.emplace_back(path, hmac_sha256_hex(stance_->salt(), secret));
    }
    std::ranges::sort(report.fingerprints);
  }
  report.details = to_string(details());
  return report;
}

}  // namespace switchyard
