#pragma once

#include <map>
#include <string>
#include <utility>

#include "reconciler/engine/runner.h"
#include "reconciler/record/record_reader.h"
#include "reconciler/record/replay.h"

namespace switchyard {

// Answers from a record, and compares what the engine does with what it did then. From the first difference on it asks
// the engine to stop.
class ReplayRunner : public Runner {
 public:
  ReplayRunner(RecordReader& reader, ReplayReport& report, const std::function<void(const ReplayStep&)>& on_step,
               Timestamp now, std::map<std::string, std::string> absolute);

  Timestamp now() override { return now_; }
  void start(CallId id, Call call) override;
  std::vector<Completion> wait(Timestamp due) override;
  int stops() override { return over() ? 2 : stops_; }
  Result<std::vector<Override>> overrides(Store& store) override;
  // A secret is what it is called; only its fingerprints are compared.
  Result<std::string> secret(const SecretRef& ref) override { return name_of(ref); }
  std::string fingerprint(const SecretRef& ref, std::string_view salt, std::string_view secret) override;
  std::string absolute(const std::string& file) override;
  bool keeps_notes() const override { return true; }
  void note(std::string_view what, const Json& said) override;

  // Nothing more can be replayed: a difference, or the end of the record.
  bool over() const { return report_.parting.has_value() || ended_; }
  // A difference between what is recorded on the next line and what the engine does.
  void part(const std::string& now_does);
  // A time at which nobody called, between two things that the engine was asked for.
  void pass();

 private:
  bool at_end();
  void step(std::int64_t line, std::string text);

  RecordReader& reader_;
  ReplayReport& report_;
  const std::function<void(const ReplayStep&)>& on_step_;
  Timestamp now_;
  std::map<std::string, std::string> absolute_;  // shown name of a file -> its absolute one
  std::map<CallId, Call> calls_;
  std::vector<Override> overrides_;
  std::map<std::pair<std::string, std::string>, std::string> fingerprints_;  // (secret's name, salt)
  int stops_ = 0;
  bool ended_ = false;
};

}  // namespace switchyard
