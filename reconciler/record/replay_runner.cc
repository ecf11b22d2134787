#include "reconciler/record/replay_runner.h"

#include "reconciler/core/plan.h"

namespace switchyard {
namespace {

// What a line of a record is, for people.
std::string text_of(const Json& line) {
  if (const Json* sent = line.find("sent")) {
    return "call " + std::to_string(line.integer_or("call", 0)) + ": " + sent->string_or("method", "") + " " +
           sent->string_or("path", "") + " of account \"" + sent->string_or("account", "") + "\"";
  }
  if (line.find("wait") != nullptr) return "waited";
  if (const Json* asked = line.find("asked")) return "asked: " + asked->string_or("what", "");
  if (const Json* plan = line.find("decided")) {
    const auto count = [&](std::string_view name) {
      const Json* list = plan->find(name);
      return std::to_string(list == nullptr || list->array() == nullptr ? 0 : list->array()->size());
    };
    return "decided: " + count("changes") + " changes, " + count("holds") + " holds";
  }
  if (line.find("overrides") != nullptr) return "asked what people said";
  if (line.find("fingerprint") != nullptr) return "compared the secret " + line.string_or("of", "");
  return "began";
}

}  // namespace

ReplayRunner::ReplayRunner(RecordReader& reader, ReplayReport& report,
                           const std::function<void(const ReplayStep&)>& on_step, Timestamp now,
                           std::map<std::string, std::string> absolute)
    : reader_(reader), report_(report), on_step_(on_step), now_(now), absolute_(std::move(absolute)) {}

bool ReplayRunner::at_end() {
  if (over()) return true;
  if (reader_.peek() == nullptr) ended_ = true;
  return ended_;
}

void ReplayRunner::step(std::int64_t line, std::string text) {
  ++report_.steps;
  if (on_step_) on_step_(ReplayStep{.line = line, .at = now_, .text = std::move(text)});
}

void ReplayRunner::part(const std::string& now_does) {
  if (report_.parting) return;
  const Json* next = reader_.peek();
  report_.parting = ReplayReport::Parting{
      .line = reader_.line(),
      .text = "recorded: " + (next == nullptr ? "nothing more" : text_of(*next)) + "; now: " + now_does,
      .difference = {}};
}

void ReplayRunner::start(CallId id, Call call) {
  if (at_end()) return;
  const Json now_sent = Json::Object{{"call", id}, {"sent", recorded(call)}};
  const std::int64_t line = reader_.line();
  if (reader_.peek()->find("sent") == nullptr) {
    part(text_of(now_sent));
    return;
  }
  if (auto found = first_difference(*reader_.peek(), now_sent)) {
    part(text_of(now_sent));
    report_.parting->difference = std::move(found);
    return;
  }
  ++report_.calls;
  calls_.insert_or_assign(id, std::move(call));
  step(line, text_of(reader_.take()));
}

std::vector<Completion> ReplayRunner::wait(Timestamp) {
  std::vector<Completion> ended;
  if (at_end()) return ended;
  const std::int64_t line = reader_.line();
  if (reader_.peek()->find("wait") == nullptr) {
    part("waited");
    return ended;
  }
  const Json taken = reader_.take();
  if (const Result<Timestamp> at = parse_timestamp(taken.string_or("wait", "")); at.ok()) now_ = *at;
  stops_ = static_cast<int>(taken.integer_or("stops", 0));
  const Json* list = taken.find("ended");
  std::string said;
  if (list != nullptr && list->array() != nullptr) {
    for (const Json& one : *list->array()) {
      const CallId id = one.integer_or("call", 0);
      const auto call = calls_.find(id);
      if (call == calls_.end()) continue;
      Result<Result<Answer>> answer = answer_from_record(call->second, one);
      ended.push_back(Completion{id, answer.ok() ? *std::move(answer) : Result<Answer>(answer.error())});
      const Json* error = one.find("error");
      said += " call " + std::to_string(id) + (error == nullptr ? "" : " (" + error->string_or("code", "") + ")");
      calls_.erase(call);
    }
  }
  step(line, said.empty() ? "waited" : "ended:" + said);
  return ended;
}

void ReplayRunner::pass() {
  (void)wait({});
}

Result<std::vector<Override>> ReplayRunner::overrides(Store&) {
  if (at_end()) return overrides_;
  const Json* list = reader_.peek()->find("overrides");
  if (list == nullptr || list->array() == nullptr) return overrides_;  // the same as before
  overrides_.clear();
  for (const Json& one : *list->array()) {
    Result<Override> said = override_from_json(one);
    if (!said.ok()) return said.error();
    overrides_.push_back(*std::move(said));
  }
  step(reader_.line(), text_of(*reader_.peek()));
  reader_.take();
  return overrides_;
}

std::string ReplayRunner::fingerprint(const SecretRef& ref, std::string_view salt, std::string_view secret) {
  const auto key = std::pair(name_of(ref), std::string(salt));
  if (const auto known = fingerprints_.find(key); known != fingerprints_.end()) return known->second;
  if (!at_end()) {
    const Json& next = *reader_.peek();
    if (next.find("fingerprint") != nullptr && next.string_or("of", "") == key.first &&
        next.string_or("salt", "") == key.second) {
      return fingerprints_.emplace(key, reader_.take().string_or("fingerprint", "")).first->second;
    }
    part("compares the secret " + key.first);
  }
  return std::string(secret);
}

std::string ReplayRunner::absolute(const std::string& file) {
  const auto known = absolute_.find(file);
  return known == absolute_.end() ? file : known->second;
}

void ReplayRunner::note(std::string_view what, const Json& said) {
  if (at_end()) return;
  const std::int64_t line = reader_.line();
  const Json now_said = Json::Object{{std::string(what), said}};
  const Json* recorded_said = reader_.peek()->find(what);
  if (recorded_said == nullptr) {
    part(text_of(now_said));
    return;
  }
  Json now_asked = said;
  if (what == "asked") {
    if (const Result<Timestamp> at = parse_timestamp(recorded_said->string_or("at", "")); at.ok()) now_ = *at;
    now_asked.set("at", to_string(now_));
  }
  if (auto found = first_difference(*recorded_said, now_asked)) {
    part(text_of(now_said));
    report_.parting->difference = std::move(found);
    return;
  }
  if (what == "decided") ++report_.plans;
  step(line, text_of(reader_.take()));
}

}  // namespace switchyard
