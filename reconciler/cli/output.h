#pragma once

#include <string>
#include <string_view>

#include "reconciler/render/style.h"

namespace switchyard {

// Standard output and standard error: results and talk. A reader that went away (a closed pipe, a closed terminal) is
// no error: what is written then is dropped, and the work goes on. A result that a disk did not take is one.
class Output {
 public:
  // Colour and live progress only on a terminal, and colour only where NO_COLOR and --no-color do not forbid it.
  explicit Output(Colour wanted);

  void result(std::string_view text);
  void talk(std::string_view text);

  Colour result_colour() const { return result_colour_; }
  Colour talk_colour() const { return talk_colour_; }
  bool talk_is_terminal() const { return talk_is_terminal_; }
  // Columns of the terminal that talk goes to; 80 where that is unknown.
  int talk_width() const;
  // Why a part of the result is lost, in the system's words; empty: nothing is.
  std::string lost() const;

 private:
  bool talk_is_terminal_;
  bool result_is_terminal_;  // at the start: one that is gone is told from a disk by that
  Colour result_colour_;
  Colour talk_colour_;
  int result_failure_ = 0;  // errno
};

// Whether a person can answer a question: standard input is a terminal.
bool input_is_terminal();

}  // namespace switchyard
