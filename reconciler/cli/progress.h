#pragma once

#include <map>
#include <optional>
#include <string>

#include "reconciler/cli/output.h"
#include "reconciler/engine/engine.h"

namespace switchyard {

// Turns what the engine reports into text for people: plain lines, or on a terminal a last line that is redrawn in
// place (what runs, N of M, time left) below the lines of what has ended. Pure.
class ProgressText {
 public:
  enum class Mode { kLines, kLive };
  ProgressText(Mode mode, Colour colour) : mode_(mode), colour_(colour) {}

  // What to write now. `width`: columns of the terminal, so that the live line never wraps.
  std::string take(const Progress& progress, int width);
  // Takes the live line away.
  std::string finish();

 private:
  std::string take_account(const Progress& progress, int width);
  std::string line_of(const Progress& progress) const;
  std::string live_line(int width) const;

  Mode mode_;
  Colour colour_;
  std::map<int, Progress> running_;   // by change id
  std::map<Key, Progress> waiting_;   // accounts that keep their changes waiting
  std::map<Key, Timestamp> told_at_;  // when a line last said so
  std::optional<Timestamp> started_;
  Timestamp last_{};
  int ended_ = 0;
  int total_ = 0;
  bool drawn_ = false;
};

}  // namespace switchyard
