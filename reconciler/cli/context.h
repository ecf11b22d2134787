#pragma once

#include <string>
#include <vector>

#include "reconciler/cli/command.h"
#include "reconciler/cli/output.h"
#include "specs/base/error_name.h"
#include "specs/base/json.h"
#include "specs/diagnostic.h"
#include "state/machine_clock.h"

namespace switchyard {

// What every command runs in: made once in main from the global options and the environment.
class Context {
 public:
  // Changes folder (-C), finds the state file, sets up logging. Error: kInvalid (no such folder).
  static Result<Context> from(const Arguments& global, const Command& program);

  // Where the state lies (design 6): absolute. It need not exist.
  const std::string& state_path() const { return state_path_; }
  // Its folder: where embedded worlds lie.
  std::string state_folder() const;
  // Who acts, for the audit trail: SWITCHYARD_ACTOR, or user@host.
  const std::string& actor() const { return actor_; }
  bool json() const { return json_; }
  Duration lock_timeout() const { return lock_timeout_; }
  const Command& program() const { return *program_; }
  Output& out() { return out_; }

  // Writes a result: JSON with "formatVersion" for --json, else the text.
  void result(std::string_view text) { out_.result(text); }
  void result_json(const Json& json);
  // Says something on stderr, one line.
  void say(std::string_view line);
  // Reports a failure on stderr (and as an object on stdout for --json) and gives exit code 1.
  int fail(const Error& error, const Diagnostics& diagnostics = {});
  // Complaints about the specs, on stderr.
  void show(const Diagnostics& diagnostics);

 private:
  Context(Output out, const Command& program) : out_(out), program_(&program) {}

  Output out_;
  const Command* program_;
  std::string state_path_;
  std::string actor_;
  bool json_ = false;
  Duration lock_timeout_{};
};

// The program's version: what the build was told.
std::string_view program_version();

// Complaints as JSON: {"severity", "file", "line", "column", "message", "detail"}.
Json to_json(const Diagnostics& diagnostics);

}  // namespace switchyard
