#pragma once

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reconciler/engine/engine.h"

namespace switchyard {

// Writes down what an engine saw and decided, so that `switchyard replay` can have it decide again: the specs' files,
// the state it began with, and then in order every call, answer, time, override and plan. JSON lines (README.md). No
// secret is in it: calls name secrets, and fingerprints are numbered.
class Recorder {
 public:
  // Makes the file, 0600, never over an existing one. Errors: kInvalid (it is there), kStorage.
  static Result<std::unique_ptr<Recorder>> create(const std::string& path, std::string_view program_version);
  ~Recorder();

  // The files that the next engine's fleet is decoded from, and when; before they are decoded.
  void remember(const SpecSource& source, Timestamp decoded_at);
  // Begins a part of the record: an engine with these options starts from what the store holds now.
  Result<Done> begin(Store& store, const EngineOptions& options, Timestamp now);
  // The runner to give that engine: passes everything on to `inner`, and writes it down.
  std::unique_ptr<Runner> listen_to(std::unique_ptr<Runner> inner);

  // Whether everything could be written so far. A record that cannot be written stops nothing.
  Result<Done> state() const;

 private:
  class Tap;
  struct File;
  explicit Recorder(std::unique_ptr<File> file);
  void write(const Json& line);
  std::string numbered(const std::string& fingerprint);
  void number(ObservedServer& server);
  void number(AgentReport& report);
  Result<std::string> snapshot(Store& store);

  std::unique_ptr<File> file_;
  Json files_;
  std::vector<std::string> scope_;
  Timestamp decoded_at_{};
  std::map<std::string, std::string> numbers_;  // fingerprint -> "fingerprint 3"
};

}  // namespace switchyard
